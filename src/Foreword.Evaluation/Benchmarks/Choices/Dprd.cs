using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The Definite Pronoun Resolution Dataset (Rahman and Ng 2012), in its authors' format: four lines for each sentence.</summary>
internal sealed partial class Dprd : Benchmark
{
    /// <inheritdoc/>
    public override string Name => "dprd";

    /// <inheritdoc/>
    public override string Title => "what a pronoun stands for, 2 choices";

    /// <inheritdoc/>
    public override string Source => "GPT-1, section 5";

    /// <inheritdoc/>
    public override string Data => "dprd/test.c.txt: sentence, pronoun, 'candidate,candidate', the right one, blank line";

    /// <inheritdoc/>
    public override double? Chance => 0.5;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics => PronounResolution.Metrics;

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => PronounResolution.Protocol;

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string file = input.File(Name, "dprd/test.c.txt", "dprd/*.txt");
        return new BenchmarkSet([.. Items(file).Select(PronounResolution.Document)], [file]);
    }

    private static IEnumerable<PronounItem> Items(string file)
    {
        List<string> lines = [];
        long number = 0;
        foreach (string line in StrictText.ReadLines(file).Append(""))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                lines.Add(line.Trim());
                continue;
            }

            if (lines.Count > 0)
                yield return Item(lines, $"{file}:{number - lines.Count}");
            lines.Clear();
        }
    }

    private static PronounItem Item(List<string> lines, string where)
    {
        if (lines is not [var sentence, var pronoun, var list, var right] || list.Split(',', StringSplitOptions.TrimEntries) is not [var a, var b] || (right != a && right != b))
            throw new InvalidDataException($"{where}: expected a sentence, its pronoun, 'candidate,candidate' and the correct one on four lines");
        Match[] places = [.. Word().Matches(sentence).Where(match => string.Equals(match.Value, pronoun, StringComparison.OrdinalIgnoreCase))];
        if (places.Length == 0)
            throw new InvalidDataException($"{where}: the sentence has no word '{pronoun}'");
        int candidates = Math.Max(sentence.IndexOf(a, StringComparison.OrdinalIgnoreCase), sentence.IndexOf(b, StringComparison.OrdinalIgnoreCase));
        Match place = places.FirstOrDefault(match => match.Index > candidates) ?? places[^1]; // the pronoun comes after both candidates
        string before = sentence[..place.Index].TrimEnd(), after = sentence[(place.Index + place.Length)..].Trim();
        JsonObject fields = new() { ["sentence"] = sentence, ["pronoun"] = pronoun, ["candidates"] = list, ["answer"] = right };
        return new PronounItem(fields, before, after, [PronounResolution.InSentence(a, before), PronounResolution.InSentence(b, before)], right == a ? 0 : 1);
    }

    [GeneratedRegex(@"[\p{L}']+")]
    private static partial Regex Word();
}
