#:property PublishAot=false
#:property PackAsTool=false

// Finds sentences that a reader with English as a second language has to read twice. See .ci/prose for how to call it.
// Comments, doc comments and Markdown become texts, texts become sentences, and each pattern looks at a sentence.

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

HashSet<string> only = [.. args.Zip(args.Skip(1)).Where(pair => pair.First == "--only").Select(pair => pair.Second)];
string? commit = args.Where((argument, i) => !argument.StartsWith("--", StringComparison.Ordinal) && (i == 0 || args[i - 1] != "--only")).FirstOrDefault();
ILookup<string, int>? changed = commit is null ? null : Git.ChangedLines(commit);

SortedDictionary<string, int> counts = new(StringComparer.Ordinal);
foreach (string file in Git.Lines("ls-files", "--cached", "--others", "--exclude-standard", "*.cs", "*.md").Where(File.Exists))
{
    string[] lines = File.ReadAllLines(file);
    HashSet<int>? linesToShow = changed is null ? null : [.. changed[file]];
    foreach (Text text in file.EndsWith(".cs", StringComparison.Ordinal) ? CSharp.Texts(lines) : Markdown.Texts(lines))
    {
        foreach (Sentence sentence in text.Sentences().Where(sentence => linesToShow is null || sentence.Lines.Any(linesToShow.Contains)))
        {
            foreach ((string pattern, int at) in Patterns.In(sentence, text.Kind))
                Report($"{file}:{sentence.Lines[at]}", pattern, sentence.Words);
        }
    }
}

foreach (string[] subject in (commit is null ? [] : Git.Lines("log", "--no-merges", "--format=%h%x09%s", $"{commit}..HEAD")).Select(line => line.Split('\t', 2)))
{
    if (subject[1].Length > Patterns.LongestSubject)
        Report(subject[0], "long-subject", subject[1]);
    Text text = new(TextKind.Text);
    text.Add(subject[1], 1);
    foreach ((string pattern, _) in text.Sentences().SelectMany(sentence => Patterns.In(sentence, text.Kind)))
        Report(subject[0], pattern, subject[1]);
}

foreach ((string pattern, int count) in counts)
    Console.Error.WriteLine($"{count,6} {pattern}");
return counts.Count == 0 ? 0 : 1;

void Report(string place, string pattern, string words)
{
    if (only.Count > 0 && !only.Contains(pattern))
        return;
    counts[pattern] = counts.GetValueOrDefault(pattern) + 1;
    if (!args.Contains("--counts"))
        Console.WriteLine($"{place}: {pattern}: {words}");
}

/// <summary>The kinds of texts. Summaries have rules of their own.</summary>
internal enum TextKind
{
    Text,
    SummaryOfMember,
    SummaryOfType,
}

/// <summary>A sentence with the line of every character: as it is written, and with code replaced by the letter X.</summary>
internal sealed record Sentence(IReadOnlyList<int> Lines, bool IsFirst, string Words, string Masked);

/// <summary>Collects prose with the line of every character. Code is kept to be shown and masked to be searched.</summary>
internal sealed class Text(TextKind kind)
{
    private readonly StringBuilder _words = new(), _masked = new();
    private readonly List<int> _lines = [];

    /// <summary>Gets what the text is.</summary>
    public TextKind Kind => kind;

    /// <summary>Appends words, or code if <paramref name="isCode"/>. White space becomes one space.</summary>
    public void Add(string words, int line, bool isCode = false)
    {
        foreach (char character in words)
        {
            bool isSpace = char.IsWhiteSpace(character);
            if (isSpace && (_words.Length == 0 || _words[^1] == ' '))
                continue;
            _words.Append(isSpace ? ' ' : character);
            _masked.Append(isCode ? 'X' : isSpace ? ' ' : character);
            _lines.Add(line);
        }
    }

    /// <summary>Divides the text at full stops, question marks and exclamation marks that a space follows.</summary>
    public IEnumerable<Sentence> Sentences()
    {
        string words = _words.ToString(), masked = _masked.ToString();
        int start = 0;
        bool isFirst = true;
        foreach (int end in Patterns.SentenceEnd().Matches(masked).Select(match => match.Index + match.Length).Append(masked.Length))
        {
            string sentence = masked[start..end].TrimEnd();
            if (sentence.Length > 0)
                yield return new(_lines[start..(start + sentence.Length)], isFirst, words[start..(start + sentence.Length)], sentence);
            isFirst &= sentence.Length == 0;
            start = end;
        }
    }
}

