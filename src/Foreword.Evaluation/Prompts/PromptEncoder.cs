using System.Text;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Prompts;

/// <summary>
/// Encodes texts as tokens for scoring. Context and continuation are encoded together, as the model would see them. The leading tokens that this
/// encoding shares with the encoding of the context alone are the context. A token that crosses the boundary therefore belongs to the continuation.
/// </summary>
public sealed class PromptEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly int _contextLength;
    private readonly bool _truncate;

    /// <summary>Creates an encoder for one model.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="contextLength">The model's context length in tokens.</param>
    /// <param name="truncate">Whether a context that is too long loses its beginning; if false, it is an error.</param>
    /// <exception cref="ArgumentException">The tokenizer has no end-of-text token and encodes neither a line break nor a full stop.</exception>
    public PromptEncoder(Tokenizer tokenizer, int contextLength, bool truncate)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        (_tokenizer, _contextLength, _truncate) = (tokenizer, contextLength, truncate);
        int[] start = tokenizer.StartOfTextId is { } begin ? [begin] : [.. tokenizer.Encode("\n").Concat(tokenizer.Encode(".")).Take(1)];
        Start = start is [var first] ? first : throw new ArgumentException("the tokenizer has neither an end-of-text token nor one for a line break or a full stop; no token can start a text", nameof(tokenizer));
    }

    /// <summary>
    /// Gets the token before a text that has no context. It is the token that begins a text (GPT-2: end-of-text) or, if the vocabulary has none, a
    /// line break or a full stop.
    /// </summary>
    public int Start { get; }

    /// <summary>Gets the text of the start token.</summary>
    public string StartText => _tokenizer.TokenText(Start);

    /// <summary>
    /// Returns the requests that score the continuations. There is one, unless the tokens at the boundary differ between the continuations.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// Context and continuation are longer than the model's context length, and truncation is off or cannot help.
    /// </exception>
    internal IReadOnlyList<EncodedContinuations> Encode(string context, IReadOnlyList<string> continuations)
    {
        int[] before = Ids(context);
        int[][] whole = [.. continuations.Select(continuation => Ids(context + continuation))];
        int[] common = [.. whole.Select(ids => before.AsSpan().CommonPrefixLength(ids))];
        return [.. Enumerable.Range(0, whole.Length).GroupBy(k => common[k]).Select(group => new EncodedContinuations(
            Fitting(group.Key == 0 ? [Start] : before[..group.Key], [.. group.Select(k => whole[k][group.Key..])], context), [.. group]))];
    }

    /// <summary>Returns the token ids of a prompt, at least one.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="whole">Whether a prompt that is too long keeps all its ids; <see cref="TextGenerator.Fit"/> then truncates it.</param>
    /// <exception cref="ArgumentException">The prompt is longer than the model's context length, and truncation is off.</exception>
    internal int[] EncodePrompt(string prompt, bool whole)
    {
        int[] ids = Ids(prompt);
        if (ids.Length == 0)
            return [Start];
        int[] fitting = Fitting(ids, [[0]], prompt).Context;
        return whole ? ids : fitting;
    }

    /// <summary>Returns the beginning of a text, for error messages.</summary>
    internal static string Beginning(string text) => text.Length <= 40 ? text : $"{text[..40]}…";

    internal static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>Encodes a text after the start that the tokenizer's template requires. Nothing is appended, because the text continues.</summary>
    private int[] Ids(string text) => [.. _tokenizer.TemplateStart, .. _tokenizer.Encode(text)];

    private ScoringRequest Fitting(int[] context, int[][] continuations, string text)
    {
        int longest = continuations.Max(c => c.Length), room = _contextLength + 1 - longest;
        if (context.Length <= room)
            return new ScoringRequest(context, continuations);
        if (!_truncate || room < 1)
            throw new ArgumentException($"the prompt '{Beginning(text)}' has {context.Length} tokens and its longest continuation {longest}; the model's context length is {_contextLength}{(room < 1 ? "" : " (truncation drops the prompt's beginning)")}", nameof(context));
        return new ScoringRequest(context[^room..], continuations);
    }
}

/// <summary>A request to the model, and the indexes of the document's continuations that it scores.</summary>
internal sealed record EncodedContinuations(ScoringRequest Request, int[] Which);
