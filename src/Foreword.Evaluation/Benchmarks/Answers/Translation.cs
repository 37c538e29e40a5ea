using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Foreword.Data.Tables;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;
using Foreword.Generation;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.Answers;

/// <summary>
/// The benchmark of translation (GPT-2 paper, section 3.7). The prompt is pairs "english sentence = french sentence", then "english sentence =". The
/// model decodes greedily, and the first sentence counts.
/// </summary>
internal sealed partial class Translation : Benchmark
{
    private const int MaxTokens = 100;

    private static readonly SamplingOptions Greedy = new() { Temperature = 0, MaxTokens = MaxTokens, Stop = ["\n"] };

    private readonly bool _toEnglish;
    private readonly bool _isTatoeba;

    private Translation(string name, string title, bool toEnglish, bool isTatoeba, double? published)
    {
        (Name, Title, _toEnglish, _isTatoeba) = (name, title, toEnglish, isTatoeba);
        Published = published is { } bleu ? [new PublishedFigure("gpt2-xl", "bleu", bleu)] : [];
    }

    public static Benchmark TatoebaToFrench { get; } = new Translation("tatoeba-en-fr", "short sentences into French", toEnglish: false, isTatoeba: true, null);

    public static Benchmark TatoebaToEnglish { get; } = new Translation("tatoeba-fr-en", "short sentences from French", toEnglish: true, isTatoeba: true, null);

    public static Benchmark WmtToFrench { get; } = new Translation("wmt14-en-fr", "news into French", toEnglish: false, isTatoeba: false, 5);

    public static Benchmark WmtToEnglish { get; } = new Translation("wmt14-fr-en", "news from French", toEnglish: true, isTatoeba: false, 11.5);

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string Title { get; }

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.7";

    /// <inheritdoc/>
    public override string Data => _isTatoeba ? "tatoeba-en-fr/*.tsv: English, French, without a header"
        : "wmt14/*.en and *.fr with a sentence a line, or newstest2014's *.en.sgm and *.fr.sgm";

    /// <inheritdoc/>
    public override int PaperShots => 5;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.OfSums("bleu", higherIsBetter: true, sums => Bleu.OfSums(sums, "").Value)];

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; }

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input)
    {
        string references = _isTatoeba ? ", every translation of a sentence a reference" : "";
        return $"'SENTENCE =', greedy up to the line break, at most {MaxTokens} tokens, the first sentence; bleu = {Bleu.SignatureOf(_isTatoeba ? null : 1)}{references} (the paper does not say how many pairs it puts before)";
    }

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        IReadOnlyList<string> files = _isTatoeba ? input.Files(Name, "tatoeba-en-fr/*.tsv") : Sides(input);
        IEnumerable<BenchmarkDocument> documents = _isTatoeba
            ? files.SelectMany(Tatoeba).GroupBy(pair => pair.Source, pair => pair.Target).Select(group => Document(group.Key, [.. group.Distinct()]))
            : Aligned(files[0], files[1]).Select(pair => Document(pair.Source, [pair.Target]));
        return new BenchmarkSet([.. documents], files) { Separator = "\n" };
    }

    /// <summary>
    /// Returns the file of the sentences and the file of their translations. If the user gave a file of their own, the translations are in the same
    /// directory, in the file of the same name for the other language.
    /// </summary>
    private string[] Sides(BenchmarkInput input)
    {
        (string from, string to) = _toEnglish ? ("fr", "en") : ("en", "fr");
        if (input.OwnFile is not { } own)
            return [Side(input, from, "src"), Side(input, to, "ref")];
        string name = Path.GetFileName(own), ending = own.EndsWith(".sgm", StringComparison.Ordinal) ? $".{from}.sgm" : $".{from}";
        if (!name.EndsWith(ending, StringComparison.Ordinal))
            throw new InvalidDataException($"{own}: the name of a file with sentences to translate must end in {ending}, and the translations must be beside it in a file that ends in .{to}");
        string other = Path.Combine(Path.GetDirectoryName(own) ?? "", name[..^ending.Length].Replace("-src", "-ref", StringComparison.Ordinal) + ending.Replace(from, to, StringComparison.Ordinal));
        return File.Exists(other) ? [own, other] : throw new InvalidDataException($"{own} needs its translations in {other}");
    }

    /// <summary>Returns the file of a language. newstest2014 has one file of each language as source and one as reference.</summary>
    private string Side(BenchmarkInput input, string language, string role) => input.File(Name, $"wmt14/*.{language}", $"wmt14/*-{role}.{language}.sgm", $"wmt14/*.{language}.sgm");

    private IEnumerable<(string Source, string Target)> Tatoeba(string file) => NamedRow.Read(file, ["0", "1"], new TableOptions { Header = false, Quoting = false })
        .Select(row => _toEnglish ? (row["1"].Trim(), row["0"].Trim()) : (row["0"].Trim(), row["1"].Trim()));

    private static IEnumerable<(string Source, string Target)> Aligned(string source, string target)
    {
        string[] sources = Segments(source), targets = Segments(target);
        return sources.Length == targets.Length && sources.Length > 0
            ? sources.Zip(targets)
            : throw new InvalidDataException($"{source} has {sources.Length} sentences, {target} has {targets.Length}; the numbers must be equal and at least 1");
    }

    private static string[] Segments(string file) => file.EndsWith(".sgm", StringComparison.Ordinal)
        ? [.. Segment().Matches(StrictText.Read(file)).Select(match => WebUtility.HtmlDecode(match.Groups[1].Value).Trim())]
        : [.. StrictText.Read(file).Split('\n').Select(line => line.Trim()).Reverse().SkipWhile(line => line.Length == 0).Reverse()];

    private static BenchmarkDocument Document(string source, string[] references)
    {
        string prompt = $"{source} =";
        return new BenchmarkDocument
        {
            Fields = new JsonObject { ["source"] = source, ["references"] = new JsonArray([.. references.Select(reference => (JsonNode)reference)]) },
            Target = references[0],
            Solved = $"{prompt} {references[0]}",
            Requests = [new GenerationRequest(prompt, Greedy)],
            Judge = responses =>
            {
                string translation = Sentences.First(((GenerationResponse)responses[0]).Completion.Text, 1);
                return new Judgment(translation, references.Contains(translation), [Bleu.Statistics(translation, references)]);
            },
        };
    }

    [GeneratedRegex("<seg[^>]*>(.*?)</seg>", RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex Segment();
}
