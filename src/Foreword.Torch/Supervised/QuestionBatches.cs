using Foreword.Data.Questions;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;

namespace Foreword.Torch.Supervised;

/// <summary>Draws questions of several tasks. The questions of a micro-batch are packed in rows.</summary>
/// <param name="model">The model, which may be unable to tell several sequences in a row apart.</param>
/// <param name="data">The questions.</param>
/// <param name="config">The number of questions of a batch, and the length of rows.</param>
internal sealed class QuestionBatches(LanguageModule model, QuestionData data, SupervisedConfig config) : ISupervisedBatches
{
    private readonly int _drawsOfStep = config.BatchSize * config.GradientAccumulation;
    private readonly MixSampler _sampler = data.Sampler(config.BatchSize * config.GradientAccumulation);

    /// <inheritdoc/>
    public int StepsPerEpoch => (data.Train.Count + _drawsOfStep - 1) / _drawsOfStep;

    /// <inheritdoc/>
    public long Tokens => data.Train.Sum(example => (long)example.Length);

    /// <inheritdoc/>
    public SupervisedBatch[] After(int stepsMade)
    {
        long first = (long)stepsMade * _drawsOfStep;
        return [.. Enumerable.Range(0, _drawsOfStep).Select(i => Draw(first + i)).Chunk(config.BatchSize).Select(examples =>
            new SupervisedBatch(examples, SupervisedBatch.Rows(model, examples, config.SequenceLength, null)))];
    }

    /// <inheritdoc/>
    public string Describe(int stepsMade) => $"the questions {(long)stepsMade * _drawsOfStep + 1} to {(stepsMade + 1L) * _drawsOfStep} of the mix";

    private SupervisedExample Draw(long draw)
    {
        (int task, int question) = _sampler.At(draw);
        return data.Example(task, question, draw);
    }
}
