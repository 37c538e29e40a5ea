using Foreword.Data.Recipes;
using Foreword.Tasks;
using static TorchSharp.torch;

namespace Foreword.Torch.FineTuning;

// Legend: B examples, S sequences (B, 2 B, or all choices of all examples), T tokens of the longest sequence, K largest number of choices, P places of
// all examples.

/// <summary>
/// The tensors of a batch of examples, padded on the right. Tokens never attend to later tokens, so padding does not change the results.
/// </summary>
internal sealed class TaskBatch
{
    private readonly IReadOnlyList<EncodedExample> _examples;
    private readonly int[][] _sequences;

    public TaskBatch(IReadOnlyList<EncodedExample> examples)
    {
        _examples = examples;
        _sequences = [.. examples.SelectMany(example => example.Sequences.Sequences)];
        Length = _sequences.Max(sequence => sequence.Length);
        Tokens = _sequences.Sum(sequence => (long)sequence.Length);
    }

    /// <summary>Gets B, the number of examples.</summary>
    public int Examples => _examples.Count;

    /// <summary>Gets S, the number of sequences.</summary>
    public int Sequences => _sequences.Length;

    /// <summary>Gets T, the number of tokens of the longest sequence.</summary>
    public int Length { get; }

    /// <summary>Gets the number of tokens without padding.</summary>
    public long Tokens { get; }

    /// <summary>Gets the number of sequences of each example.</summary>
    public int[] Counts => [.. _examples.Select(example => example.Sequences.Sequences.Count)];

    /// <summary>Creates the token ids, int64 [S, T].</summary>
    public Tensor Ids(Device device)
    {
        long[] ids = new long[Sequences * Length];
        for (int s = 0; s < Sequences; s++)
        {
            for (int t = 0; t < _sequences[s].Length; t++)
                ids[s * Length + t] = _sequences[s][t];
        }

        return tensor(ids, [Sequences, Length], device: device);
    }

    /// <summary>Creates the row of each sequence's extract token in the flat hidden states [S T, C], int64 [S].</summary>
    public Tensor ExtractRows(Device device) => tensor(_sequences.Select((sequence, s) => (long)s * Length + sequence.Length - 1).ToArray(), device: device);

    /// <summary>Gets the number of places of each example, which has one sequence.</summary>
    public int[] PlaceCounts => [.. _examples.Select(example => example.Sequences.Places![0].Count)];

    /// <summary>Creates the row of each place in the flat hidden states [S T, C], int64 [P].</summary>
    public Tensor PlaceRows(Device device) =>
        tensor(_examples.SelectMany((example, s) => example.Sequences.Places![0].Select(place => (long)s * Length + place.Position)).ToArray(), device: device);

    /// <summary>Creates the index of the example of each place, int64 [P].</summary>
    public Tensor ExampleOfPlaces(Device device) => tensor(PlaceCounts.SelectMany((count, b) => Enumerable.Repeat((long)b, count)).ToArray(), device: device);

    /// <summary>Creates the weight of each place in the loss of its example, float32 [P]. The weights of an example sum to 1.</summary>
    public Tensor PlaceWeights(Device device) => tensor(PlaceCounts.SelectMany(count => Enumerable.Repeat(1f / count, count)).ToArray(), device: device);

    /// <summary>Creates the index of each place in the flat places [B K], where K is the largest number of an example's places, int64 [P].</summary>
    public Tensor PlacesAmong(int most, Device device) => tensor(PlaceCounts.SelectMany((count, b) => Enumerable.Range(0, count).Select(k => (long)b * most + k)).ToArray(), device: device);

    /// <summary>Creates the value of the target at each place, float32 [P].</summary>
    public Tensor PlaceTargets(Device device) => tensor(_examples.SelectMany(example => example.Target).ToArray(), device: device);

    /// <summary>Creates the index of the example of each sequence, int64 [S].</summary>
    public Tensor ExampleOf(Device device) => tensor(Counts.SelectMany((count, b) => Enumerable.Repeat((long)b, count)).ToArray(), device: device);

    /// <summary>Creates the index of each sequence's score in the flat scores [B K], int64 [S].</summary>
    public Tensor ScorePlaces(int most, Device device) => tensor(Counts.SelectMany((count, b) => Enumerable.Range(0, count).Select(k => (long)b * most + k)).ToArray(), device: device);

    /// <summary>Creates the targets of the loss, float32 [B, <paramref name="columns"/>]. Columns that an example does not have are 0.</summary>
    public Tensor Targets(int columns, Device device)
    {
        float[] targets = new float[Examples * columns];
        for (int b = 0; b < Examples; b++)
            _examples[b].Target.AsSpan(0, Math.Min(columns, _examples[b].Target.Length)).CopyTo(targets.AsSpan(b * columns));
        return tensor(targets, [Examples, columns], device: device);
    }

    /// <summary>Creates the weights of the examples in the loss, float32 [B].</summary>
    public Tensor Weights(Device device) => tensor(_examples.Select(example => example.Weight).ToArray(), device: device);

    /// <summary>
    /// Creates the positions of the auxiliary language-modeling loss. The weighted sum of their losses is the mean over sequences of the mean
    /// over the tokens that count (openai/finetune-transformer-lm, train.py).
    /// </summary>
    /// <returns>Rows of the flat hidden states, int64 [M], the token after each position, int64 [M], and its weight, float32 [M].</returns>
    public (Tensor Rows, Tensor Targets, Tensor Weights) LanguageModelPositions(LanguageModelOn on, TaskTokens tokens, Device device)
    {
        List<long> rows = [], targets = [];
        List<float> weights = [];
        for (int s = 0; s < Sequences; s++)
        {
            int[] sequence = _sequences[s];
            int before = rows.Count;
            for (int t = 0; t + 1 < sequence.Length; t++)
            {
                if (on == LanguageModelOn.TaskTokens && !tokens.Contains(sequence[t + 1]))
                    continue;
                rows.Add((long)s * Length + t);
                targets.Add(sequence[t + 1]);
            }

            int counted = rows.Count - before; // at least 1, because every sequence ends with the extract token
            weights.AddRange(Enumerable.Repeat(1f / counted / Sequences, counted));
        }

        return (tensor(rows.ToArray(), device: device), tensor(targets.ToArray(), device: device), tensor(weights.ToArray(), device: device));
    }
}
