using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Chat;

/// <summary>
/// A conversation with a model. What the model has read stays in its cache from answer to answer; only what is new is read. When the context is full, the oldest
/// messages are forgotten (the instruction stays) and the rest is read anew. Owns neither model nor tokenizer. Not safe to share between threads.
/// </summary>
public sealed class Conversation : IDisposable
{
    private readonly ILanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly ChatEncoder _encoder;
    private readonly string _system;
    private readonly List<ChatMessage> _messages = [];
    private readonly List<int> _read = [];
    private IDecoder? _decoder; // has read _read
    private IDecoder? _beforeAnswer; // has read the first tokens of it, up to the newest answer
    private int _kept; // messages before this one are forgotten
    private bool _disposed;

    /// <summary>A conversation without messages.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="template">How messages become text.</param>
    /// <param name="system">An instruction that stands before everything and is never forgotten; empty for none.</param>
    public Conversation(ILanguageModel model, Tokenizer tokenizer, ChatTemplate template, string system = "")
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(system);
        (_model, _tokenizer, _system) = (model, tokenizer, system);
        _encoder = new ChatEncoder(tokenizer, template);
    }

    /// <summary>A conversation that goes on behind messages of an earlier one. They are read when the next one is answered.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="template">How messages become text.</param>
    /// <param name="messages">What was said, as <see cref="Messages"/> gives it: an instruction first where there is one.</param>
    /// <exception cref="ArgumentException">An instruction stands behind another message.</exception>
    public Conversation(ILanguageModel model, Tokenizer tokenizer, ChatTemplate template, IReadOnlyList<ChatMessage> messages)
        : this(model, tokenizer, template, messages is [{ Role: ChatRole.System } instruction, ..] ? instruction.Text : "")
    {
        ArgumentNullException.ThrowIfNull(messages);
        for (int i = 0; i < messages.Count; i++)
        {
            ArgumentNullException.ThrowIfNull(messages[i], nameof(messages));
            if (messages[i].Role != ChatRole.System)
                _messages.Add(messages[i]);
            else if (i > 0)
                throw new ArgumentException($"message {i + 1} is an instruction; only the first can be one", nameof(messages));
        }
    }

    /// <summary>Everything that was said, also what the model has forgotten.</summary>
    public IReadOnlyList<ChatMessage> Messages => [.. Instruction(), .. _messages];

    /// <summary>Answers a message. Cancelling ends the answer before its next token and keeps it as far as it came.</summary>
    /// <param name="text">The user's message.</param>
    /// <param name="options">How to draw; half a context at most is kept free for <see cref="SamplingOptions.MaxTokens"/>. Beams are not searched.</param>
    /// <param name="onText">Given each piece of the answer as soon as it is certain.</param>
    /// <param name="cancellation">Looked at before each token.</param>
    /// <exception cref="ArgumentException">An option is impossible, or nothing of the message is in the vocabulary. The message is not kept then, nor when anything else is thrown.</exception>
    /// <exception cref="ObjectDisposedException">The conversation or its model is disposed.</exception>
    public ChatAnswer Answer(string text, SamplingOptions options, Action<string>? onText = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_disposed, this);
        options.Validate();
        _messages.Add(new ChatMessage(ChatRole.User, text));
        int kept = _kept;
        try
        {
            (int[] ids, int dropped, bool shortened) = Fit(options.MaxTokens);
            OpenCompletion answer = new(_tokenizer, _encoder.Ending(options), ids, onText is null ? null : token =>
            {
                if (token.Text.Length > 0)
                    onText(token.Text);
            });
            bool interrupted = Write(answer, ids, cancellation);
            Completion completion = answer.Finish();
            // A stop text lies in tokens that may hold more than it, so the answer's own tokens are then those of its text.
            bool exact = interrupted || completion.EndId is not null || completion.FinishReason == FinishReason.Length;
            _messages.Add(new ChatMessage(ChatRole.Assistant, completion.Text) { Ids = exact ? completion.Ids : null });
            return new ChatAnswer(completion.Text, completion.FinishReason, interrupted, dropped, shortened);
        }
        catch
        {
            if (_decoder is not null)
                _read.RemoveRange(_decoder.Position, _read.Count - _decoder.Position); // what the model failed to read
            if (_messages[^1].Role == ChatRole.User)
            {
                _messages.RemoveAt(_messages.Count - 1);
                _kept = kept;
            }

            throw;
        }
    }

    /// <summary>Forgets everything but the instruction.</summary>
    public void Reset()
    {
        _messages.Clear();
        _kept = 0;
        Forget();
    }

    /// <summary>Gives the cache back; what was said can still be read.</summary>
    public void Dispose()
    {
        _disposed = true;
        Forget();
    }

    private ChatMessage[] Instruction() => _system.Length == 0 ? [] : [new ChatMessage(ChatRole.System, _system)];

    /// <summary>The conversation's ids, so short that an answer fits behind them.</summary>
    private (int[] Ids, int Dropped, bool Shortened) Fit(int maxTokens)
    {
        int context = _model.Config.ContextLength, before = _kept;
        int most = context + 1 - Math.Min(maxTokens, (context + 1) / 2); // the last token of an answer need not be read
        int[] ids = Ids();
        while (ids.Length > most && _kept < _messages.Count - 1)
        {
            do
                _kept++;
            while (_messages[_kept].Role == ChatRole.Assistant);
            ids = Ids();
        }

        bool shortened = ids.Length > most;
        if (shortened)
        {
            int[] first = _encoder.Encode(Instruction(), answerFollows: false);
            ids = first.Length < most ? [.. first, .. ids[^(most - first.Length)..]] : ids[^most..];
        }

        return ids.Length > 0 ? (ids, _kept - before, shortened) : throw new ArgumentException("nothing of the message is in the vocabulary");

        int[] Ids() => _encoder.Encode([.. Instruction(), .. _messages.Skip(_kept)]);
    }

    /// <summary>Reads what is new and writes the answer; returns whether it was cancelled.</summary>
    private bool Write(OpenCompletion answer, int[] ids, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return true;
        Rewind(ids);
        int[] rest = ids[_read.Count..];
        _read.AddRange(rest);
        answer.Take(_decoder!.Append(rest));
        _beforeAnswer?.Dispose();
        _beforeAnswer = _decoder.Fork();
        while (!answer.HasEnded && _decoder.Position < _model.Config.ContextLength)
        {
            if (cancellation.IsCancellationRequested)
                return true;
            _read.Add(answer.Last);
            answer.Take(_decoder.Append([answer.Last]));
        }

        return false;
    }

    /// <summary>Takes the decoder that has read most of these ids and nothing else: this one, the one before the newest answer, or a new one.</summary>
    private void Rewind(int[] ids)
    {
        if (_decoder is not null && IsBeginning(_read.Count))
            return;
        if (_beforeAnswer is { } before && IsBeginning(before.Position))
        {
            _decoder!.Dispose();
            _decoder = before;
            _beforeAnswer = null;
            _read.RemoveRange(before.Position, _read.Count - before.Position);
            return;
        }

        Forget();
        _decoder = _model.NewDecoder();

        bool IsBeginning(int length) => length < ids.Length && _read.Take(length).SequenceEqual(ids.Take(length));
    }

    private void Forget()
    {
        _decoder?.Dispose();
        _beforeAnswer?.Dispose();
        (_decoder, _beforeAnswer) = (null, null);
        _read.Clear();
    }
}
