using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Foreword.Data.Decoding;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The Winograd Schema Challenge (Levesque, Davis and Morgenstern 2012), in its published XML format.</summary>
internal sealed partial class Winograd : Benchmark
{
    /// <summary>Number of schemas that the paper uses: the first 273.</summary>
    private const int PaperSchemas = 273;

    private static readonly BenchmarkSwitch SetSwitch = new("set", ["wsc273", "all"], "the first 273 schemas, which the papers use, or all of the file");

    /// <inheritdoc/>
    public override string Name => "winograd";

    /// <inheritdoc/>
    public override string Title => "what a pronoun stands for, 2 choices";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.4; GPT-1, section 5";

    /// <inheritdoc/>
    public override string Data => "winograd/WSCollection.xml, <schema> with text, answers, correctAnswer";

    /// <inheritdoc/>
    public override double? Chance => 0.5;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics => PronounResolution.Metrics;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches { get; } = [SetSwitch];

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; } = [new("gpt2-xl", "acc_partial", 0.7070)];

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => $"{PronounResolution.Protocol}; set {input?.Switch(SetSwitch)}";

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string file = input.File(Name, "winograd/*.xml");
        XElement[] schemas = [.. Load(file).Descendants("schema")];
        int count = input.Switch(SetSwitch) == "all" ? schemas.Length : Math.Min(PaperSchemas, schemas.Length);
        return new BenchmarkSet([.. schemas.Take(count).Select(schema => PronounResolution.Document(Item(schema, $"{file}:{((IXmlLineInfo)schema).LineNumber}")))], [file]);
    }

    private static PronounItem Item(XElement schema, string where)
    {
        string before = Text("txt1"), pronoun = Text("pron"), after = Text("txt2");
        string[] answers = [.. schema.Descendants("answer").Select(answer => Plain(answer.Value))];
        string correct = Plain(schema.Element("correctAnswer")?.Value ?? "").TrimEnd('.');
        if (answers.Length != 2 || correct is not ("A" or "B"))
            throw new InvalidDataException($"{where}: the schema has {answers.Length} answers, of which '{correct}' is right; expected two, and A or B");
        string[] referents = [.. answers.Select(answer => PronounResolution.InSentence(answer + Possessive(pronoun), before))];
        JsonObject fields = new() { ["text"] = $"{before} {pronoun} {after}".Trim(), ["pronoun"] = pronoun, ["answers"] = new JsonArray([.. answers.Select(answer => (JsonNode)answer)]), ["correct"] = correct };
        return new PronounItem(fields, before, after, referents, correct == "A" ? 0 : 1);

        string Text(string name) => Plain(schema.Element("text")?.Element(name)?.Value ?? throw new InvalidDataException($"{where}: the schema's text has no <{name}>"));
    }

    private static string Possessive(string pronoun) => pronoun.ToLowerInvariant() is "his" or "its" or "their" ? "'s" : "";

    private static string Plain(string text) => WhiteSpace().Replace(text, " ").Trim();

    private static XDocument Load(string file)
    {
        try
        {
            return XDocument.Load(file, LoadOptions.SetLineInfo);
        }
        catch (XmlException problem)
        {
            throw XmlFault.Create(file, problem);
        }
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
