using System.Text;

namespace Foreword.Evaluation.Families;

/// <summary>
/// Undoes a corpus's tokenization ("do n't", " , ", " @-@ "), and does it again. Words are joined only where splitting gives back exactly the words that
/// were joined, so the text says neither more nor less than the corpus (the GPT-2 paper, section 3.1, calls that an invertible de-tokenizer; its own are
/// unpublished).
/// </summary>
internal sealed class Detokenizer
{
    private static readonly Mark[] Clitics = [.. new[] { "'s", "'re", "'ve", "'m", "'ll", "'d", "n't", "'S" }.Select(text => new Mark(text, text, Side.Before))];
    private static readonly Mark[] Punctuation =
    [
        .. new[] { ",", ".", ";", ":", "!", "?", ")", "]", "%", "...", "…" }.Select(text => new Mark(text, text, Side.Before)),
        .. new[] { "(", "[", "$", "£", "€", "#" }.Select(text => new Mark(text, text, Side.After)),
    ];
    private static readonly HashSet<string> Abbreviations = new(("Mr. Mrs. Ms. Dr. St. Jr. Sr. vs. No. Nos. Co. Inc. Ltd. Corp. Lt. Col. Gen. Capt. Sgt. Maj. Adm. Cmdr. Prof. Rev. Hon. Gov. Sen. Rep. " +
        "v. e.g. i.e. lbs. mm. Mt. Ft. Jan. Feb. Mar. Apr. Jun. Jul. Aug. Sept. Sep. Oct. Nov. Dec. etc. approx. ca. c. p. pp. vol. op. cit. al. Bros. Messrs. Mme. Mlle.").Split(' '), StringComparer.Ordinal);

    private readonly Mark[] _marks;
    private readonly bool _hasInfixes;

    private Detokenizer(Mark[] marks, bool hasInfixes) => (_marks, _hasInfixes) = ([.. marks.OrderByDescending(mark => mark.Text.Length)], hasInfixes);

    private enum Side
    {
        /// <summary>Joins the word before it, as a comma does.</summary>
        Before,

        /// <summary>Joins the word after it, as an opening bracket does.</summary>
        After,

        /// <summary>The first of a line joins the word after it, the second the word before it, and so on.</summary>
        Alternating,
    }

    /// <summary>WikiText's raw form: punctuation apart, straight quotes, <c>@-@</c>, <c>@,@</c> and <c>@.@</c> inside words and numbers.</summary>
    public static Detokenizer WikiText { get; } = new([.. Clitics, .. Punctuation, new Mark("\"", "\"", Side.Alternating)], hasInfixes: true);

    /// <summary>The Penn Treebank as Mikolov published it: small letters, N for numbers, no punctuation but clitics, percent and currency signs.</summary>
    public static Detokenizer PennTreebank { get; } = new([.. Clitics, new Mark("%", "%", Side.Before), new Mark("$", "$", Side.After), new Mark("#", "#", Side.After)], hasInfixes: false);

    /// <summary>The One Billion Word benchmark: punctuation and straight quotes apart.</summary>
    public static Detokenizer OneBillionWord { get; } = new([.. Clitics, .. Punctuation, new Mark("\"", "\"", Side.Alternating)], hasInfixes: false);

    /// <summary>The Children's Book Test: Treebank quotes and brackets.</summary>
    public static Detokenizer Books { get; } = new(
        [.. Clitics, .. Punctuation.Where(mark => mark.Word is not ("(" or ")")), new Mark("``", "\"", Side.After), new Mark("''", "\"", Side.Before), new Mark("-LRB-", "(", Side.After), new Mark("-RRB-", ")", Side.Before)], hasInfixes: false);

    /// <summary>The words of a line as running text.</summary>
    public string Join(IReadOnlyList<string> words)
    {
        StringBuilder line = new();
        List<string> joined = []; // the words of the chunk that is being made: no space is inside it
        string chunk = "";
        Side? last = null;
        bool isOpen = false;
        for (int i = 0; i < words.Count; i++)
        {
            if (InfixOf(words[i]) is { } infix && chunk.Length > 0 && i + 1 < words.Count && Splits($"{chunk}{infix}{words[i + 1]}", [.. joined, words[i], words[i + 1]]))
            {
                chunk = $"{chunk}{infix}{words[i + 1]}";
                joined.AddRange([words[i], words[i + 1]]);
                last = null;
                i++;
                continue;
            }

            Mark? mark = MarkOf(words[i]);
            Side? side = mark?.Side;
            if (side == Side.Alternating)
            {
                side = isOpen ? Side.Before : Side.After;
                isOpen = !isOpen;
            }

            string text = mark?.Text ?? words[i];
            if ((side == Side.Before || (last == Side.After && side != Side.Before)) && chunk.Length > 0 && Splits(chunk + text, [.. joined, words[i]]))
            {
                chunk += text;
                joined.Add(words[i]);
            }
            else
            {
                Flush();
                bool isAlone = mark is null || Splits(text, [words[i]]);
                chunk = isAlone ? text : words[i]; // a mark that would be split otherwise keeps its own form
                joined = [words[i]];
            }

            last = side;
        }

        Flush();
        return line.ToString();

        void Flush()
        {
            if (chunk.Length == 0)
                return;
            if (line.Length > 0)
                line.Append(' ');
            line.Append(chunk);
            chunk = "";
        }
    }

