using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Sampling;
using Foreword.Numerics;

namespace Foreword.Torch.Supervised;

/// <summary>Divides things, such as rows of tokens, into the micro-batches of each update. Each epoch has another order, which the seed determines.</summary>
/// <param name="count">The number of things, 1 or more.</param>
/// <param name="config">Batch size, accumulation and seed.</param>
internal sealed class EpochBatches(int count, SupervisedConfig config)
{
    /// <summary>Gets the number of updates in an epoch.</summary>
    public int StepsPerEpoch { get; } = Divided(Divided(count, config.BatchSize), config.GradientAccumulation);

    /// <summary>Returns the indices of the things in each micro-batch of the update that follows a number of updates.</summary>
    public int[][] After(int stepsMade)
    {
        (int epoch, int step) = Math.DivRem(stepsMade, StepsPerEpoch);
        KeyedPermutation order = new(count, SplitMix.Bits((ulong)config.Seed, (ulong)epoch + 1));
        int perStep = config.BatchSize * config.GradientAccumulation, first = step * perStep;
        return [.. Enumerable.Range(first, Math.Min(perStep, count - first)).Select(i => (int)order.At(i)).Chunk(config.BatchSize)];
    }

    private static int Divided(int count, int size) => (count + size - 1) / size;
}
