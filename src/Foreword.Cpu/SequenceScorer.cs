using Foreword.Cpu.Kernels;

namespace Foreword.Cpu;

/// <summary>Scores tokens of many sequences: rows of different sequences share passes, and logits are computed only where a score is wanted.</summary>
internal sealed unsafe class SequenceScorer(GptForward forward, int vocabSize)
{
    /// <summary>Rows of logits that exist at once.</summary>
    private const int LogitRows = 32;

    private readonly List<int> _tokens = [];
    private readonly List<Segment> _segments = [];
    private readonly List<(int Row, WantedScore Score)> _wanted = [];

    /// <summary>Reads every sequence into its cache and hands out the scores that it wants.</summary>
    public void Read(IEnumerable<ScoredSequence> sequences)
    {
        foreach (ScoredSequence sequence in sequences)
        {
            for (int start = 0; start < sequence.Tokens.Length;)
            {
                int count = Math.Min(sequence.Tokens.Length - start, GptForward.MaxRows - _tokens.Count), first = _tokens.Count;
                sequence.Cache.Extend(count);
                _segments.Add(new Segment(sequence.Cache, first, count));
                _tokens.AddRange(sequence.Tokens.AsSpan(start, count));
                foreach (WantedScore score in sequence.Wanted)
                {
                    if (score.After >= start && score.After < start + count)
                        _wanted.Add((first + score.After - start, score));
                }

                start += count;
                if (_tokens.Count == GptForward.MaxRows)
                    Pass();
            }
        }

        if (_tokens.Count > 0)
            Pass();
    }

    private void Pass()
    {
        int[] rows = [.. _wanted.Select(wanted => wanted.Row).Distinct().Order()];
        forward.Run([.. _tokens], [.. _segments], rows);
        ILookup<int, WantedScore> scores = _wanted.ToLookup(wanted => wanted.Row, wanted => wanted.Score);
        for (int first = 0; first < rows.Length; first += LogitRows)
        {
            int count = Math.Min(LogitRows, rows.Length - first);
            forward.Head(first, count);
            Parallel.For(0, count, i => Evaluate(forward.Logits(i), scores[rows[first + i]]));
        }

        _tokens.Clear();
        _segments.Clear();
        _wanted.Clear();
    }

    private void Evaluate(float* logits, IEnumerable<WantedScore> wanted)
    {
        float total = RowKernels.LogSumExp(logits, vocabSize);
        int likeliest = new ReadOnlySpan<float>(logits, vocabSize).IndexOf(RowKernels.Highest(logits, vocabSize));
        foreach (WantedScore score in wanted)
            score.Scores[score.Index] = new TokenScore(logits[score.Token] - total, score.Token == likeliest);
    }
}

/// <summary>Tokens to read into a cache, and the scores wanted on the way.</summary>
internal sealed record ScoredSequence(KvCache Cache, int[] Tokens, IReadOnlyList<WantedScore> Wanted);

/// <summary>The score of <paramref name="Token"/> behind the sequence's token number <paramref name="After"/>, and where it goes.</summary>
internal readonly record struct WantedScore(int After, int Token, TokenScore[] Scores, int Index);