    /// <summary>The words of running text: what <see cref="Join"/> made them from.</summary>
    public IReadOnlyList<string> Split(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(SplitChunk)];

    private bool Splits(string chunk, IReadOnlyList<string> words) => SplitChunk(chunk).SequenceEqual(words);

    private List<string> SplitChunk(string chunk)
    {
        List<string> before = [], after = [];
        while (chunk.Length > 0 && !IsWhole(chunk))
        {
            if (_marks.FirstOrDefault(mark => mark.Side != Side.Before && chunk.StartsWith(mark.Text, StringComparison.Ordinal)) is { } opening)
            {
                before.Add(opening.Word);
                chunk = chunk[opening.Text.Length..];
            }
            else if (_marks.FirstOrDefault(mark => mark.Side != Side.After && chunk.EndsWith(mark.Text, StringComparison.Ordinal)) is { } closing)
            {
                after.Insert(0, closing.Word);
                chunk = chunk[..^closing.Text.Length];
            }
            else
            {
                break;
            }
        }

        if (chunk.Length > 0)
            before.AddRange(_hasInfixes && !IsWhole(chunk) ? SplitInfixes(chunk) : [chunk]);
        before.AddRange(after);
        return before;
    }

    /// <summary>What is a word as it stands: an abbreviation, initials, an infix that could not be joined, a mark's own form.</summary>
    private bool IsWhole(string chunk) => Abbreviations.Contains(chunk) || IsInitials(chunk) || InfixOf(chunk) is not null
        || (MarkOf(chunk) is { } mark && mark.Word != mark.Text);

    private static bool IsInitials(string chunk)
    {
        if (chunk.Length < 2 || chunk.Length % 2 != 0)
            return false;
        for (int i = 0; i < chunk.Length; i += 2)
        {
            if (!char.IsUpper(chunk[i]) || chunk[i + 1] != '.')
                return false;
        }

        return true;
    }

    private static List<string> SplitInfixes(string chunk)
    {
        List<string> words = [];
        int start = 0;
        for (int i = 1; i + 1 < chunk.Length; i++)
        {
            bool between = chunk[i] == '-' ? char.IsLetterOrDigit(chunk[i - 1]) && char.IsLetterOrDigit(chunk[i + 1])
                : chunk[i] is ',' or '.' && IsNumberUpTo(chunk, i) && IsNumberFrom(chunk, i + 1);
            if (!between)
                continue;
            words.AddRange([chunk[start..i], $"@{chunk[i]}@"]);
            start = i + 1;
        }

        words.Add(chunk[start..]);
        return words;
    }

    /// <summary>Whether digits end here that no letter begins, as in 3.5 but not in T2.5.</summary>
    private static bool IsNumberUpTo(string chunk, int end)
    {
        int start = end;
        while (start > 0 && char.IsDigit(chunk[start - 1]))
            start--;
        return start < end && (start == 0 || !char.IsLetter(chunk[start - 1]));
    }

    /// <summary>Whether digits begin here that no letter ends, as in 1,500 but not in 1,500th.</summary>
    private static bool IsNumberFrom(string chunk, int start)
    {
        int end = start;
        while (end < chunk.Length && char.IsDigit(chunk[end]))
            end++;
        return start < end && (end == chunk.Length || !char.IsLetter(chunk[end]));
    }

    private string? InfixOf(string word) => !_hasInfixes ? null : word switch
    {
        "@-@" => "-",
        "@,@" => ",",
        "@.@" => ".",
        _ => null,
    };

    private Mark? MarkOf(string word) => _marks.FirstOrDefault(mark => mark.Word == word);

    /// <summary>A word of its own in the corpus that running text joins to a neighbour.</summary>
    private sealed record Mark(string Word, string Text, Side Side);
}
