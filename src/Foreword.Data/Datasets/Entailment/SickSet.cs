namespace Foreword.Data.Datasets.Entailment;

/// <summary>Reads SICK (Sentences Involving Compositional Knowledge) in the split of SemEval 2014: entailment, and relatedness from 1 to 5.</summary>
internal static class SickSet
{
    private const string Layout = "SICK_train.txt, SICK_trial.txt, SICK_test_annotated.txt with pair_ID, sentence_A, sentence_B, relatedness_score, entailment_judgment";

    private static readonly TextTable Judgments = new() { Texts = ["sentence_A", "sentence_B"], Label = "entailment_judgment", Values = ["ENTAILMENT", "NEUTRAL", "CONTRADICTION"], Names = NliClasses.Names };

    private static readonly Dictionary<string, int> Counts = new() { [DatasetPart.Training] = 4500, [DatasetPart.Validating] = 500, [DatasetPart.Test] = 4927 };

    public static Dataset Entailment { get; } = new PublishedDataset("sick", "textual entailment of captions, 3 classes", "Marelli et al. 2014", Layout)
    {
        Kind = "entailment",
        Names = NliClasses.Names,
        Counts = Counts,
        Content = parts => Content(parts, Judgments),
    };

    public static Dataset Relatedness { get; } = new PublishedDataset("sick-relatedness", "relatedness of captions, score 1 to 5", "Marelli et al. 2014", Layout)
    {
        Kind = "similarity",
        MeasuredBy = Foreword.Tasks.Metrics.TaskMetric.Pearson,
        OtherFolders = ["sick"],
        Counts = Counts,
        Content = parts => Content(parts, new TextTable { Texts = Judgments.Texts, Label = "relatedness_score" }),
    };

    private static DatasetContent Content(PartReader parts, TextTable table) => new(
        parts.Train(table.Read, "SICK_train.txt"), parts.Validation(table.Read, "SICK_trial.txt"), parts.Test(table.Read, "SICK_test_annotated.txt"));
}
