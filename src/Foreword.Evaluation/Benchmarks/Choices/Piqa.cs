using Foreword.Data.Tables;
using Foreword.Evaluation.Families;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The benchmark PIQA (Bisk et al. 2020): choosing which of two ways to reach a goal works. The labels are in a separate file.</summary>
internal static class Piqa
{
    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("piqa", "physical common sense, 2 choices", "GPT-3, table 3.6", "piqa/valid.jsonl with goal, sol1, sol2, and valid-labels.lst; train likewise", 0.5)
    {
        Form = "'Question: GOAL\\nAnswer:' + ' ' + each solution",
        Questions = input =>
        {
            string validation = input.File("piqa", "piqa/valid.jsonl"), labels = input.OwnFile is null ? input.File("piqa", "piqa/valid-labels.lst") : Path.ChangeExtension(validation, null) + "-labels.lst";
            if (!File.Exists(labels))
                throw new InvalidDataException($"{validation} needs its labels, 0 or 1 a line, in {labels}");
            return input.FilesOrNone("piqa/train.jsonl") is [var training]
                ? MultipleChoice.Set(Items(validation, labels), [validation, labels], Items(training, input.Others("piqa", "piqa/train-labels.lst")[0]))
                : MultipleChoice.Set(Items(validation, labels), [validation, labels]);
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file, string labelFile)
    {
        NamedRow[] rows = [.. NamedRow.Read(file, ["goal", "sol1", "sol2"])];
        string[] labels = [.. StrictText.ReadLines(labelFile).Where(line => line.Length > 0)];
        if (labels.Length != rows.Length)
            throw new InvalidDataException($"{labelFile}: there are {labels.Length} labels for the {rows.Length} questions of {file}");
        return rows.Select((row, i) => new ChoiceItem(row.Fields, $"Question: {row["goal"].Trim()}\nAnswer:", [$" {row["sol1"].Trim()}", $" {row["sol2"].Trim()}"], labels[i].Trim() switch
        {
            "0" => 0,
            "1" => 1,
            _ => throw new InvalidDataException($"{labelFile}:{i + 1}: the label is '{labels[i]}'; expected 0 or 1"),
        }));
    }
}
