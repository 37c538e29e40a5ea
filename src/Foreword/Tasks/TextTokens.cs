using System.Globalization;
using System.Text;
using Foreword.Tokenization;

namespace Foreword.Tasks;

/// <summary>The tokens of a text, with the characters that each of them stands for.</summary>
/// <param name="Ids">The token ids.</param>
/// <param name="Ranges">
/// For each token, the index of its first character and the index after its last one, in UTF-16. A character whose bytes lie in several tokens belongs
/// to each of them.
/// </param>
internal sealed record TextTokens(int[] Ids, (int Start, int End)[] Ranges)
{
    /// <summary>Encodes a text.</summary>
    /// <remarks>
    /// If the bytes of the tokens are those of the text, as for byte-level BPE, each token has its own characters. Other tokenizers change the text
    /// before they divide it. The text is then encoded in pieces (words, and single signs and Chinese characters), and a token has those of its piece.
    /// </remarks>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="text">The text.</param>
    public static TextTokens Of(Tokenizer tokenizer, string text)
    {
        int[] ids = tokenizer.Encode(text);
        int[] lengths = [.. ids.Select(id => tokenizer.TokenBytes(id).Length)];
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return lengths.Sum() == bytes.Length && ids.SelectMany(id => tokenizer.TokenBytes(id).ToArray()).SequenceEqual(bytes) ? OfBytes(ids, lengths, text, bytes.Length) : OfPieces(tokenizer, text);
    }

    private static TextTokens OfBytes(int[] ids, int[] lengths, string text, int count)
    {
        (int Start, int End)[] characters = new (int, int)[count]; // of each byte
        int at = 0, place = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            for (int i = 0; i < rune.Utf8SequenceLength; i++)
                characters[at++] = (place, place + rune.Utf16SequenceLength);
            place += rune.Utf16SequenceLength;
        }

        (int Start, int End)[] ranges = new (int, int)[ids.Length];
        int first = 0;
        for (int t = 0; t < ids.Length; first += lengths[t++])
            ranges[t] = lengths[t] == 0 ? (ranges[Math.Max(0, t - 1)].End, ranges[Math.Max(0, t - 1)].End) : (characters[first].Start, characters[first + lengths[t] - 1].End);
        return new TextTokens(ids, ranges);
    }

    private static TextTokens OfPieces(Tokenizer tokenizer, string text)
    {
        List<int> ids = [];
        List<(int, int)> ranges = [];
        foreach ((int start, int word, int end) in Pieces(text))
        {
            tokenizer.Encode(text.AsSpan(start, end - start), ids, allowSpecial: false, continues: start > 0);
            while (ranges.Count < ids.Count)
                ranges.Add((word, end));
        }

        return new TextTokens([.. ids], [.. ranges]);
    }

    /// <summary>Divides a text into pieces: white space, then letters and digits, or one other character.</summary>
    private static IEnumerable<(int Start, int Word, int End)> Pieces(string text)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            int word = start;
            while (word < text.Length && char.IsWhiteSpace(text[word]))
                word++;
            if (word == text.Length)
                yield break;
            Rune first = RuneAt(text, word);
            end = word + first.Utf16SequenceLength;
            while (IsWordPart(first) && end < text.Length && RuneAt(text, end) is var next && IsWordPart(next))
                end += next.Utf16SequenceLength;
            yield return (start, word, end);
        }
    }

    /// <summary>Returns the character at an index; U+FFFD for half a character.</summary>
    private static Rune RuneAt(string text, int index) => Rune.TryGetRuneAt(text, index, out Rune rune) ? rune : Rune.ReplacementChar;

    /// <summary>Returns whether a character continues a word. A letter without case, such as a Chinese one, is a piece of its own.</summary>
    private static bool IsWordPart(Rune rune) => Rune.IsLetterOrDigit(rune) && Rune.GetUnicodeCategory(rune) != UnicodeCategory.OtherLetter || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark;
}
