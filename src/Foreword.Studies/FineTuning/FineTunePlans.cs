using Foreword.Studies.Results;

namespace Foreword.Studies.FineTuning;

/// <summary>The plans of the studies that fine-tune, with the figures of the GPT-1 paper (Radford et al. 2018).</summary>
internal static class FineTunePlans
{
    private const string Figure2 = "read off figure 2, left", Table5 = "table 5";

    /// <summary>The columns of table 5. "Average" is the paper's: the mean over the nine GLUE tasks, with WNLI left out.</summary>
    private static readonly string[] Tasks = ["average", "CoLA (matthews)", "SST-2 (accuracy)", "MRPC (F1)", "STS-B (pearson)", "QQP (F1)", "MNLI (accuracy)", "QNLI (accuracy)", "RTE (accuracy)"];

    /// <summary>Gets the plan of <see cref="FineTuneGrids.Transfer"/>.</summary>
    public static StudyPlan Transfer { get; } = new()
    {
        Name = "transfer",
        Title = "Transferred layers",
        Method = "Fine-tunes a pre-trained model of which only the embeddings and the first blocks are transferred; the other weights are random. "
            + "GPT-1 reports that the embeddings help, that each further block helps, and that a full transfer gains up to 9 % on MultiNLI (figure 2, left).",
        Axis = FineTuneGrids.Layers,
        AxisLabel = "transferred blocks",
        Curves = [LabeledSet.Factor],
        Values = [FineTuneCell.Validation, FineTuneCell.Train, FineTuneCell.Test],
        Drawn = [FineTuneCell.Validation, FineTuneCell.Train],
        Reference = FineTuneGrids.Nothing,
        Paper =
        [
            new("RACE, dev", "0", 0.40, Figure2), new("RACE, dev", "12", 0.60, Figure2), new("RACE, train", "12", 0.92, Figure2),
            new("MultiNLI, dev", "0", 0.72, Figure2), new("MultiNLI, dev", "12", 0.82, Figure2), new("MultiNLI, train", "12", 0.97, Figure2),
        ],
    };

    /// <summary>Gets the plan of <see cref="FineTuneGrids.Ablation"/>.</summary>
    public static StudyPlan Ablation { get; } = new()
    {
        Name = "ablation",
        Title = "Ablations",
        Method = "Fine-tunes the same recipe in full, without the auxiliary language modeling loss, without pre-training, and from a pre-trained LSTM (GPT-1, table 5). "
            + "The paper reports that pre-training gains 14.8 points on average, that the LSTM loses 5.6, and that the auxiliary loss helps the larger data sets.",
        Axis = FineTuneGrids.Variant,
        AxisLabel = "variant",
        IsUnordered = true,
        HasAverage = true,
        Curves = [LabeledSet.Factor],
        Values = [FineTuneCell.Validation, FineTuneCell.Train, FineTuneCell.Test],
        Drawn = [FineTuneCell.Validation],
        Reference = FineTuneGrids.Full,
        Paper =
        [
            .. Row(FineTuneGrids.Full, 74.7, 45.4, 91.3, 82.3, 82.0, 70.3, 81.8, 88.1, 56.0),
            .. Row(FineTuneGrids.NoPretraining, 59.9, 18.9, 84.0, 79.4, 30.9, 65.5, 75.7, 71.2, 53.8),
            .. Row(FineTuneGrids.NoAuxiliary, 75.0, 47.9, 92.0, 84.9, 83.2, 69.8, 81.1, 86.9, 54.4),
            .. Row(FineTuneGrids.Lstm, 69.1, 30.3, 90.5, 83.2, 71.8, 68.1, 73.7, 81.1, 54.6),
        ],
    };

    /// <summary>Gets the plan of <see cref="FineTuneGrids.Examples"/>.</summary>
    public static StudyPlan Examples { get; } = new()
    {
        Name = "examples",
        Title = "Labeled examples",
        Method = "Fine-tunes from the pre-trained model and from random weights with more and more labeled examples. The papers' point is that labels are scarce, and that pre-training saves them. "
            + "They give no curve for it.",
        Axis = FineTuneGrids.Labeled,
        AxisLabel = "labeled examples",
        Curves = [LabeledSet.Factor, FineTuneGrids.Start],
        Values = [FineTuneCell.Validation, FineTuneCell.Test],
        Drawn = [FineTuneCell.Validation],
    };

    /// <summary>Gets all plans.</summary>
    public static IReadOnlyList<StudyPlan> All { get; } = [Transfer, Ablation, Examples];

    private static IEnumerable<PaperFigure> Row(string variant, params double[] values) => Tasks.Zip(values, (task, value) => new PaperFigure(task, variant, value, Table5));
}
