using System.Globalization;
using System.Text;

namespace Foreword.Tokenization.Normalization;

/// <summary>
/// Splits text into words in the same way as BERT's basic tokenizer (google-research/bert, tokenization.py; Hugging Face's BertNormalizer and
/// BertPreTokenizer). It drops control characters, splits at white space, and turns letters to lowercase without accents. Every punctuation mark
/// and every CJK ideograph is a word of its own. It works on code points. A lone surrogate is treated as U+FFFD, which is dropped.
/// </summary>
internal sealed class BasicSplit
{
    private static readonly Lazy<BasicSplit>[] All = [.. Enumerable.Range(0, 8).Select(bits => new Lazy<BasicSplit>(() => new BasicSplit((bits & 4) != 0, (bits & 2) != 0, (bits & 1) != 0)))];

    /// <summary>Gets the split into lowercase words without accents, which the uncased BERT models and GPT-1 use.</summary>
    public static BasicSplit Uncased => Of(lowerCase: true, stripAccents: true, separateIdeographs: true);

    /// <summary>Returns the split with these switches of Hugging Face's BertNormalizer.</summary>
    public static BasicSplit Of(bool lowerCase, bool stripAccents, bool separateIdeographs) => All[(lowerCase ? 4 : 0) + (stripAccents ? 2 : 0) + (separateIdeographs ? 1 : 0)].Value;

    /// <summary>
    /// The treatment of a character of the basic plane. <see cref="AddLong"/> handles all other characters, and those that become several characters.
    /// </summary>
    private enum Way : byte
    {
        Keep,
        Separate,
        Drop,
        Alone,
        Long,
    }

    private readonly bool _lowerCase, _stripAccents, _separateIdeographs;
    private readonly Way[] _ways = new Way[char.MaxValue + 1];
    private readonly char[] _folded = new char[char.MaxValue + 1];

    private BasicSplit(bool lowerCase, bool stripAccents, bool separateIdeographs)
    {
        (_lowerCase, _stripAccents, _separateIdeographs) = (lowerCase, stripAccents, separateIdeographs);
        for (int unit = 0; unit < _ways.Length; unit++)
        {
            if (char.IsSurrogate((char)unit))
            {
                _ways[unit] = Way.Long;
                continue;
            }

            Rune rune = new(unit);
            string folded = Folded(rune);
            _ways[unit] = IsDropped(rune) ? Way.Drop
                : Rune.IsWhiteSpace(rune) ? Way.Separate
                : folded.Length == 0 ? Way.Drop
                : folded.Length > 1 ? Way.Long
                : IsSeparate(rune) || IsPunctuation(new Rune(folded[0])) ? Way.Alone
                : Way.Keep;
            _folded[unit] = folded.Length == 1 ? folded[0] : default;
        }
    }

    /// <summary>Calls <paramref name="found"/> for every word of the text, in order. The word is valid only during the call.</summary>
    public void Words(ReadOnlySpan<char> text, CountChunk found)
    {
        WordBuffer word = new(found);
        for (int at = 0; at < text.Length; at++)
        {
            char unit = text[at];
            switch (_ways[unit])
            {
                case Way.Keep:
                    word.Add(_folded[unit]);
                    break;
                case Way.Separate:
                    word.End();
                    break;
                case Way.Drop:
                    break;
                case Way.Alone:
                    word.End();
                    word.Add(_folded[unit]);
                    word.End();
                    break;
                default:
                    _ = Rune.DecodeFromUtf16(text[at..], out Rune rune, out int length);
                    AddLong(rune, ref word);
                    at += length - 1;
                    break;
            }
        }

        word.End();
    }

    /// <summary>Adds the characters that the split drops without a replacement, such as control characters. Accents are not added.</summary>
    public static void AddDropped(ReadOnlySpan<char> text, DistinctRunes lost)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value is < ' ' or > '~' && IsDropped(rune))
                lost.Add(rune);
        }
    }

    private void AddLong(Rune rune, ref WordBuffer word)
    {
        if (IsDropped(rune))
            return;
        bool alone = IsSeparate(rune);
        foreach (Rune part in Folded(rune).EnumerateRunes())
        {
            bool ends = alone || IsPunctuation(part);
            if (ends)
                word.End();
            word.Add(part);
            if (ends)
                word.End();
        }
    }

    /// <summary>Returns the text as BertNormalizer changes it: not yet split into words, with spaces around ideographs.</summary>
    public string Normalize(ReadOnlySpan<char> text)
    {
        StringBuilder normal = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsDropped(rune))
                continue;
            if (Rune.IsWhiteSpace(rune))
                normal.Append(' ');
            else if (IsSeparate(rune))
                normal.Append(' ').Append(Folded(rune)).Append(' ');
            else
                normal.Append(Folded(rune));
        }

        return normal.ToString();
    }

    private bool IsSeparate(Rune rune) => _separateIdeographs && IsIdeograph(rune);

    /// <summary>Returns the character in lowercase and without accents (nonspacing marks), as far as the switches require it.</summary>
    private string Folded(Rune rune)
    {
        string letters = rune.ToString();
        if (_stripAccents)
            letters = string.Concat((CanonicalDecomposition.Of(rune) ?? letters).EnumerateRunes().Where(letter => Rune.GetUnicodeCategory(letter) != UnicodeCategory.NonSpacingMark));
        return _lowerCase ? LowerCase.Of(letters) : letters;
    }

    /// <summary>
    /// Checks for a character that is dropped: control, format, private-use and unassigned characters, NUL and U+FFFD, but not tab, line feed or
    /// carriage return.
    /// </summary>
    private static bool IsDropped(Rune rune) => rune.Value is 0 or 0xFFFD
        || (rune.Value is not ('\t' or '\n' or '\r') && Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    /// <summary>Checks for punctuation: ASCII that is not a letter, digit, space or control character, and Unicode's punctuation.</summary>
    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? rune.Value is > ' ' and < 0x7F && !Rune.IsLetterOrDigit(rune)
        : Rune.GetUnicodeCategory(rune) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    /// <summary>Checks for a character in the blocks of CJK ideographs that BERT surrounds with spaces. Kana and Hangul are not in these blocks.</summary>
    public static bool IsIdeograph(Rune rune) => rune.Value
        is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2CEAF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>The word that is being built.</summary>
    private struct WordBuffer(CountChunk found)
    {
        private char[] _letters = new char[64];
        private int _length;

        public void Add(char letter)
        {
            if (_length == _letters.Length)
                Array.Resize(ref _letters, 2 * _length);
            _letters[_length++] = letter;
        }

        public void Add(Rune letter)
        {
            Span<char> units = stackalloc char[2];
            foreach (char unit in units[..letter.EncodeToUtf16(units)])
                Add(unit);
        }

        public void End()
        {
            if (_length > 0)
                found(_letters.AsSpan(0, _length));
            _length = 0;
        }
    }
}
