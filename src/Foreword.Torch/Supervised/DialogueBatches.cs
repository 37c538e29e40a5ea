using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;

namespace Foreword.Torch.Supervised;

/// <summary>Takes each example once in an epoch. Examples are packed in rows once, and each epoch has another order of the rows.</summary>
internal sealed class DialogueBatches : ISupervisedBatches
{
    private readonly IReadOnlyList<SupervisedExample> _examples;
    private readonly int[][] _rows;
    private readonly EpochBatches _batches;

    /// <summary>Packs examples.</summary>
    /// <param name="model">The model, which may be unable to tell several sequences in a row apart.</param>
    /// <param name="examples">The examples, none longer than the context.</param>
    /// <param name="config">The length of rows, their number in a batch, and the seed.</param>
    public DialogueBatches(LanguageModule model, IReadOnlyList<SupervisedExample> examples, SupervisedConfig config)
    {
        _examples = examples;
        _rows = SupervisedBatch.Rows(model, examples, config.SequenceLength, config.Seed);
        _batches = new EpochBatches(_rows.Length, config);
    }

    /// <inheritdoc/>
    public int StepsPerEpoch => _batches.StepsPerEpoch;

    /// <inheritdoc/>
    public long Tokens => _examples.Sum(example => (long)example.Length);

    /// <inheritdoc/>
    public SupervisedBatch[] After(int stepsMade) => [.. _batches.After(stepsMade).Select(rows => new SupervisedBatch(_examples, [.. rows.Select(row => _rows[row])]))];

    /// <inheritdoc/>
    public string Describe(int stepsMade) => $"{_batches.After(stepsMade).Sum(rows => rows.Length)} rows of epoch {stepsMade / StepsPerEpoch + 1}";
}
