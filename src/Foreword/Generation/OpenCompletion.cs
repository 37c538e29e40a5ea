using System.Text;
using Foreword.Generation.Constraints;
using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>A completion in progress. It takes logits and chooses the next token, until it has ended.</summary>
internal sealed class OpenCompletion
{
    private readonly Tokenizer _tokenizer;
    private readonly SamplingOptions _options;
    private readonly int[] _prompt;
    private readonly Action<GeneratedToken>? _onToken;
    private readonly bool _scores;
    private readonly Sampler _sampler;
    private readonly ConstrainedText? _constrained;
    private readonly int[] _unknown; // the token for unknown text, if it must not be drawn
    private TokenMask? _withoutEnds, _withoutUnknown;
    private readonly WrittenText _written;
    private readonly StringBuilder _text = new();
    private readonly List<int> _ids = [];
    private readonly List<TokenLogProb>? _logProbs;
    private int? _end;
    private float? _logProb; // of the token drawn last

    /// <summary>Initializes a completion without tokens.</summary>
    /// <param name="tokenizer">Provides the bytes of tokens. Ids outside its vocabulary are never drawn.</param>
    /// <param name="options">How tokens are chosen and when the completion ends.</param>
    /// <param name="prompt">The tokens before the completion.</param>
    /// <param name="onToken">Receives each token with the text that it makes final, and then the end; or null.</param>
    /// <param name="lead">Text to insert before the first token.</param>
    /// <param name="scores">Whether <paramref name="onToken"/> receives log-probabilities.</param>
    public OpenCompletion(Tokenizer tokenizer, SamplingOptions options, int[] prompt, Action<GeneratedToken>? onToken, string lead = "", bool scores = false)
    {
        _tokenizer = tokenizer;
        _options = options;
        _prompt = prompt;
        _onToken = onToken;
        _scores = scores;
        _unknown = options.AllowUnknown || tokenizer.UnknownId is not { } unknown ? [] : [unknown];
        _sampler = Sampler.ForConstrained(options, prompt);
        _constrained = options.Constraint is null ? null : new ConstrainedText(options.Constraint, tokenizer, options.StopIds);
        _written = new WrittenText(tokenizer, options, lead, prompt is [.., var last] ? last : -1);
        _logProbs = options.LogProbs is null ? null : [];
    }

    /// <summary>Gets the token that was drawn last.</summary>
    public int Last => _ids[^1];

    /// <summary>Gets the token that was drawn last, also one that ended the completion.</summary>
    public int Drawn { get; private set; }

    /// <summary>Gets the log-probability of the token that was drawn last, also of one that ended the completion; null if the options ask for none.</summary>
    public TokenLogProb? LastLogProb { get; private set; }

    /// <summary>Gets whether no further token is drawn.</summary>
    public bool HasEnded => IsStopped || _ids.Count == _options.MaxTokens;

    /// <summary>Gets whether the text has ended by itself: by a token or a stop string, or because it matches its constraint and nothing can follow.</summary>
    private bool IsStopped => _end is not null || _written.IsStopped || _constrained?.IsComplete == true;

    /// <summary>Returns the newest tokens of prompt and completion, at most the given number.</summary>
    public int[] Newest(int count) => [.. _prompt.Concat(_ids).Skip(Math.Max(0, _prompt.Length + _ids.Count - count))];

    /// <summary>Draws the next token from its logits [V] and writes its text.</summary>
    public void Take(ReadOnlySpan<float> logits)
    {
        Draw(logits);
        Write();
    }

    /// <summary>
    /// Draws the next token from its logits [V]. <see cref="Write"/> must be called afterwards. Different completions can draw in parallel.
    /// </summary>
    public void Draw(ReadOnlySpan<float> logits)
    {
        int vocabulary = Math.Min(_tokenizer.VocabSize, logits.Length); // further ids only pad the model's vocabulary
        ReadOnlySpan<float> drawable = logits[..vocabulary];
        int id = _constrained is not null ? _sampler.Sample(drawable, _constrained.Allowed(vocabulary))
            : _ids.Count < _options.MinTokens ? _sampler.Sample(drawable, _withoutEnds ??= Without([.. _unknown, .. _options.IgnoreEndOfText ? [] : _tokenizer.StopIds, .. _options.StopIds], vocabulary))
            : _unknown.Length > 0 ? _sampler.Sample(drawable, _withoutUnknown ??= Without(_unknown, vocabulary))
            : _sampler.Sample(drawable);
        Drawn = id;
        LastLogProb = _options.LogProbs is { } top ? TokenLogProb.Compute(logits, vocabulary, id, top) : null;
        if ((!_options.IgnoreEndOfText && _tokenizer.StopIds.Contains(id)) || _options.StopIds.Contains(id))
        {
            _end = id;
            return;
        }

        _ids.Add(id);
        _constrained?.Append(id);
        _logProbs?.Add(LastLogProb!);
        _logProb = _scores ? LastLogProb?.LogProb ?? TokenLogProb.Compute(logits, vocabulary, id, 0).LogProb : null;
    }

    /// <summary>Returns all tokens except the given ones.</summary>
    private static TokenMask Without(IReadOnlyList<int> tokens, int vocabulary)
    {
        ulong[] all = new ulong[TokenMask.Words(vocabulary)];
        Array.Fill(all, ulong.MaxValue);
        TokenMask mask = new();
        mask.Set(all, vocabulary, tokens, canEnd: false);
        return mask;
    }

    /// <summary>Writes the text of the drawn token, unless the token ended the completion.</summary>
    public void Write()
    {
        if (_end is null)
            Release(_written.Append(Last), Last, _logProb, null);
    }

    /// <summary>Ends the text and returns the whole completion.</summary>
    public Completion Finish()
    {
        FinishReason reason = IsStopped ? FinishReason.Stop : FinishReason.Length;
        Release(_written.Finish(isCut: reason == FinishReason.Length), null, null, reason);
        return new Completion(_text.ToString(), _ids, reason) { LogProbs = _logProbs, EndId = _end, EndLogProb = _end is null ? null : LastLogProb };
    }

    private void Release(string text, int? id, float? logProb, FinishReason? reason)
    {
        _text.Append(text);
        _onToken?.Invoke(new GeneratedToken(text, id, logProb, reason));
    }
}
