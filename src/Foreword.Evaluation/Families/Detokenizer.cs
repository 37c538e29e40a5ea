using System.Text;

namespace Foreword.Evaluation.Families;

/// <summary>
/// Undoes a corpus's tokenization ("do n't", " , ", " @-@ ") and can redo it. Words are joined only if splitting returns exactly the words that were
/// joined, so the text holds the same information as the corpus. The GPT-2 paper (section 3.1) calls this an invertible de-tokenizer. The paper's own
/// de-tokenizers are unpublished.
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
        /// <summary>The mark is joined to the word before it, as a comma is.</summary>
        Before,

        /// <summary>The mark is joined to the word after it, as an opening bracket is.</summary>
        After,

        /// <summary>The first such mark of a line is joined to the word after it, the second one to the word before it, and so on.</summary>
        Alternating,
    }

    /// <summary>
    /// Gets the de-tokenizer for WikiText's raw form: separate punctuation, straight quotes, <c>@-@</c>, <c>@,@</c> and <c>@.@</c> inside words and
    /// numbers.
    /// </summary>
    public static Detokenizer WikiText { get; } = new([.. Clitics, .. Punctuation, new Mark("\"", "\"", Side.Alternating)], hasInfixes: true);

    /// <summary>
    /// Gets the de-tokenizer for the Penn Treebank as Mikolov published it: lower case, N for numbers, and no punctuation except clitics, percent
    /// signs and currency signs.
    /// </summary>
    public static Detokenizer PennTreebank { get; } = new([.. Clitics, new Mark("%", "%", Side.Before), new Mark("$", "$", Side.After), new Mark("#", "#", Side.After)], hasInfixes: false);

    /// <summary>Gets the de-tokenizer for the One Billion Word benchmark: separate punctuation and straight quotes.</summary>
    public static Detokenizer OneBillionWord { get; } = new([.. Clitics, .. Punctuation, new Mark("\"", "\"", Side.Alternating)], hasInfixes: false);

    /// <summary>Gets the de-tokenizer for the Children's Book Test: Treebank quotes and brackets.</summary>
    public static Detokenizer Books { get; } = new(
        [.. Clitics, .. Punctuation.Where(mark => mark.Word is not ("(" or ")")), new Mark("``", "\"", Side.After), new Mark("''", "\"", Side.Before), new Mark("-LRB-", "(", Side.After), new Mark("-RRB-", ")", Side.Before)], hasInfixes: false);

    /// <summary>Joins the words of a line to running text.</summary>
    public string Join(IReadOnlyList<string> words)
    {
        StringBuilder line = new();
        List<string> joined = []; // the words of the current chunk, which has no spaces inside
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
                chunk = isAlone ? text : words[i]; // a mark that would be split differently keeps its own form
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

    /// <summary>Splits running text into the words from which <see cref="Join"/> made it.</summary>
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

    /// <summary>
    /// Checks whether a chunk is never split: an abbreviation, initials, an infix that could not be joined, or a mark in its own form.
    /// </summary>
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

    /// <summary>Checks whether digits end at <paramref name="end"/> and no letter precedes them: true in 3.5, false in T2.5.</summary>
    private static bool IsNumberUpTo(string chunk, int end)
    {
        int start = end;
        while (start > 0 && char.IsDigit(chunk[start - 1]))
            start--;
        return start < end && (start == 0 || !char.IsLetter(chunk[start - 1]));
    }

    /// <summary>Checks whether digits begin at <paramref name="start"/> and no letter follows them: true in 1,500, false in 1,500th.</summary>
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

    /// <summary>A symbol that is a separate word in the corpus and is joined to a neighboring word in running text.</summary>
    private sealed record Mark(string Word, string Text, Side Side);
}