/// <summary>Takes comments and doc comments out of C# source.</summary>
internal static partial class CSharp
{
    private static readonly string[] Blocks = ["summary", "param", "typeparam", "returns", "remarks", "exception", "value", "para", "item", "list", "example", "description", "term"];

    /// <summary>Returns the comments of a file: lines of // that follow each other are one text, and every element of a doc comment is one.</summary>
    public static IEnumerable<Text> Texts(string[] lines)
    {
        List<(string Words, int Line)> run = [];
        bool isDoc = false;
        int rawQuotes = 0;
        for (int i = 0; i <= lines.Length; i++)
        {
            bool wasRaw = rawQuotes > 0;
            int comment = i < lines.Length ? CommentStart(lines[i], ref rawQuotes) : -1;
            bool isWholeLine = comment >= 0 && !wasRaw && string.IsNullOrWhiteSpace(lines[i][..comment]);
            bool lineIsDoc = isWholeLine && lines[i].AsSpan(comment).StartsWith("///");
            if (run.Count > 0 && (!isWholeLine || lineIsDoc != isDoc))
            {
                foreach (Text text in isDoc ? DocTexts(run, KindOf(lines, i)) : CommentTexts(run))
                    yield return text;
                run.Clear();
            }

            isDoc = lineIsDoc;
            if (comment >= 0)
                run.Add((lines[i][comment..].TrimStart('/'), i + 1));
            if (run.Count > 0 && !isWholeLine)
            {
                foreach (Text text in CommentTexts(run))
                    yield return text;
                run.Clear();
            }
        }
    }

    /// <summary>Finds where a comment begins in a line, outside of strings, or returns -1. Follows raw strings over lines.</summary>
    private static int CommentStart(string line, ref int rawQuotes)
    {
        bool inString = false, isVerbatim = false;
        for (int i = 0; i < line.Length; i++)
        {
            int quotes = 0;
            while (i + quotes < line.Length && line[i + quotes] == '"')
                quotes++;
            if (rawQuotes > 0)
            {
                if (quotes >= rawQuotes)
                    rawQuotes = 0;
                i += Math.Max(0, quotes - 1);
            }
            else if (!inString && quotes >= 3)
            {
                rawQuotes = quotes;
                i += quotes - 1;
            }
            else if (inString && line[i] == '\\' && !isVerbatim)
            {
                i++;
            }
            else if (quotes > 0)
            {
                isVerbatim = !inString && i > 0 && (line[i - 1] == '@' || (i > 1 && line[i - 2] == '@'));
                inString = !inString;
            }
            else if (!inString && line[i] == '\'')
            {
                int close = line.IndexOf('\'', Math.Min(line.Length, i + (line.AsSpan(i).StartsWith("'\\") ? 3 : 2)));
                i = close > 0 && close - i <= 9 ? close : i;
            }
            else if (!inString && line.AsSpan(i).StartsWith("//"))
            {
                return i;
            }
        }

        return -1;
    }

    private static IEnumerable<Text> CommentTexts(List<(string Words, int Line)> run)
    {
        Text text = new(TextKind.Text);
        foreach ((string words, int line) in run)
        {
            foreach (Match part in Code().Matches(words))
                text.Add(part.Value, line, part.Groups["code"].Success);
            text.Add(" ", line);
        }

        yield return text;
    }

    private static IEnumerable<Text> DocTexts(List<(string Words, int Line)> run, TextKind kind)
    {
        Text text = new(TextKind.Text);
        bool isCode = false;
        foreach ((string words, int line) in run)
        {
            foreach (Match part in Tag().Matches(words))
            {
                string name = part.Groups["name"].Value;
                bool isEnd = part.Value.StartsWith("</", StringComparison.Ordinal);
                if (name is "")
                {
                    text.Add(part.Value.Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal), line, isCode);
                }
                else if (name is "c" or "code")
                {
                    isCode = !isEnd && !part.Value.EndsWith("/>", StringComparison.Ordinal);
                }
                else if (Blocks.Contains(name))
                {
                    yield return text;
                    text = new(name == "summary" && !isEnd ? kind : TextKind.Text);
                }
                else if (part.Groups["reference"].Value is { Length: > 0 } reference)
                {
                    text.Add(reference, line, isCode: true);
                }
            }

            text.Add(" ", line);
        }

