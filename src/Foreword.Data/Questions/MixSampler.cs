using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Sampling;
using Foreword.Numerics;

namespace Foreword.Data.Questions;

/// <summary>
/// Draws questions of several tasks. Each task is read in passes, each in another order, so that no question is repeated before all were drawn. A draw
/// depends only on the seed and on the number of draws before it.
/// </summary>
/// <param name="sizes">The number of questions of each task, each at least 1.</param>
/// <param name="order">The order of the tasks.</param>
/// <param name="temperature">The temperature of <see cref="MixOrder.Proportional"/>, 1 or more.</param>
/// <param name="first">The task of the first draws, and their number; null for none.</param>
/// <param name="seed">Determines the draws.</param>
internal sealed class MixSampler(IReadOnlyList<int> sizes, MixOrder order, double temperature, (int Task, long Draws)? first, int seed)
{
    /// <summary>The fractional part of the golden ratio. Its multiples, without their whole parts, are spread evenly from 0 to 1, so each task is drawn at even distances.</summary>
    private const double Golden = 0.6180339887498949;

    private readonly double[] _ends = Ends(sizes, temperature);
    private readonly long[] _drawn = new long[sizes.Count];
    private long _next;

    /// <summary>Draws a question.</summary>
    /// <param name="draw">The number of draws before it.</param>
    /// <returns>The index of the task, and the index of its question.</returns>
    public (int Task, int Question) At(long draw)
    {
        if (draw < _next)
        {
            Array.Clear(_drawn);
            _next = 0;
        }

        for (; _next < draw; _next++)
            _drawn[TaskAt(_next)]++;
        int task = TaskAt(draw);
        (long pass, long place) = Math.DivRem(_drawn[task], sizes[task]);
        KeyedPermutation permutation = new(sizes[task], SplitMix.Bits(SplitMix.Bits((ulong)seed, (ulong)task + 1), (ulong)pass));
        return (task, (int)permutation.At(place));
    }

    private int TaskAt(long draw)
    {
        if (first is { } alone)
        {
            if (draw < alone.Draws)
                return alone.Task;
            draw -= alone.Draws;
        }

        if (order == MixOrder.RoundRobin)
            return (int)(draw % sizes.Count);
        double place = (draw + 0.5) * Golden % 1;
        return Math.Min(_ends.TakeWhile(end => end <= place).Count(), sizes.Count - 1);
    }

    /// <summary>Returns where the part of each task ends, if the parts of all tasks fill the numbers from 0 to 1.</summary>
    private static double[] Ends(IReadOnlyList<int> sizes, double temperature)
    {
        double[] weights = [.. sizes.Select(size => Math.Pow(size, 1 / temperature))];
        double total = weights.Sum(), end = 0;
        return [.. weights.Select(weight => end += weight / total)];
    }
}
