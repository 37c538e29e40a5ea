using System.Text;
using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>A completion that is being written: takes logits and tells which token comes next, until it has ended.</summary>
internal sealed class OpenCompletion
{
    private readonly Tokenizer _tokenizer;
    private readonly SamplingOptions _options;
    private readonly int[] _prompt;
    private readonly Action<GeneratedToken>? _onToken;
    private readonly bool _scores;
    private readonly Sampler _sampler;
    private readonly WrittenText _written;
    private readonly StringBuilder _text = new();
    private readonly List<int> _ids = [];
    private readonly List<TokenLogProb>? _logProbs;
    private int? _end;
    private float? _logProb; // of the token drawn last

    /// <summary>A completion without tokens.</summary>
    /// <param name="tokenizer">Gives tokens their bytes; ids beyond its own are never drawn.</param>
    /// <param name="options">How to draw and when to end.</param>
    /// <param name="prompt">The tokens before it.</param>
    /// <param name="onToken">Receives each token with the text that became certain, and the end.</param>
    /// <param name="lead">Stands before its first token.</param>
    /// <param name="scores">Whether <paramref name="onToken"/> receives log-probabilities.</param>
    public OpenCompletion(Tokenizer tokenizer, SamplingOptions options, int[] prompt, Action<GeneratedToken>? onToken, string lead = "", bool scores = false)
    {
        _tokenizer = tokenizer;
        _options = options;
        _prompt = prompt;
        _onToken = onToken;
        _scores = scores;
        _sampler = new Sampler(options, prompt);
        _written = new WrittenText(tokenizer, options.Stop, lead);
        _logProbs = options.LogProbs is null ? null : [];
    }

    /// <summary>The token drawn last.</summary>
    public int Last => _ids[^1];

    /// <summary>Whether nothing more is to be drawn.</summary>
    public bool HasEnded => _end is not null || _written.IsStopped || _ids.Count == _options.MaxTokens;

    /// <summary>The newest tokens of prompt and completion, at most so many.</summary>
    public int[] Newest(int count) => [.. _prompt.Concat(_ids).Skip(Math.Max(0, _prompt.Length + _ids.Count - count))];

    /// <summary>Draws the next token from its logits [V] and writes its text.</summary>
    public void Take(ReadOnlySpan<float> logits)
    {
        Draw(logits);
        Write();
    }

    /// <summary>Draws the next token from its logits [V]; <see cref="Write"/> follows. Completions may draw at the same time.</summary>
    public void Draw(ReadOnlySpan<float> logits)
    {
        int vocabulary = Math.Min(_tokenizer.VocabularySize, logits.Length); // embeddings beyond the tokenizer's ids only pad the model's
        int id = _sampler.Sample(logits[..vocabulary]);
        if (_tokenizer.StopIds.Contains(id) || _options.StopIds.Contains(id))
        {
            _end = id;
            return;
        }

        _ids.Add(id);
        _logProbs?.Add(TokenLogProb.Of(logits, vocabulary, id, _options.LogProbs!.Value));
        _logProb = _scores ? _logProbs?[^1].LogProb ?? TokenLogProb.Of(logits, vocabulary, id, 0).LogProb : null;
    }

    /// <summary>Writes the text of the token that was drawn, unless it was the end.</summary>
    public void Write()
    {
        if (_end is null)
            Release(_written.Append(Last), Last, _logProb, null);
    }

    /// <summary>Ends the text and returns the whole.</summary>
    public Completion Finish()
    {
        FinishReason reason = _end is not null || _written.IsStopped ? FinishReason.Stop : FinishReason.Length;
        Release(_written.Finish(), null, null, reason);
        return new Completion(_text.ToString(), _ids, reason) { LogProbs = _logProbs, EndId = _end };
    }

    private void Release(string text, int? id, float? logProb, FinishReason? reason)
    {
        _text.Append(text);
        _onToken?.Invoke(new GeneratedToken(text, id, logProb, reason));
    }
}
