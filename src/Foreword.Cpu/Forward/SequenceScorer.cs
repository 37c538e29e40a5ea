using Foreword.Cpu.Cache;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Threading;
using Foreword.Models;

namespace Foreword.Cpu.Forward;

/// <summary>
/// Reads many sequences. Rows of different sequences share passes, and logits are computed only where a score is wanted. One call must not contain both
/// sequences to score and sequences whose final state is wanted.
/// </summary>
internal sealed unsafe class SequenceScorer(GptForward forward, GptConfig config, Workers workers)
{
    /// <summary>Number of rows of logits that exist at the same time.</summary>
    public const int LogitRows = 32;

    private readonly List<int> _tokens = [];
    private readonly List<Segment> _segments = [];
    private readonly List<(int Row, WantedScore Score)> _wanted = [];
    private readonly List<(int Row, float[] State)> _states = [];

    /// <summary>Reads every sequence into its cache and writes the requested scores and states.</summary>
    public void Read(IEnumerable<ScoredSequence> sequences)
    {
        try
        {
            ReadInPasses(sequences);
        }
        finally
        {
            Clear(); // a failed pass must not leave anything to the next one
        }
    }

    private void ReadInPasses(IEnumerable<ScoredSequence> sequences)
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

                foreach (WantedState state in sequence.States)
                {
                    if (state.After >= start && state.After < start + count)
                        _states.Add((first + state.After - start, state.State));
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
        int[] rows = [.. _wanted.Select(wanted => wanted.Row).Concat(_states.Select(state => state.Row)).Distinct().Order()];
        forward.Run([.. _tokens], [.. _segments], rows);
        for (int i = 0; i < _states.Count; i++) // in ascending order, like the rows
            new ReadOnlySpan<float>(forward.Hidden(i), config.NEmbd).CopyTo(_states[i].State);
        ILookup<int, WantedScore> scores = _wanted.ToLookup(wanted => wanted.Row, wanted => wanted.Score);
        for (int first = 0; first < rows.Length && _wanted.Count > 0; first += LogitRows)
        {
            int count = Math.Min(LogitRows, rows.Length - first);
            forward.Head(first, count);
            workers.ForEach(count, i => Evaluate(forward.Logits(i), scores[rows[first + i]]));
        }

        Clear();
    }

    private void Clear()
    {
        _tokens.Clear();
        _segments.Clear();
        _wanted.Clear();
        _states.Clear();
    }

    private void Evaluate(float* logits, IEnumerable<WantedScore> wanted)
    {
        float total = RowKernels.LogSumExp(logits, config.VocabSize);
        int likeliest = new ReadOnlySpan<float>(logits, config.VocabSize).IndexOf(RowKernels.Highest(logits, config.VocabSize));
        foreach (WantedScore score in wanted)
            score.Scores[score.Index] = new TokenScore(logits[score.Token] - total, score.Token == likeliest);
    }
}

/// <summary>The tokens to read into a cache, with the scores or the final hidden states that are wanted after them.</summary>
internal sealed record ScoredSequence(KvCache Cache, int[] Tokens, IReadOnlyList<WantedScore> Wanted)
{
    /// <summary>Gets the states that are wanted, each after another token, in ascending order. They are read only if no scores are wanted.</summary>
    public IReadOnlyList<WantedState> States { get; init; } = [];
}

/// <summary>The final hidden state [C] of the sequence's token number <paramref name="After"/>, and the place to write it to.</summary>
internal readonly record struct WantedState(int After, float[] State);

/// <summary>The score of <paramref name="Token"/> after the sequence's token number <paramref name="After"/>, and the place to write it to.</summary>
internal readonly record struct WantedScore(int After, int Token, TokenScore[] Scores, int Index);
