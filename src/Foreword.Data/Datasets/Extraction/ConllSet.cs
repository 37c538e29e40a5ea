using Foreword.Data.Tables;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Datasets.Extraction;

/// <summary>
/// Reads the English part of the shared task of CoNLL-2003: names of persons, places, organizations and others in news. <c>eng.testa</c> is the
/// validation part, and <c>eng.testb</c> is the test part.
/// </summary>
internal static class ConllSet
{
    private static readonly TableOptions Options = new() { Format = TableFormat.Conll };

    public static Dataset Names { get; } = new PublishedDataset("conll-2003", "names of 4 types in English news", "Tjong Kim Sang and De Meulder 2003", "eng.train, eng.testa, eng.testb (or train.txt, valid.txt, test.txt) with a word, its part of speech, its chunk and its label on each line")
    {
        Kind = "token-labels",
        OtherFolders = ["conll-2003", "conll2003"],
        MeasuredBy = TaskMetric.EntityF1,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 14_041, [DatasetPart.Validating] = 3250, [DatasetPart.Test] = 3453 },
        Content = parts => new DatasetContent(parts.Train(Rows, "eng.train", "train.txt"), parts.Validation(Rows, "eng.testa", "valid.txt"), parts.Test(Rows, "eng.testb", "test.txt")),
    };

    private static IEnumerable<DatasetRow> Rows(string file) =>
        NamedRow.Read(file, ["text", "label"], Options).Select(row => new DatasetRow(row.Where, new TaskExample([row["text"]], [], row["label"], row.Where)));
}
