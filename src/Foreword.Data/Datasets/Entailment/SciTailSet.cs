using Foreword.Data.Tables;

namespace Foreword.Data.Datasets.Entailment;

/// <summary>Reads SciTail: does a sentence from the web entail the answer to a science question? Quotes in its files are ordinary characters.</summary>
internal static class SciTailSet
{
    private static readonly TextTable Table = new() { Texts = ["0", "1"], Label = "2", Values = ["entails", "neutral"], Options = new TableOptions { Header = false } };

    public static Dataset Dataset { get; } = new PublishedDataset("scitail", "textual entailment in science questions, 2 classes", "Khot et al. 2018", "tsv_format/scitail_1.0_train.tsv, _dev, _test without a header: premise, hypothesis, entails | neutral")
    {
        Kind = "entailment",
        OtherFolders = ["scitail", "SciTailV1.1", "SciTailV1"],
        Names = Table.Values,
        Results = [PaperResult.Gpt1("accuracy", 88.3, 2)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 23_596, [DatasetPart.Validating] = 1304, [DatasetPart.Test] = 2126 },
        Content = parts => new DatasetContent(parts.Train(Table.Read, Names("train")), parts.Validation(Table.Read, Names("dev")), parts.Test(Table.Read, Names("test"))),
    };

    private static string[] Names(string part) => [$"tsv_format/scitail_1.0_{part}.tsv", $"scitail_1.0_{part}.tsv"];
}
