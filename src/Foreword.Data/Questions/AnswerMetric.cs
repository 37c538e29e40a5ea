using Foreword.Settings;

namespace Foreword.Data.Questions;

/// <summary>The metrics of decaNLP. Texts are compared in lower case, without punctuation and without articles.</summary>
internal enum AnswerMetric
{
    /// <summary>nF1: the mean F1 of the shared words.</summary>
    NormalizedF1,

    /// <summary>nEM: the share of answers that are an accepted one.</summary>
    NormalizedExactMatch,

    /// <summary>BLEU in lower case.</summary>
    Bleu,

    /// <summary>ROUGE: the mean of the F1 of ROUGE-1, -2 and -L.</summary>
    Rouge,

    /// <summary>cF1: the F1 of the right answers over all questions that have an answer, where "unanswerable" is none.</summary>
    CorpusF1,

    /// <summary>dsEM: the mean of the share of turns with the right state of the dialogue and the share of turns with the right requests.</summary>
    DialogueState,

    /// <summary>lfEM: the share of queries that have the right logical form.</summary>
    LogicalForm,
}

/// <summary>The names of metrics, and the metrics of decaNLP's tasks.</summary>
internal static class AnswerMetrics
{
    private static readonly Dictionary<string, AnswerMetric> Named = new(StringComparer.OrdinalIgnoreCase)
    {
        ["nF1"] = AnswerMetric.NormalizedF1,
        ["nEM"] = AnswerMetric.NormalizedExactMatch,
        ["BLEU"] = AnswerMetric.Bleu,
        ["ROUGE"] = AnswerMetric.Rouge,
        ["cF1"] = AnswerMetric.CorpusF1,
        ["dsEM"] = AnswerMetric.DialogueState,
        ["lfEM"] = AnswerMetric.LogicalForm,
    };

    /// <summary>The beginnings of the names that decaNLP's tasks have.</summary>
    private static readonly (string Task, AnswerMetric Metric)[] Tasks =
    [
        ("squad", AnswerMetric.NormalizedF1), ("iwslt", AnswerMetric.Bleu), ("cnn", AnswerMetric.Rouge), ("dailymail", AnswerMetric.Rouge), ("multinli", AnswerMetric.NormalizedExactMatch),
        ("mnli", AnswerMetric.NormalizedExactMatch), ("sst", AnswerMetric.NormalizedExactMatch), ("srl", AnswerMetric.NormalizedF1), ("zre", AnswerMetric.CorpusF1), ("woz", AnswerMetric.DialogueState),
        ("wikisql", AnswerMetric.LogicalForm), ("schema", AnswerMetric.NormalizedExactMatch), ("mwsc", AnswerMetric.NormalizedExactMatch),
    ];

    /// <summary>Returns the name of a metric.</summary>
    public static string NameOf(AnswerMetric metric) => Named.First(named => named.Value == metric).Key;

    /// <summary>Returns the metric of a task of decaNLP by its name; nF1 for other tasks.</summary>
    public static AnswerMetric OfTask(string task) => Tasks.FirstOrDefault(known => task.StartsWith(known.Task, StringComparison.OrdinalIgnoreCase)).Metric; // nF1 is the default

    /// <summary>Returns the metric with a name.</summary>
    /// <exception cref="InvalidDataException">There is no such metric.</exception>
    public static AnswerMetric OfName(string name) => Named.TryGetValue(name, out AnswerMetric metric)
        ? metric
        : throw new InvalidDataException($"there is no metric '{name}'{NearestName.Suggestion(name, Named.Keys)}; expected {string.Join(" | ", Named.Keys)}");
}
