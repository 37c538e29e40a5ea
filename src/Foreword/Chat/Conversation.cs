using Foreword.Generation;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tokenization;

namespace Foreword.Chat;

/// <summary>
/// A conversation with a model. The model's KV cache is kept between answers, so only new tokens are read. If the context is full, the oldest
/// messages are forgotten (but not the instruction), and the rest is read again. The conversation does not own the model or the tokenizer. It is not
/// thread-safe.
/// </summary>
public sealed class Conversation : IDisposable
{
    private readonly ILanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly ChatEncoder _encoder;
    private string _system;
    private readonly List<ChatMessage> _messages = [];
    private readonly List<int> _read = [];
    private IDecoder? _decoder; // has read the tokens in _read
    private IDecoder? _beforeAnswer; // has read the first tokens in _read, up to the newest answer
    private int _kept; // index of the first message that is not forgotten
    private bool _disposed;

    /// <summary>Initializes a conversation without messages.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="template">The template that defines how messages become text.</param>
    /// <param name="system">The instruction, which comes first and is never forgotten. Empty for none.</param>
    public Conversation(ILanguageModel model, Tokenizer tokenizer, ChatTemplate template, string system = "")
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(system);
        (_model, _tokenizer, _system) = (model, tokenizer, system);
        _encoder = new ChatEncoder(tokenizer, template);
    }

    /// <summary>Initializes a conversation that continues an earlier one. The earlier messages are read when the next message is answered.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="template">The template that defines how messages become text.</param>
    /// <param name="messages">The earlier messages, as <see cref="Messages"/> returns them. If there is an instruction, it is the first one.</param>
    /// <exception cref="ArgumentException">An instruction is not the first message.</exception>
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
                throw new ArgumentException($"message {i + 1} is an instruction; only the first message can be an instruction", nameof(messages));
        }
    }

    /// <summary>
    /// Gets the largest number of messages before the newest one that the model reads, 0 or more; null for as many as fit. The instruction does not
    /// count.
    /// </summary>
    public int? MaxHistory { get; init; }

    /// <summary>
    /// Gets the number of candidates from which an answer is chosen, 1 or more. If there are several, an answer's text arrives only when it is complete.
    /// </summary>
    public int Candidates { get; init; } = 1;

    /// <summary>Gets what chooses among candidates; null chooses the one with the highest mean log-probability of a token.</summary>
    public AnswerRanker? Ranker { get; init; }

    /// <summary>Gets all messages, including those that the model has forgotten. The instruction is the first one, if there is one.</summary>
    public IReadOnlyList<ChatMessage> Messages => [.. Instruction(), .. _messages];

    /// <summary>Answers a message.</summary>
    /// <param name="text">The user's message.</param>
    /// <param name="options">
    /// How tokens are chosen and when the answer ends. At most half of the context is reserved for <see cref="SamplingOptions.MaxTokens"/>. The
    /// number of beams is ignored.
    /// </param>
    /// <param name="onText">Receives each chunk of the answer as soon as its text is final, or null.</param>
    /// <param name="stop">Ends the answer before its next token. The text written so far is then the answer. Null never ends it.</param>
    /// <param name="cancellationToken">Cancels the answer before its next token. The message is then not kept.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentException">
    /// An option is not valid, or the message contains nothing that is in the vocabulary. After this or any other exception, the message is not kept.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The conversation or its model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The answer was canceled.</exception>
    public ChatAnswer Answer(string text, SamplingOptions options, Action<string>? onText = null, StopRequest? stop = null, CancellationToken cancellationToken = default)
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
            if (ids.Length == 0)
                throw new ArgumentException("no part of the message is in the vocabulary", nameof(text));
            if (Candidates > 1)
            {
                ChatAnswer chosen = Choose(ids, options, onText, stop, cancellationToken);
                if (chosen.Interrupted)
                    _kept = kept;
                return chosen with { DroppedMessages = dropped, Shortened = shortened };
            }

            OpenCompletion answer = new(_tokenizer, _encoder.Ending(options), ids, onText is null ? null : token =>
            {
                if (token.Text.Length > 0)
                    onText(token.Text);
            });
            bool interrupted = Write(answer, ids, stop, cancellationToken);
            Completion completion = answer.Finish();
            // A stop string can begin or end inside a token. The drawn tokens then hold more than the answer, so the answer's text is encoded anew.
            bool exact = interrupted || options.Constraint is not null || completion.EndId is not null || completion.FinishReason == FinishReason.Length;
            _messages.Add(new ChatMessage(ChatRole.Assistant, completion.Text) { Ids = exact ? completion.Ids : null });
            return new ChatAnswer(completion.Text, completion.FinishReason, interrupted, dropped, shortened);
        }
        catch
        {
            if (_decoder is not null)
                _read.RemoveRange(_decoder.Position, _read.Count - _decoder.Position); // the tokens that the model failed to read
            if (_messages[^1].Role == ChatRole.User)
            {
                _messages.RemoveAt(_messages.Count - 1);
                _kept = kept;
            }

            throw;
        }
    }

    /// <summary>Writes several candidates and answers with the best one.</summary>
    private ChatAnswer Choose(int[] ids, SamplingOptions options, Action<string>? onText, StopRequest? stop, CancellationToken cancellationToken)
    {
        float[] logits = ReadNew(ids);
        using CancellationTokenSource stopped = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        SampleBatch batch = new(_model, _tokenizer, _encoder.Ending(options) with { LogProbs = 0 }, (_, _) =>
        {
            if (stop?.IsRequested == true)
                stopped.Cancel();
        }, scores: false);
        try
        {
            Completion[] completions = batch.Write(_decoder!, logits, ids, Candidates, stopped.Token);
            AnswerCandidate[] candidates = [.. completions.Select(AnswerCandidate.Of)];
            IReadOnlyList<RankedAnswer> ranked = Ranker?.Rank(_messages.Skip(_kept).ToArray(), candidates, stopped.Token) ?? AnswerRanker.ByLikelihood(candidates);
            Completion best = completions[ranked[0].Index];
            onText?.Invoke(best.Text);
            _messages.Add(new ChatMessage(ChatRole.Assistant, best.Text));
            return new ChatAnswer(best.Text, best.FinishReason, Interrupted: false, 0, false) { Candidates = ranked };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _messages.RemoveAt(_messages.Count - 1); // without an answer, the message is not kept
            return new ChatAnswer("", FinishReason.Length, Interrupted: true, 0, false);
        }
    }

    /// <summary>Removes the newest message of the user and everything after it.</summary>
    /// <returns>The text of the message; null if there is none.</returns>
    public string? Undo()
    {
        int last = _messages.FindLastIndex(message => message.Role == ChatRole.User);
        if (last < 0)
            return null;
        string text = _messages[last].Text;
        _messages.RemoveRange(last, _messages.Count - last);
        _kept = Math.Min(_kept, _messages.Count);
        return text;
    }

    /// <summary>Replaces the instruction. The messages stay, and are read again when the next one is answered.</summary>
    /// <param name="system">The instruction; empty for none.</param>
    public void Instruct(string system)
    {
        ArgumentNullException.ThrowIfNull(system);
        _system = system;
    }

    /// <summary>Removes all messages except the instruction.</summary>
    public void Reset()
    {
        _messages.Clear();
        _kept = 0;
        Forget();
    }

    /// <summary>Releases the KV cache. <see cref="Messages"/> can still be read.</summary>
    public void Dispose()
    {
        _disposed = true;
        Forget();
    }

    private ChatMessage[] Instruction() => _system.Length == 0 ? [] : [new ChatMessage(ChatRole.System, _system)];

    /// <summary>Returns the ids of the conversation, shortened so that an answer fits after them.</summary>
    private (int[] Ids, int Dropped, bool Shortened) Fit(int maxTokens)
    {
        if (MaxHistory is { } history)
            _kept = Math.Max(_kept, _messages.Count - 1 - history);
        int context = _model.Config.ContextLength, before = _kept;
        int most = context + 1 - Math.Min(maxTokens, (context + 1) / 2); // the last token of an answer does not have to be read
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

        return (ids, _kept - before, shortened);

        int[] Ids() => _encoder.Encode([.. Instruction(), .. _messages.Skip(_kept)]);
    }

    /// <summary>Reads the new tokens and writes the answer.</summary>
    /// <returns>Whether the answer was stopped.</returns>
    private bool Write(OpenCompletion answer, int[] ids, StopRequest? stop, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (stop?.IsRequested == true)
            return true;
        answer.Take(ReadNew(ids));
        _beforeAnswer?.Dispose();
        _beforeAnswer = _decoder!.Fork();
        while (!answer.HasEnded && _decoder.Position < _model.Config.ContextLength)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (stop?.IsRequested == true)
                return true;
            _read.Add(answer.Last);
            answer.Take(_decoder.Append([answer.Last]));
        }

        return false;
    }

    /// <summary>Reads the ids that were not read before.</summary>
    /// <returns>The logits [V] of the token that follows.</returns>
    private float[] ReadNew(int[] ids)
    {
        Rewind(ids);
        int[] rest = ids[_read.Count..];
        _read.AddRange(rest);
        return _decoder!.Append(rest).ToArray();
    }

    /// <summary>
    /// Selects the decoder that has read the longest beginning of these ids and nothing else. It is the current decoder, the one before the newest
    /// answer, or a new one.
    /// </summary>
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
        _decoder = _model.CreateDecoder();

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
