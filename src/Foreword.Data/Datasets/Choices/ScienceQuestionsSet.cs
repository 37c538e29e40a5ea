namespace Foreword.Data.Datasets.Choices;

/// <summary>
/// Reads the question sets of AllenAI in one layout: the AI2 Reasoning Challenge (ARC), whose questions have three to five choices, and OpenBookQA, whose
/// questions are often unfinished sentences. Only the questions are read, not the facts or articles beside them.
/// </summary>
internal static class ScienceQuestionsSet
{
    private static readonly ChoiceTable Table = new() { Context = "question.stem", Choices = ["question.choices[].text"], Keys = "question.choices[].label", Label = "answerKey", Names = ["A", "B", "C", "D", "E"] };

    public static Dataset ArcEasy { get; } = Arc("arc-easy", "ARC-Easy", (2251, 570, 2376));

    public static Dataset ArcChallenge { get; } = Arc("arc-challenge", "ARC-Challenge", (1119, 299, 1172));

    public static Dataset OpenBookQa { get; } = new PublishedDataset("openbookqa", "elementary science, 4 choices", "Mihaylov et al. 2018", "train.jsonl, dev.jsonl, test.jsonl (also in Data/Main) with question.stem, question.choices, answerKey")
    {
        Kind = "multiple-choice",
        OtherFolders = ["openbookqa", "OpenBookQA-V1-Sep2018"],
        Names = [.. Table.Names.Take(4)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 4957, [DatasetPart.Validating] = 500, [DatasetPart.Test] = 500 },
        Content = parts => Content(parts, Table with { Names = [.. Table.Names.Take(4)] }, part => [$"{part}.jsonl", $"Data/Main/{part}.jsonl"]),
    };

    private static PublishedDataset Arc(string name, string set, (int Train, int Validation, int Test) size) =>
        new(name, $"school science ({set}), 3 to 5 choices", "Clark et al. 2018", $"{set}-Train.jsonl, {set}-Dev.jsonl, {set}-Test.jsonl (also in {set}/) with question.stem, question.choices, answerKey")
        {
            Kind = "multiple-choice",
            OtherFolders = ["arc", "ARC-V1-Feb2018-2", "ARC-V1-Feb2018"],
            Names = Table.Names,
            Counts = new Dictionary<string, int> { [DatasetPart.Training] = size.Train, [DatasetPart.Validating] = size.Validation, [DatasetPart.Test] = size.Test },
            Content = parts => Content(parts, Table, part => [$"{set}-{char.ToUpperInvariant(part[0])}{part[1..]}.jsonl", $"{set}/{set}-{char.ToUpperInvariant(part[0])}{part[1..]}.jsonl"]),
        };

    private static DatasetContent Content(PartReader parts, ChoiceTable table, Func<string, string[]> names) =>
        new(parts.Train(table.Read, names("train")), parts.Validation(table.Read, names("dev")), parts.Test(table.Read, names("test")));
}
