using Foreword.Data.Reading.Formats;
using Foreword.Generation.Streaming;
using Foreword.Tokenization;

namespace Foreword.Data.Shards;

/// <summary>Decodes the documents of token shards to text.</summary>
internal static class ShardText
{
    /// <summary>The number of tokens to decode at a time. Longer documents are returned in several chunks.</summary>
    private const int ChunkTokens = 1 << 15;

    /// <summary>
    /// Returns the documents of a split in order. The tokens that end a document, or that the tokenizer's template puts around it, are removed. Empty
    /// documents are skipped.
    /// </summary>
    /// <param name="data">The split.</param>
    /// <param name="tokenizer">The tokenizer that produced the split.</param>
    public static IEnumerable<TextChunk> Read(TokenDataset data, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(tokenizer);
        return Documents(data, tokenizer);
    }

    private static IEnumerable<TextChunk> Documents(TokenDataset data, Tokenizer tokenizer)
    {
        int[] ids = new int[ChunkTokens];
        HashSet<int> around = [.. tokenizer.TemplateStart, .. tokenizer.TemplateEnd];
        if (tokenizer.EndOfTextId is { } endOfText)
            around.Add(endOfText);
        for (long document = 0; document < data.Split.Documents; document++)
        {
            long end = document + 1 < data.Split.Documents ? data.DocumentStart(document + 1) : data.Count;
            Utf8Decoder characters = new();
            string text = "";
            for (long start = data.DocumentStart(document); start < end; start += ids.Length)
            {
                if (text.Length > 0)
                    yield return new TextChunk(text, EndsDocument: false);
                text = Decode(ids.AsSpan(0, (int)Math.Min(ids.Length, end - start)), start);
            }

            text += characters.Flush();
            if (text.Length > 0)
                yield return new TextChunk(text, EndsDocument: true);

            string Decode(Span<int> part, long start)
            {
                data.Read(start, part);
                return string.Concat(part.ToArray().Where(id => !around.Contains(id)).Select(id => characters.Append(tokenizer.TokenBytes(id))));
            }
        }
    }
}
