using Foreword.IO;

namespace Foreword.Data.Datasets.Choices;

/// <summary>Reads PIQA: which of two ways to reach a goal works? The labels are in files of their own. The test file has none.</summary>
internal static class PhysicalQuestionsSet
{
    private static readonly ChoiceTable Table = new() { Context = "goal", Choices = ["sol1", "sol2"], Names = ["0", "1"] };

    public static Dataset Dataset { get; } = new PublishedDataset("piqa", "physical common sense, 2 choices", "Bisk et al. 2020", "train.jsonl, valid.jsonl, tests.jsonl with goal, sol1, sol2, and train-labels.lst, valid-labels.lst with 0 or 1 a line")
    {
        Kind = "multiple-choice",
        OtherFolders = ["piqa", "physicaliqa-train-dev"],
        Names = Table.Names,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 16_113, [DatasetPart.Validating] = 1838, [DatasetPart.Test] = 3084 },
        Content = parts => new DatasetContent(parts.Train(Labeled, "train.jsonl"), parts.Validation(Labeled, "valid.jsonl", "dev.jsonl"), parts.Test(Table.Read, "tests.jsonl")),
    };

    private static IEnumerable<DatasetRow> Labeled(string file)
    {
        string labelFile = Path.ChangeExtension(file, null) + "-labels.lst";
        DatasetRow[] rows = [.. Table.Read(file)];
        if (!File.Exists(labelFile))
            throw new InvalidDataException($"{file} needs its labels, 0 or 1 a line, in {labelFile}");
        string[] labels = [.. StrictText.ReadLines(labelFile).Select(line => line.Trim()).Where(line => line.Length > 0)];
        if (labels.Length != rows.Length)
            throw new InvalidDataException($"{labelFile}: there are {labels.Length} labels for the {rows.Length} questions of {file}");
        return rows.Select((row, i) => labels[i] is "0" or "1"
            ? row with { Example = row.Example! with { Label = labels[i] } }
            : throw new InvalidDataException($"{labelFile}:{i + 1}: the label is '{labels[i]}'; expected 0 or 1"));
    }
}
