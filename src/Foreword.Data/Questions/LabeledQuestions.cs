using System.Globalization;
using Foreword.Data.Datasets;
using Foreword.Tasks;
using Foreword.Tasks.Targets;

namespace Foreword.Data.Questions;

/// <summary>Asks labeled examples as questions, in the form that decaNLP gives such tasks.</summary>
internal static class LabeledQuestions
{
    /// <summary>The largest number of classes that a question lists.</summary>
    private const int MostListed = 10;

    /// <summary>The degrees of similarity from 0 to 5, in words (after Agirre et al. 2012).</summary>
    private static readonly string[] Degrees = ["different", "same topic", "related", "roughly equivalent", "nearly equivalent", "equivalent"];

    /// <summary>Returns the metric of a data set whose examples can be asked.</summary>
    public static AnswerMetric MetricOf(Dataset dataset) => dataset.Task == "span" ? AnswerMetric.NormalizedF1 : AnswerMetric.NormalizedExactMatch;

    /// <summary>Returns a labeled example as a question.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="example">The example.</param>
    /// <param name="classes">The names of all classes, if the data set does not list them.</param>
    /// <exception cref="InvalidDataException">The label does not fit.</exception>
    public static Question Of(Dataset dataset, TaskExample example, IReadOnlyList<string> classes)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(example);
        string first = example.Texts[0]!, label = example.Label!;
        string[] words = [.. (dataset.Labels.Count > 0 ? dataset.Labels : classes).Select(Words)];
        string options = words.Length > MostListed ? "" : Question.List(words);
        return dataset.Task switch
        {
            "span" => Span(example),
            "multiple-choice" => Choice(dataset, example),
            "similarity" when Degree(label) is { } degree && dataset.Labels.Count == 0 => Similarity(example, degree),
            "entailment" or "similarity" => Entailment(example, options, Words(label)),
            _ => new Question(first, Classes(words, options), [Words(label)], example.Where) { Options = options },
        };
    }

    private static Question Similarity(TaskExample example, string degree) =>
        new(example.Texts[0]!, $"How similar is \"{example.Texts[1]}\" -- {Question.List(Degrees)}?", [degree], example.Where) { Options = Question.List(Degrees), Other = example.Texts[1]! };

    private static Question Entailment(TaskExample example, string options, string label)
    {
        string asked = $"Hypothesis: \"{example.Texts[1]}\"{(options.Length > 0 ? $" -- {options}?" : "")}";
        return new Question($"Premise: \"{example.Texts[0]}\"", asked, [label], example.Where) { Options = options, Other = example.Texts[1]! };
    }

    private static string Classes(string[] words, string options) => words is ["negative", "positive"]
        ? "Is this review negative or positive?"
        : options.Length > 0 ? $"Is this {options}?" : "What is the category?";

    private static Question Span(TaskExample example)
    {
        IReadOnlyList<string> answers = SpanLabel.Read(example).Texts;
        return new Question(example.Texts[1]!, example.Texts[0]!, answers.Count > 0 ? [.. answers.Distinct()] : ["unanswerable"], example.Where);
    }

    private static Question Choice(Dataset dataset, TaskExample example)
    {
        int right = dataset.Labels.Index().Where(label => label.Item == example.Label).Select(label => label.Index).DefaultIfEmpty(-1).First();
        if (right < 0 || right >= example.Choices.Count)
            throw new InvalidDataException($"{example.Where}: the label '{example.Label}' is none of the {example.Choices.Count} choices");
        string options = Question.List(example.Choices), question = example.Texts.ElementAtOrDefault(1) ?? "What follows?";
        return new Question(example.Texts[0]!, $"{question} {options}?", [example.Choices[right]], example.Where) { Options = options, Other = question };
    }

    private static string? Degree(string label) => double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out double score) && score is >= 0 and <= 5
        ? Degrees[(int)Math.Round(score, MidpointRounding.AwayFromZero)]
        : null;

    /// <summary>Returns the name of a class as words.</summary>
    private static string Words(string label) => label.Replace('_', ' ').Trim();
}