        yield return text;
    }

    /// <summary>
    /// Tells what a doc comment describes from the declaration in the lines after it. Fields, constants and values of enumerations may have noun
    /// phrases. A test may state a fact.
    /// </summary>
    private static TextKind KindOf(string[] lines, int next)
    {
        bool isTest = false;
        while (next < lines.Length && (lines[next].AsSpan().TrimStart() is var line) && (line.Length == 0 || line[0] is '[' or '#'))
        {
            isTest |= line.StartsWith("[Fact", StringComparison.Ordinal) || line.StartsWith("[Theory", StringComparison.Ordinal);
            next++;
        }

        if (next == lines.Length || isTest)
            return TextKind.Text;
        string declaration = lines[next].Trim();
        if (Type().IsMatch(declaration))
            return TextKind.SummaryOfType;
        bool hasBody = next + 1 < lines.Length && lines[next + 1].Trim() == "{" && !declaration.Contains(" = ", StringComparison.Ordinal); // not the elements of a collection
        return hasBody || Member().IsMatch(Tuple().Replace(declaration, "")) ? TextKind.SummaryOfMember : TextKind.Text;
    }

    [GeneratedRegex(@"(?<code>\S*[(\[{<>=+*/|&_][^\s,.;:]*|\S*[a-z][A-Z]\S*?)(?=[\s,.;:]|$)|.")]
    private static partial Regex Code();

    [GeneratedRegex("""</?(?<name>\w+)(?:\s+\w+="(?:\w:)?(?:[\w.]*\.)?(?<reference>[^"]*?)(?:\([^"]*)?")*\s*/?>|[^<]+|<""")]
    private static partial Regex Tag();

    [GeneratedRegex(@"^[\w\s]*\b(class|struct|interface|enum|record|delegate)\s")]
    private static partial Regex Type();

    // A type that is a tuple has parentheses of its own.
    [GeneratedRegex(@"\([^()]*\)[?\[\]]*\s+(?=\w)")]
    private static partial Regex Tuple();

    // A method or property: a parenthesis, a body or an arrow comes before anything is assigned.
    [GeneratedRegex(@"^(?:(?! = )[^({])*?(?:\(|\{|=>)")]
    private static partial Regex Member();
}

/// <summary>Takes paragraphs, items and cells of tables out of Markdown. Code is masked, fenced code is left out.</summary>
internal static partial class Markdown
{
    /// <summary>Returns the texts of a file.</summary>
    public static IEnumerable<Text> Texts(string[] lines)
    {
        Text text = new(TextKind.Text);
        bool inFence = false;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            bool afterHeading = i > 0 && lines[i - 1].StartsWith('#');
            bool isFence = line.StartsWith("```", StringComparison.Ordinal);
            bool isTable = line.StartsWith('|');
            if (isFence || isTable || inFence || afterHeading || line.Length == 0 || Start().IsMatch(line))
            {
                yield return text;
                text = new(TextKind.Text);
            }

            inFence ^= isFence;
            if (isFence || inFence)
                continue;
            foreach (string cell in isTable ? line.Trim('|').Split(" | ") : [Start().Replace(line, "")])
            {
                foreach (Match part in Code().Matches(cell))
                    text.Add(part.Value, i + 1, part.Groups["code"].Success);
                text.Add(" ", i + 1);
                if (!isTable)
                    continue;
                yield return text;
                text = new(TextKind.Text);
            }
        }

        yield return text;
    }

    [GeneratedRegex(@"^(?:[-*]|\d+\.|#+|>)\s")]
    private static partial Regex Start();

    [GeneratedRegex(@"(?<code>`[^`]*`|\]\([^)]*\)|https?://\S+)|.")]
    private static partial Regex Code();
}

/// <summary>The patterns.</summary>
internal static partial class Patterns
{
    /// <summary>Most characters of a commit's subject.</summary>
    public const int LongestSubject = 72;

    private const int MostWords = 35;

    private static readonly (string Name, Regex Pattern)[] Searches =
    [
        ("for-because", ForBecause()),
        ("behind", Behind()),
        ("whoever", Whoever()),
        ("whatever", Whatever()),
        ("so-many", SoMany()),
        ("the-same-of", TheSameOf()),
        ("among-it", AmongIt()),
        ("foretell", Foretell()),
        ("ends-in-verb", EndsInVerb()),
        ("archaic", Archaic()),
        ("is-said", IsSaid()),
        ("is-to-be", IsToBe()),
    ];

