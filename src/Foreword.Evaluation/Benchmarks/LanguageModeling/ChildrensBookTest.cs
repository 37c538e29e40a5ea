using System.Text.Json.Nodes;
using Foreword.Evaluation.Families;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.LanguageModeling;

/// <summary>
/// The Children's Book Test (Hill et al. 2016): choosing which of ten words is missing in a sentence that follows twenty others. As in the GPT-2
/// paper, the score of a choice is its own probability times that of the rest of the sentence after it. The default is the de-tokenized validation
/// split.
/// </summary>
internal static class ChildrensBookTest
{
    private const int ContextSentences = 20;
    private const string Gap = "XXXXX";

    private static readonly BenchmarkSwitch SplitSwitch = new("split", ["valid", "test"], "which split");
    private static readonly BenchmarkSwitch DetokenizerSwitch = new("detokenizer", ["on", "off"], "whether the model reads the text with the Treebank's extra spaces removed");

    public static Benchmark CommonNouns { get; } = Create("cbt-cn", "CN", "common noun", PublishedFigure.Gpt2("acc", 0.8765, 0.9235, 0.9345, 0.9330));

    public static Benchmark NamedEntities { get; } = Create("cbt-ne", "NE", "name", PublishedFigure.Gpt2("acc", 0.834, 0.871, 0.880, 0.8905));

    public static Benchmark Verbs { get; } = Create("cbt-v", "V", "verb", []);

    public static Benchmark Prepositions { get; } = Create("cbt-p", "P", "preposition", []);

    private static ChoiceBenchmark Create(string name, string kind, string word, IReadOnlyList<PublishedFigure> figures) => new(
        name, $"a missing {word}, 10 choices", "GPT-2, section 3.2", $"cbt/cbtest_{kind}_valid_2000ex.txt: 21 numbered lines a question, choices on the last", 0.1)
    {
        Form = "20 sentences and the last one up to the gap, then each choice with the rest of the sentence: P(choice) * P(rest)",
        Figures = figures,
        Choices = [SplitSwitch, DetokenizerSwitch],
        Questions = input =>
        {
            string split = input.Switch(SplitSwitch);
            IReadOnlyList<string> files = input.Files(name, $"cbt/cbtest_{kind}_{split}_*ex.txt", $"cbt/data/cbtest_{kind}_{split}_*ex.txt", $"CBTest/data/cbtest_{kind}_{split}_*ex.txt");
            return MultipleChoice.Set(files.SelectMany(file => Items(file, input.Switch(DetokenizerSwitch) == "on")), files);
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file, bool detokenize)
    {
        List<string> context = [];
        long number = 0;
        foreach (string line in StrictText.ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            string expected = $"{context.Count + 1}";
            if (space < 0 || line[..space] != expected)
                throw new InvalidDataException($"{file}:{number}: expected sentence {expected} of a question, '{expected} ...'");
            if (context.Count < ContextSentences)
            {
                context.Add(line[(space + 1)..]);
                continue;
            }

            yield return Item(context, line[(space + 1)..].Split('\t', StringSplitOptions.RemoveEmptyEntries), detokenize, $"{file}:{number}");
            context.Clear();
        }

        if (context.Count > 0)
            throw new InvalidDataException($"{file}:{number}: the last question has {context.Count} sentences; expected {ContextSentences + 1}");
    }

    private static ChoiceItem Item(List<string> context, string[] fields, bool detokenize, string where)
    {
        if (fields is not [var sentence, var answer, .., var list])
            throw new InvalidDataException($"{where}: expected the sentence, the answer and the choices, separated by tabs");
        string[] choices = [.. list.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)], words = sentence.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int right = Array.IndexOf(choices, answer.Trim()), gap = Array.IndexOf(words, Gap);
        if (right < 0 || gap < 0)
            throw new InvalidDataException($"{where}: {(gap < 0 ? $"the sentence has no {Gap}" : $"the answer '{answer}' is not one of the choices")}");
        string before = string.Join(' ', context.Append(string.Join(' ', words[..gap])).Select(Text).Where(text => text.Length > 0));
        JsonObject record = new() { ["sentence"] = sentence, ["choices"] = new JsonArray([.. choices.Select(choice => (JsonNode)choice)]), ["answer"] = answer };
        return new ChoiceItem(record, before, [.. choices.Select(choice => Rest(before, [choice, .. words[(gap + 1)..]]))], right);

        string Text(string line) => detokenize ? Detokenizer.Books.Join(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)) : line;

        // An opening quote directly before the gap is joined to the choice, so no space is between them, as in the whole sentence.
        string Rest(string prompt, string[] rest) => (prompt.EndsWith('"') && detokenize && words[gap - 1] is "``" ? "" : " ") + Text(string.Join(' ', rest));
    }
}
