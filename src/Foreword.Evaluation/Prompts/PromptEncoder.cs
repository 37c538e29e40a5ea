using System.Text;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Prompts;

/// <summary>
/// Cuts texts into tokens for scoring. Context and continuation are encoded together, as the model would meet them; what both encodings have in common
/// is the context, so a token that spans the border belongs to the continuation.
/// </summary>
public sealed class PromptEncoder
{
    private readonly Tokenizer _tokenizer;
    private readonly int _contextLength;
    private readonly bool _truncate;

    /// <summary>An encoder for one model.</summary>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="contextLength">Its longest sequence.</param>
    /// <param name="truncate">Whether a context that is too long loses its beginning instead of being refused.</param>
    /// <exception cref="ArgumentException">The tokenizer cannot even encode a full stop.</exception>
    public PromptEncoder(Tokenizer tokenizer, int contextLength, bool truncate)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        (_tokenizer, _contextLength, _truncate) = (tokenizer, contextLength, truncate);
        int[] start = tokenizer.StartOfTextId is { } begin ? [begin] : [.. tokenizer.Encode("\n").Concat(tokenizer.Encode(".")).Take(1)];
        Start = start is [var first] ? first : throw new ArgumentException("the tokenizer has neither an end-of-text token nor one for a line break or a full stop; texts cannot begin");
    }

    /// <summary>The token that stands before a text that has no context: the one that begins a text (GPT-2: end-of-text), or a line break or full stop where the vocabulary has none.</summary>
    public int Start { get; }

    /// <summary>How that token is written.</summary>
    public string StartText => _tokenizer.TokenText(Start);

    /// <summary>The requests that score the continuations: one, unless the border's tokens differ between them.</summary>
    /// <exception cref="ArgumentException">Context and continuation are longer than the model's context.</exception>
    internal IReadOnlyList<EncodedContinuations> Encode(string context, IReadOnlyList<string> continuations)
    {
        int[] before = Ids(context);
        int[][] whole = [.. continuations.Select(continuation => Ids(context + continuation))];
        int[] common = [.. whole.Select(ids => before.AsSpan().CommonPrefixLength(ids))];
        return [.. Enumerable.Range(0, whole.Length).GroupBy(k => common[k]).Select(group => new EncodedContinuations(
            Fitting(group.Key == 0 ? [Start] : before[..group.Key], [.. group.Select(k => whole[k][group.Key..])], context), [.. group]))];
    }

    /// <summary>The ids of a prompt, at least one.</summary>
    /// <exception cref="ArgumentException">It fills the context.</exception>
    internal int[] EncodePrompt(string prompt)
    {
        int[] ids = Ids(prompt);
        return ids.Length == 0 ? [Start] : Fitting(ids, [[0]], prompt).Context;
    }

    /// <summary>The start of a text, for messages.</summary>
    internal static string Beginning(string text) => text.Length <= 40 ? text : $"{text[..40]}…";

    internal static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>A text begins as the tokenizer's template has it; nothing is put after it, because it goes on.</summary>
    private int[] Ids(string text) => [.. _tokenizer.TemplateStart, .. _tokenizer.Encode(text)];

    private ScoringRequest Fitting(int[] context, int[][] continuations, string text)
    {
        int longest = continuations.Max(c => c.Length), room = _contextLength + 1 - longest;
        if (context.Length <= room)
            return new ScoringRequest(context, continuations);
        if (!_truncate || room < 1)
            throw new ArgumentException($"the prompt '{Beginning(text)}' has {context.Length} tokens and its longest continuation {longest}; the model's context length is {_contextLength}{(room < 1 ? "" : " (--truncate drops the prompt's beginning)")}");
        return new ScoringRequest(context[^room..], continuations);
    }
}

/// <summary>A request to the model, and which of a document's continuations it scores.</summary>
internal sealed record EncodedContinuations(ScoringRequest Request, int[] Which);
