using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;

namespace Foreword.Cli.Commands.FineTune;

/// <summary>Evaluates the best model of a finished run on the test parts, and writes the predictions for a test server.</summary>
internal sealed class FinalTests(Terminal terminal, Action<string> show, FineTuneRecipe recipe, RunDirectory directory)
{
    /// <summary>The character between the name of a part and the name of a metric, if there are several parts.</summary>
    public const char PartSeparator = '/';

    /// <summary>Checks that the recipe's data set has a test server.</summary>
    /// <exception cref="UsageException">There is no data set, the data set has no test server, there are several runs, or not all examples are read.</exception>
    public static void CheckSubmission(FineTuneRecipe recipe, int runs)
    {
        if (recipe.Data.Dataset is not { } name)
            throw new UsageException("--submission is for data sets with a test server: --dataset NAME --data DIR");
        if (DatasetCatalog.OfName(name).Submission is null)
            throw new UsageException($"--submission: the data set {name} has no test server; these have one: {string.Join(", ", DatasetCatalog.All.Where(dataset => dataset.Submission is not null).Select(dataset => dataset.Name))}");
        if (runs > 1)
            throw new UsageException($"--submission is for one run; --repeats is {runs}");
        if (recipe.Data.MaxExamples is { } most)
            throw new UsageException($"--submission needs every test example; --max-examples is {most} (--limit is for the training examples only)");
    }

    /// <summary>Checks that the files hold the examples of the test server.</summary>
    /// <exception cref="InvalidDataException">There is no such file.</exception>
    public static void CheckSubmission(FineTuneRecipe recipe, IReadOnlyList<DatasetPart> parts)
    {
        if (parts.All(part => part.SubmissionEnding is null))
            throw new InvalidDataException($"--submission: {recipe.Data.Directory} has no test file of {recipe.Data.Dataset}; the data set has {DatasetCatalog.OfName(recipe.Data.Dataset!).Files}");
    }

    /// <summary>Evaluates the parts with labels, and writes the predictions for the others.</summary>
    /// <param name="parts">The test parts.</param>
    /// <param name="submission">The file for the predictions; null to write none.</param>
    /// <returns>The metrics; null if no part has labels.</returns>
    public IReadOnlyDictionary<string, double>? Run(IReadOnlyList<DatasetPart> parts, string? submission)
    {
        DatasetPart[] labeled = [.. parts.Where(part => part.IsLabeled)], submitted = submission is null ? [] : [.. parts.Where(part => part.SubmissionEnding is not null)];
        TaskExample[] examples = [.. labeled.Concat(submitted).SelectMany(part => part.Examples).Distinct(ReferenceEqualityComparer.Instance).Cast<TaskExample>()];
        if (examples.Length == 0)
            return null;
        using FineTunedModel model = TaskModels.Load(directory.Path, recipe.Train.Precision, recipe.Train.Device);
        Dictionary<object, Prediction> answers = examples.Zip<TaskExample, Prediction>(model.Predict(examples)).ToDictionary(pair => (object)pair.First, pair => pair.Second, ReferenceEqualityComparer.Instance);
        Dictionary<string, double> metrics = [];
        foreach (DatasetPart part in labeled)
            Evaluate(model.Task, part, Answers(part), isFirst: part == labeled[0], metrics);
        foreach (DatasetPart part in submitted)
            Submit(SubmissionFormat.PathFor(submission!, part), part, Answers(part));
        return metrics.Count == 0 ? null : metrics;

        Prediction[] Answers(DatasetPart part) => [.. part.Examples.Select(example => answers[example])];
    }

    private void Evaluate(TaskDescription task, DatasetPart part, Prediction[] answers, bool isFirst, Dictionary<string, double> metrics)
    {
        IReadOnlyList<TaskMetric> usual = task.Metrics;
        TaskMetric? chosen = BestMetric.Create(task, recipe.Train.BestMetric).Metric;
        IReadOnlyList<TaskMetric> all = chosen is null || usual.Any(metric => metric.Name == chosen.Name) ? usual : [.. usual, chosen];
        TaskEvaluation evaluation = TaskEvaluation.Compute(task.Kind, task.Outcomes(part.Examples, answers), all, TaskModels.Resamples, recipe.Train.Seed);
        string report = isFirst ? directory.Path : Path.Combine(directory.Path, $"evaluation-{part.Name}");
        TaskModels.WriteReport(report, evaluation, task, directory.Path, recipe.Data.Dataset is null ? [.. recipe.Data.Test, .. recipe.Data.TestLabels] : part.Files, part.Examples);
        foreach (MetricInterval metric in evaluation.Metrics)
        {
            show($"{part.Name} {TaskModels.Text(metric)}");
            metrics[part.Name == DatasetPart.Test ? metric.Name : $"{part.Name}{PartSeparator}{metric.Name}"] = metric.Value;
        }

        if (evaluation.Outcomes.SameAnswer is { } answer)
            terminal.Say($"warning: on the {part.Name} set the model gives {answer}");
        terminal.Say($"report {Path.Combine(report, "report.html")}");
    }

    private void Submit(string path, DatasetPart part, Prediction[] answers)
    {
        using StringWriter text = new();
        DatasetCatalog.OfName(recipe.Data.Dataset!).Submission!.Write(text, part, answers);
        OutputFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text.ToString())));
        terminal.Say($"submission {path}");
    }
}
