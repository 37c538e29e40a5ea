using System.Text;
using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Tokenization;

namespace Foreword.Data.Preparing;

/// <summary>Encodes the documents of a layout. It is thread-safe.</summary>
internal interface IDocumentEncoder
{
    /// <summary>Gets the id that follows every document; null if there is none.</summary>
    int? EndOfDocument { get; }

    /// <summary>Appends the ids of a chunk, without <see cref="EndOfDocument"/> at the end.</summary>
    EncodedChunk Encode(SplitChunk chunk, List<int> ids);
}

/// <summary>Holds what became of a chunk.</summary>
/// <param name="TextBytes">The number of UTF-8 bytes of the text that its ids stand for.</param>
/// <param name="Dropped">The number of messages that a dialogue lost.</param>
/// <param name="IsCut">Whether a dialogue's only remaining message lost a part.</param>
internal readonly record struct EncodedChunk(int TextBytes, int Dropped = 0, bool IsCut = false);

/// <summary>Counts what dialogues have lost.</summary>
/// <param name="Dialogues">The number of dialogues that lost messages.</param>
/// <param name="Messages">The number of messages that they lost.</param>
/// <param name="Cut">The number of dialogues whose only remaining message lost a part.</param>
internal sealed record ShortenedDialogues(long Dialogues = 0, long Messages = 0, long Cut = 0)
{
    /// <summary>Adds the losses of further chunks.</summary>
    public ShortenedDialogues With(IReadOnlyCollection<EncodedChunk> chunks) =>
        new(Dialogues + chunks.Count(chunk => chunk.Dropped > 0), Messages + chunks.Sum(chunk => (long)chunk.Dropped), Cut + chunks.Count(chunk => chunk.IsCut));
}

/// <summary>Encodes texts, with the tokens that the tokenizer's template puts around a text.</summary>
internal sealed class TextEncoder(Tokenizer tokenizer, bool allowSpecial) : IDocumentEncoder
{
    private readonly IReadOnlyList<int> _before = tokenizer.Roles.DocumentStart(tokenizer.EndOfTextId), _after = tokenizer.Roles.DocumentEnd(tokenizer.EndOfTextId);

    public int? EndOfDocument => tokenizer.EndOfTextId;

    public EncodedChunk Encode(SplitChunk chunk, List<int> ids)
    {
        if (chunk.BeginsDocument)
            ids.AddRange(_before);
        tokenizer.Encode(chunk.Text, ids, allowSpecial, continues: !chunk.BeginsDocument);
        if (chunk.EndsDocument)
            ids.AddRange(_after);
        return new EncodedChunk(Encoding.UTF8.GetByteCount(chunk.Text));
    }
}

/// <summary>Encodes texts in the form of GPT2-Chinese: <c>[MASK]</c> line <c>[SEP]</c> line <c>[CLS]</c>.</summary>
internal sealed class ArticleEncoder : IDocumentEncoder
{
    private const string Start = "[MASK]", LineBreak = "[SEP]", End = "[CLS]";

    private readonly Tokenizer _tokenizer;
    private readonly bool _allowSpecial;
    private readonly int _start, _lineBreak, _end;

    /// <summary>Creates an encoder.</summary>
    /// <exception cref="ArgumentException">The tokenizer lacks one of the three tokens.</exception>
    public ArticleEncoder(Tokenizer tokenizer, bool allowSpecial)
    {
        (_tokenizer, _allowSpecial) = (tokenizer, allowSpecial);
        (_start, _lineBreak, _end) = Ids(tokenizer);
    }

    /// <summary>
    /// Returns a tokenizer with the roles that the tokens have in articles: <c>[MASK]</c> begins a text and <c>[CLS]</c> ends it. A model then goes on
    /// after a line break, which BERT's roles would take for the end.
    /// </summary>
    /// <exception cref="ArgumentException">The tokenizer lacks one of the three tokens.</exception>
    public static Tokenizer Roles(Tokenizer tokenizer)
    {
        (int start, _, int end) = Ids(tokenizer);
        Dictionary<string, string> names = new(tokenizer.Roles.Names) { ["bos_token"] = Start, ["eos_token"] = End };
        int? own = tokenizer.With(TokenRoles.None).EndOfTextId;
        return tokenizer.With(tokenizer.Roles with { StartOfText = start, EndOfText = end == own ? null : end, Before = [start], After = [end], Stops = [], Names = names });
    }

    private static (int Start, int LineBreak, int End) Ids(Tokenizer tokenizer)
    {
        return (IdOf(Start), IdOf(LineBreak), IdOf(End));

        int IdOf(string text) => tokenizer.AddedTokens.Where(token => token.Text == text).Select(token => (int?)token.Id).FirstOrDefault()
            ?? throw new ArgumentException($"the layout gpt2-chinese needs a tokenizer with [MASK], [SEP] and [CLS], such as one with BERT's vocabulary; this one ({tokenizer.Kind}) has no {text}", nameof(tokenizer));
    }

    public int? EndOfDocument => _end;

    public EncodedChunk Encode(SplitChunk chunk, List<int> ids)
    {
        if (chunk.BeginsDocument)
            ids.Add(_start);
        _tokenizer.EncodeLines(chunk.Text, _lineBreak, ids, _allowSpecial, continues: !chunk.BeginsDocument);
        return new EncodedChunk(Encoding.UTF8.GetByteCount(chunk.Text));
    }
}

/// <summary>Encodes dialogues, each given as one line of JSON, by a chat template.</summary>
internal sealed class TemplateEncoder(Tokenizer tokenizer, ChatTemplate template, int? most) : IDocumentEncoder
{
    private readonly DialogueEncoder _encoder = new(tokenizer, template, most ?? int.MaxValue);

    public int? EndOfDocument => tokenizer.EndOfTextId;

    public EncodedChunk Encode(SplitChunk chunk, List<int> ids)
    {
        Dialogue dialogue = DialogueReader.OfLine(chunk.Text, "dialogue");
        (int[] encoded, _, int dropped, bool isCut, int bytes) = _encoder.Encode(dialogue);
        ids.AddRange(encoded.Length > 0 && encoded[^1] == EndOfDocument ? encoded.AsSpan(..^1) : encoded);
        return new EncodedChunk(bytes, dropped, isCut);
    }
}
