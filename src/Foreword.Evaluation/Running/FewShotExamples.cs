using Foreword.Evaluation.Benchmarks;
using Foreword.Numerics;

namespace Foreword.Evaluation.Running;

/// <summary>Draws K solved examples for each document from the training split, without repetition (GPT-3 paper, section 2.4).</summary>
internal sealed class FewShotExamples
{
    private readonly IReadOnlyList<string?> _pool;
    private readonly bool _isOwnSplit;
    private readonly string _separator;
    private readonly int _shots;
    private readonly ulong _seed;

    private FewShotExamples(IReadOnlyList<string?> pool, bool isOwnSplit, string separator, int shots, long seed) =>
        (_pool, _isOwnSplit, _separator, _shots, _seed) = (pool, isOwnSplit, separator, shots, unchecked((ulong)seed));

    public static FewShotExamples Create(string benchmark, BenchmarkSet set, int shots, long seed)
    {
        IReadOnlyList<string?> pool = set.Examples ?? (IReadOnlyList<string?>)[.. set.Documents.Select(document => document.Solved)];
        int usable = pool.Count(example => example is not null) - (set.Examples is null ? 1 : 0);
        return shots <= usable
            ? new FewShotExamples(pool, set.Examples is null, set.Separator, shots, seed)
            : throw new ArgumentException(usable <= 0 ? $"{benchmark} has no solved examples; it can only be run zero-shot" : $"{benchmark} has {usable} solved examples; {shots} were requested");
    }

    /// <summary>Returns the examples for a document, each followed by the separator.</summary>
    public string Before(int document)
    {
        SplitMix64 random = new(new SplitMix64(_seed ^ ((ulong)document << 32)).NextUInt64());
        List<int> drawn = [];
        while (drawn.Count < _shots)
        {
            int index = (int)Math.BigMul(random.NextUInt64(), (ulong)_pool.Count, out _);
            if (_pool[index] is not null && !drawn.Contains(index) && !(_isOwnSplit && index == document))
                drawn.Add(index);
        }

        drawn.Reverse(); // the first example drawn is nearest to the question, as it is for K = 1
        return string.Concat(drawn.Select(index => _pool[index] + _separator));
    }
}
