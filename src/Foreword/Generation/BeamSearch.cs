using System.Text;
using Foreword.Models;
using Foreword.Numerics;
using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>Searches for likely texts with B beams, as Hugging Face does.</summary>
/// <remarks>
/// Each step computes the 2 B best continuations of all beams. Of those that do not end, the B best become the next beams. Those that end are kept as
/// results if they are among the first B. The score of a text is its log-probability divided by length^alpha. Its length is the number of tokens,
/// including the token that ended it.
/// </remarks>
internal sealed class BeamSearch(ILanguageModel model, Tokenizer tokenizer, SamplingOptions options)
{
    private readonly int _beams = options.NumBeams;
    private readonly List<(double Score, Beam Beam)> _ended = []; // best first, at most B
    private float[] _logits = [];
    private float[] _row = [];
    private readonly int? _unknown = options.AllowUnknown ? null : tokenizer.UnknownId;
    private string _lead = "";
    private int _last; // the last token of the prompt

    /// <summary>Searches for the best continuations of a prompt.</summary>
    /// <param name="prompt">The token ids of the prompt.</param>
    /// <param name="lead">Text to insert before the first token of each continuation.</param>
    /// <param name="results">The largest number of continuations to return.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    /// <returns>The continuations, best first.</returns>
    public Completion[] Write(int[] prompt, string lead, int results, CancellationToken cancellationToken)
    {
        int longest = Math.Min(options.MaxTokens, model.Config.ContextLength - prompt.Length + 1);
        int vocabulary = model.Config.VocabSize;
        _ended.Clear();
        (_lead, _last) = (lead, prompt[^1]);
        _logits = new float[_beams * vocabulary];
        List<Beam> open = [new Beam(null, -1, 0, null)];
        List<IDecoder> decoders = [model.CreateDecoder()];
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            decoders[0].Append(prompt).CopyTo(_logits);
            for (int length = 1; ; length++)
            {
                List<Candidate> best = Best(open, prompt);
                (List<Candidate> next, bool done) = Sort(best, length);
                if (done || next.Count == 0)
                    break;
                open = [.. next.Select(candidate => candidate.Beam)];
                if (length == longest)
                {
                    foreach (Beam beam in open)
                        End(beam, length);
                    break;
                }

                decoders = Continue(decoders, next);
                cancellationToken.ThrowIfCancellationRequested();
                model.AppendEach(decoders, open.Select(beam => beam.Token).ToArray(), _logits.AsSpan(0, open.Count * vocabulary));
            }
        }
        finally
        {
            decoders.ForEach(decoder => decoder.Dispose());
        }

