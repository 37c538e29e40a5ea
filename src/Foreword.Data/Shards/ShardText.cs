using Foreword.Data.Reading;
using Foreword.Generation;
using Foreword.Tokenization;

namespace Foreword.Data.Shards;

/// <summary>The documents of token shards as text again.</summary>
public static class ShardText
{
    /// <summary>Tokens that are decoded at a time; longer documents come in pieces.</summary>
    private const int PieceTokens = 1 << 15;

    /// <summary>The documents of a split in order, without the tokens that end them or that the tokenizer's template puts around them. Empty ones are left out.</summary>
    /// <param name="data">The split.</param>
    /// <param name="tokenizer">The tokenizer that made it.</param>
    public static IEnumerable<TextPiece> Read(TokenDataset data, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(tokenizer);
        return Documents(data, tokenizer);
    }

    private static IEnumerable<TextPiece> Documents(TokenDataset data, Tokenizer tokenizer)
    {
        int[] ids = new int[PieceTokens];
        HashSet<int> around = [.. tokenizer.TemplateStart, .. tokenizer.TemplateEnd];
        if (tokenizer.EndOfTextId is { } endOfText)
            around.Add(endOfText);
        for (long document = 0; document < data.Split.Documents; document++)
        {
            long end = document + 1 < data.Split.Documents ? data.DocumentStart(document + 1) : data.Count;
            Utf8Pieces characters = new();
            string text = "";
            for (long start = data.DocumentStart(document); start < end; start += ids.Length)
            {
                if (text.Length > 0)
                    yield return new TextPiece(text, EndsDocument: false);
                text = Decode(ids.AsSpan(0, (int)Math.Min(ids.Length, end - start)), start);
            }

            text += characters.Flush();
            if (text.Length > 0)
                yield return new TextPiece(text, EndsDocument: true);

            string Decode(Span<int> part, long start)
            {
                data.Read(start, part);
                return string.Concat(part.ToArray().Where(id => !around.Contains(id)).Select(id => characters.Append(tokenizer.TokenBytes(id))));
            }
        }
    }
}
