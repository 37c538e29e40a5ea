using Foreword.Data.Supervised;
using static TorchSharp.torch;

namespace Foreword.Torch.Supervised;

// B rows, T tokens of the longest row.

/// <summary>Holds examples in rows. Those of one row do not see each other.</summary>
internal sealed class SupervisedBatch
{
    private readonly long[] _ids, _next; // [B T]: the input, and the token after it
    private readonly bool[] _counts, _isAnswer; // [B T]: whether the prediction of the next token counts, and whether that token belongs to an answer
    private readonly int[] _example; // [B T]: the index of the example
    private readonly int _rows, _length;

    /// <summary>Packs examples in rows, or gives each one a row if the model cannot tell several sequences in a row apart.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">The examples, none longer than a row.</param>
    /// <param name="length">The length of a row; 0 for the model's context length.</param>
    /// <param name="seed">Determines the order; null for the given order.</param>
    /// <returns>The indices of the examples of each row.</returns>
    public static int[][] Rows(LanguageModule model, IReadOnlyList<SupervisedExample> examples, int length, long? seed) => model.SupportsPacking
        ? PackedRows.Create([.. examples.Select(example => example.Length)], length == 0 ? model.Config.ContextLength : length, seed)
        : [.. Enumerable.Range(0, examples.Count).Select(i => (int[])[i])];

    /// <summary>Creates a batch.</summary>
    /// <param name="examples">All examples.</param>
    /// <param name="rows">The indices of the examples of each row.</param>
    public SupervisedBatch(IReadOnlyList<SupervisedExample> examples, IReadOnlyList<int[]> rows)
    {
        _rows = rows.Count;
        _length = rows.Max(row => row.Sum(index => examples[index].Length));
        (_ids, _next) = (new long[_rows * _length], new long[_rows * _length]);
        (_counts, _isAnswer, _example) = (new bool[_ids.Length], new bool[_ids.Length], new int[_ids.Length]);
        if (rows.Any(row => row.Length > 1))
            Packing = new SequencePacking(_rows, _length);
        for (int row = 0; row < _rows; row++)
        {
            int begin = 0;
            foreach (int index in rows[row])
            {
                SupervisedExample example = examples[index];
                Packing?.Add(row, begin, example.Length);
                for (int t = 0; t < example.Length; t++)
                {
                    int at = row * _length + begin + t;
                    (_ids[at], _next[at], _counts[at], _isAnswer[at], _example[at]) = (example.Ids[t], example.Ids[t + 1], example.Counts[t + 1], example.IsAnswer[t + 1], index);
                }

                begin += example.Length;
                Tokens += example.Length;
            }
        }

        Counted = _counts.AsSpan().Count(true);
    }

    /// <summary>Gets which tokens see each other; null if each row holds one example.</summary>
    public SequencePacking? Packing { get; }

    /// <summary>Gets the number of inputs without padding.</summary>
    public long Tokens { get; }

    /// <summary>Gets the number of predictions that count in the loss.</summary>
    public int Counted { get; }

    /// <summary>Creates the ids, int64 [B, T].</summary>
    public Tensor Ids(Device device) => tensor(_ids, [_rows, _length], device: device);

    /// <summary>Creates the positions whose prediction counts in the loss, and the tokens after them, int64 [M] each.</summary>
    public (Tensor Positions, Tensor Targets) Counting(Device device) => Chosen(_counts, device);

    /// <summary>Gets the index of the example of each position that <see cref="Counting"/> returns.</summary>
    public IEnumerable<int> CountingExamples => _example.Where((_, at) => _counts[at]);

    /// <summary>Creates the positions before the tokens of answers, and these tokens, int64 [M] each.</summary>
    public (Tensor Positions, Tensor Targets) Answers(Device device) => Chosen(_isAnswer, device);

    private (Tensor Positions, Tensor Targets) Chosen(bool[] chosen, Device device)
    {
        int[] positions = [.. Enumerable.Range(0, chosen.Length).Where(at => chosen[at])];
        return (tensor(positions.Select(at => (long)at).ToArray(), device: device), tensor(positions.Select(at => _next[at]).ToArray(), device: device));
    }
}