    private static readonly HashSet<string> NounsInS = [.. """
        Bytes Tokens Rows Its Names Weights Elements Panels Files Documents Products Characters Examples Columns Bits Words Texts Keys Classes Threads Logits Windows Values
        Seconds Queries Outputs Numbers Models Labels Ids Blocks Address Validations Times This Tables Sums Sequences Scales Results Positions Parts Pairs Inputs Fields Vectors
        Tokenizers Tensors Summaries Sizes Shards Scores Pauses Patterns Parameters Pages Opcodes Modules Loss Losses Lines Epochs Details Curves Corpus Classifiers Checkpoints Units
        Signatures Signals Settings Sentences Samples Recipes Pronouns Progress Probabilities Pieces Pickles Outcomes Occurrences Objects Millions Metrics Logarithms Letters Layers
        Items Heads Hashes Groups Functions Formats Floats Entries Encoders Dictionaries Decoders Constants Configurations Completions Commands Class Channels Bins Benchmarks Batches
        Always Adjustments Matthews Is Has Was As Less Perhaps Yes Steps Stands
        """.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>Returns the names of the patterns that a sentence shows, and at which character.</summary>
    public static IEnumerable<(string Name, int At)> In(Sentence sentence, TextKind kind)
    {
        foreach ((string name, Regex pattern) in Searches)
        {
            if (pattern.Match(sentence.Masked) is { Success: true } match)
                yield return (name, match.Index);
        }

        if (Semicolons().Match(Parenthesis().Replace(sentence.Masked, match => new string('X', match.Length))) is { Success: true } chain)
            yield return ("semicolons", chain.Index);
        if (Word().Count(sentence.Masked) > MostWords)
            yield return ("long-sentence", 0);
        if (sentence.IsFirst && kind == TextKind.SummaryOfMember && !BeginsWithVerb(sentence.Masked))
            yield return ("summary-of-member", 0);
        if (sentence.IsFirst && kind == TextKind.SummaryOfType && !TypeBeginning().IsMatch(sentence.Masked) && !BeginsWithVerb(sentence.Masked))
            yield return ("summary-of-type", 0);
    }

    /// <summary>
    /// Returns whether the first word is a verb in the third person, after an adverb perhaps. A noun that is also a verb counts if an article follows
    /// it, as in "Formats a number". Formulas and code are taken as they are.
    /// </summary>
    private static bool BeginsWithVerb(string sentence)
    {
        string[] words = sentence.Split(' ', 4);
        int at = words[0].EndsWith("ly", StringComparison.Ordinal) && words.Length > 1 ? 1 : 0;
        string first = words[at].TrimEnd(',', '.', ';', ':');
        return first.Length > 0 && (!char.IsLetter(first[0]) || first.Length == 1 || first.Contains('X', StringComparison.Ordinal)
            || (first.EndsWith('s') && (!NounsInS.Contains(CultureInfo.InvariantCulture.TextInfo.ToTitleCase(first)) || (at + 1 < words.Length && words[at + 1] is "a" or "an" or "the" or "each" or "every"))));
    }

    [GeneratedRegex(@"(?<!\b(?:e\.g|i\.e|al|cf|vs|etc|Fig|Sec|No|approx)\.)(?<=[.!?][""')\]]*)\s+")]
    public static partial Regex SentenceEnd();

    [GeneratedRegex(@"[\p{L}\d][\p{L}\d'\-.,]*")]
    private static partial Regex Word();

    // "for" with a clause after it. A pronoun is the subject, or a singular noun before a word in -s, or a few words before a usual verb.
    [GeneratedRegex("""
          [,;:]\s+for\s+(?:it|they|he|we|there|nobody|what\s(?:is|was)\s\w+)\s+(?:\w+ly\s+)?(?:\w+s|are|were|was|have|had|can|could|may|might|must|will|would|do|did|\w+ed)\b
        | [,;:]\s+for\s+(?:the|a|an|another|each|every|no|one)\s+(?:(?!that\b|which\b)\w+\s+){0,2}(?!that\b|which\b)\w*[^s\s]\s+\w+(?<!')s\s+(?!(?:of|and|or|that|which)\b)
        | [,;]\s+for\s+(?!example\b|instance\b)(?:(?!\b(?:that|which|who|whose|whom|where|when|whether|how|what|if|as|to|and|or)\b)[^,;.:()])*?\s
          (?:is|are|was|were|has|have|had|does|do|did|would|can|could|cannot|may|might|must|will|should|needs?|takes?|gives?|holds?|makes?|comes?|goes|knows?|stands?|becomes?|gets?|lies?|follows?|belongs?)\b(?!\s+of\b)
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex ForBecause();

    [GeneratedRegex(@"\bbehind\b", RegexOptions.IgnoreCase)]
    private static partial Regex Behind();

    [GeneratedRegex(@"\b(?:whoever|whomever|whosoever)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Whoever();

    [GeneratedRegex(@"\b(?:whatever|whichever)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Whatever();

    [GeneratedRegex(@"\bso many\b", RegexOptions.IgnoreCase)]
    private static partial Regex SoMany();

    [GeneratedRegex(@"\bthe same of\b", RegexOptions.IgnoreCase)]
    private static partial Regex TheSameOf();

    [GeneratedRegex(@"\bamong (?:it|that|which)\b|\b(?:it|that|them) among (?:it|them)\b", RegexOptions.IgnoreCase)]
    private static partial Regex AmongIt();

    [GeneratedRegex(@"\bfore(?:tell|tells|told|telling)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Foretell();

    [GeneratedRegex(@"\b(?:and|but|or)\s+(?:is|are|was|were|does|do|did|has|have|had|can|will)\s*[.;:!?)]*$", RegexOptions.IgnoreCase)]
    private static partial Regex EndsInVerb();

    [GeneratedRegex(@"\b(?:thereof|whereof|wherefrom|therefrom|wherein|therein|whereby|thereby|hereby|whence|thence|hence|henceforth|hitherto|thus|nought|lest|ere|albeit|amongst|whilst)\b|^nor\b", RegexOptions.IgnoreCase)]
    private static partial Regex Archaic();

    [GeneratedRegex(@"\b(?:is|are|be) (?:not |also |all )?said\b(?! to\b)", RegexOptions.IgnoreCase)]
    private static partial Regex IsSaid();

    [GeneratedRegex(@"\b(?:is|are|was|were) to be\b", RegexOptions.IgnoreCase)]
    private static partial Regex IsToBe();

    // Citations in parentheses are parted by semicolons, too.
    [GeneratedRegex(@"\([^()]*\)")]
    private static partial Regex Parenthesis();

    [GeneratedRegex(@";[^;]*\w[^;]*;")]
    private static partial Regex Semicolons();

    [GeneratedRegex(@"^(?:A|An|The|One|Two|Base)\b", RegexOptions.IgnoreCase)]
    private static partial Regex TypeBeginning();
}

/// <summary>Runs git.</summary>
internal static partial class Git
{
    /// <summary>Returns the lines that git prints.</summary>
    public static string[] Lines(params string[] arguments)
    {
        using Process git = Process.Start(new ProcessStartInfo("git", ["-c", "core.quotePath=false", .. arguments]) { RedirectStandardOutput = true })!;
        string output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        if (git.ExitCode != 0)
            Environment.Exit(2);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Returns the lines of every file that are new or changed since a commit, committed or not.</summary>
    public static ILookup<string, int> ChangedLines(string commit)
    {
        List<(string File, int Line)> changed = [];
        string file = "";
        foreach (string line in Lines("diff", "--unified=0", "--no-color", commit, "--"))
        {
            if (line.StartsWith("+++ b/", StringComparison.Ordinal))
                file = line["+++ b/".Length..];
            else if (Hunk().Match(line) is { Success: true } hunk)
                changed.AddRange(Enumerable.Range(int.Parse(hunk.Groups[1].Value, CultureInfo.InvariantCulture), hunk.Groups[2].Success ? int.Parse(hunk.Groups[2].Value, CultureInfo.InvariantCulture) : 1).Select(at => (file, at)));
        }

        foreach (string untracked in Lines("ls-files", "--others", "--exclude-standard"))
            changed.AddRange(Enumerable.Range(1, File.ReadLines(untracked).Count()).Select(at => (untracked, at)));
        return changed.ToLookup(at => at.File, at => at.Line);
    }

    [GeneratedRegex(@"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")]
    private static partial Regex Hunk();
}