        return [.. _ended.Take(results).Select(ended => Completed(ended.Beam, ended.Score))];
    }

    /// <summary>Returns the 2 B best continuations of the open beams, best first.</summary>
    private List<Candidate> Best(List<Beam> open, int[] prompt)
    {
        int vocabulary = model.Config.VocabSize, ids = Math.Min(tokenizer.VocabSize, vocabulary);
        List<Candidate> best = [];
        for (int parent = 0; parent < open.Count; parent++)
        {
            ReadOnlySpan<float> logits = _logits.AsSpan(parent * vocabulary, vocabulary);
            ReadOnlySpan<float> row = LogProbs(logits, open[parent], prompt);
            for (int id = 0; id < ids; id++)
            {
                double score = open[parent].LogProb + row[id];
                if (id == _unknown || (best.Count == 2 * _beams && score <= best[^1].Score))
                    continue;
                if (best.Count == 2 * _beams)
                    best.RemoveAt(best.Count - 1);
                int at = best.Count;
                while (at > 0 && score > best[at - 1].Score)
                    at--;
                best.Insert(at, new Candidate(parent, id, score));
            }
        }

        foreach (Candidate candidate in best)
        {
            TokenLogProb? logProb = options.LogProbs is not { } top ? null
                : TokenLogProb.Compute(_logits.AsSpan(candidate.Parent * vocabulary, vocabulary), ids, candidate.Id, top);
            candidate.Beam = new Beam(open[candidate.Parent], candidate.Id, candidate.Score, logProb);
        }

        return best;
    }

    /// <summary>Computes the log-probabilities after a beam, with bias and penalties.</summary>
    private ReadOnlySpan<float> LogProbs(ReadOnlySpan<float> logits, Beam beam, int[] prompt)
    {
        int ids = Math.Min(tokenizer.VocabSize, logits.Length);
        if (_row.Length != ids)
            _row = new float[ids];
        double sum = LogitRow.LogSumExp(logits);
        for (int id = 0; id < ids; id++)
            _row[id] = (float)(logits[id] - sum);
        LogitAdjustments adjustments = new(options, prompt, ids);
        foreach (int id in beam.Ids())
            adjustments.Add(id);
        return adjustments.Apply(_row);
    }

    /// <summary>Stores those of the first B continuations that end.</summary>
    /// <returns>The B best continuations that do not end, and whether the search is complete.</returns>
    private (List<Candidate> Next, bool Done) Sort(List<Candidate> best, int length)
    {
        List<Candidate> next = [];
        for (int rank = 0; rank < best.Count && next.Count < _beams; rank++)
        {
            if (!Ends(best[rank].Beam))
                next.Add(best[rank]);
            else if (rank < _beams)
                End(best[rank].Beam, length);
        }

        bool done = _ended.Count == _beams && (options.EarlyStopping || next.Count == 0 || _ended[^1].Score >= Score(next[0].Score, length));
        return (next, done);
    }

    private bool Ends(Beam beam) =>
        IsEnd(beam.Token) || ((options.Stop.Count > 0 || options.Sentences is not null) && TextOf(beam.Ids(), isCut: false).Stopped);

    private bool IsEnd(int id) => (!options.IgnoreEndOfText && tokenizer.StopIds.Contains(id)) || options.StopIds.Contains(id);

    private void End(Beam beam, int length)
    {
        double score = Score(beam.LogProb, length);
        int at = _ended.Count;
        while (at > 0 && score > _ended[at - 1].Score)
            at--;
        _ended.Insert(at, (score, beam));
        if (_ended.Count > _beams)
            _ended.RemoveAt(_beams);
    }

    private double Score(double logProb, int length) => logProb / Math.Pow(length, options.LengthPenalty);

    /// <summary>Returns the decoders of the next beams. The first continuation of a beam takes over its decoder, and further ones fork it.</summary>
    private static List<IDecoder> Continue(List<IDecoder> decoders, List<Candidate> next)
    {
        bool[] taken = new bool[decoders.Count];
        List<IDecoder> following = [];
        foreach (Candidate candidate in next)
        {
            following.Add(taken[candidate.Parent] ? decoders[candidate.Parent].Fork() : decoders[candidate.Parent]);
            taken[candidate.Parent] = true;
        }

        for (int i = 0; i < decoders.Count; i++)
        {
            if (!taken[i])
                decoders[i].Dispose();
        }

        return following;
    }

    private Completion Completed(Beam beam, double score)
    {
        int[] ids = beam.Ids();
        int? end = IsEnd(ids[^1]) ? ids[^1] : null;
        if (end is not null)
            ids = ids[..^1];
        (string text, bool stopped) = TextOf(ids, isCut: end is null);
        return new Completion(text, ids, stopped || end is not null ? FinishReason.Stop : FinishReason.Length)
        {
            Score = score,
            EndId = end,
            LogProbs = options.LogProbs is null ? null : beam.LogProbs()[..ids.Length],
        };
    }

    private (string Text, bool Stopped) TextOf(ReadOnlySpan<int> ids, bool isCut)
    {
        WrittenText written = new(tokenizer, options, _lead, _last);
        StringBuilder text = new();
        foreach (int id in ids)
            text.Append(written.Append(id));
        text.Append(written.Finish(isCut && !written.IsStopped));
        return (text.ToString(), written.IsStopped);
    }

    /// <summary>A continuation of a beam by one token. Its score is the sum of the log-probabilities.</summary>
    private sealed class Candidate(int parent, int id, double score)
    {
        public int Parent => parent;

        public int Id => id;

        public double Score => score;

        public Beam Beam { get; set; } = null!;
    }

    /// <summary>A text as a chain of tokens. Beams share their common beginnings. The root of a chain has no token.</summary>
    private sealed record Beam(Beam? Parent, int Token, double LogProb, TokenLogProb? Probability)
    {
        public int[] Ids() => [.. Chain().Select(beam => beam.Token)];

        public TokenLogProb[] LogProbs() => [.. Chain().Select(beam => beam.Probability!)];

        private IEnumerable<Beam> Chain()
        {
            List<Beam> chain = [];
            for (Beam beam = this; beam.Parent is not null; beam = beam.Parent)
                chain.Add(beam);
            chain.Reverse();
            return chain;
        }
    }
}
