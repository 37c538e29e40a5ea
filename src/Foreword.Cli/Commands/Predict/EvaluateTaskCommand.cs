using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cli.Reports.Tasks;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.IO;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Supervised;

namespace Foreword.Cli.Commands.Predict;

/// <summary>
/// Implements <c>foreword evaluate-task RUN TEST</c>. Writes metrics with intervals, confusion matrix, classes and calibration, as JSON and
/// as an HTML page.
/// </summary>
internal static class EvaluateTaskCommand
{
    /// <summary>Largest number of classes and confusions shown on the terminal. The page shows all.</summary>
    private const int MostShown = 10;

    public static Command Create(Terminal terminal)
    {
        Argument<string> run = new("RUN") { Description = "A run of finetune, its best/, a checkpoint, or a sequence classifier of transformers." };
        Argument<string[]> test = InputPaths.Argument("Labeled examples; dialogues or preferences, for a model that learned them; a mix of tasks (.yaml), for one that answers questions.");
        TableArguments tables = new("Columns, the label last; default: the columns of the training data.");
        Option<string[]> labels = OptionExtensions.Files("--labels", "For each file, a file with one label per line, if the files have no labels.");
        Option<bool> dryRun = new("--dry-run") { Description = $"Print the first {DryRun.Shown} examples as the model would read them, and do not evaluate." };
        Option<string?> output = new("--out") { Description = "Directory for evaluation.json and report.html; default: RUN/evaluation-<file's name>, with -2 and so on for another file of that name." };
        Option<int> resamples = new("--resamples") { Description = "Number of bootstrap resamples.", DefaultValueFactory = _ => TaskModels.Resamples };
        Option<int> seed = new("--seed") { Description = "Seed of the bootstrap.", DefaultValueFactory = _ => 1337 };
        Option<PrecisionChoice> precision = new("--precision") { Description = "Number format of the matrix products." };
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on." };
        Option<string?> data = new("--data") { Description = "With a mix of tasks: the directory of the data sets; default: the one that the mix names." };
        Option<bool> onTest = new("--on-test") { Description = "With a mix of tasks: answer the questions of the tests, instead of those of the validation." };
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Command command = new Command("evaluate-task", "Evaluate a fine-tuned model on labeled examples, dialogues or preferences, or one that answers questions on a mix of tasks.") { run, test, labels, output, resamples, seed, precision, device, dryRun, data, onTest, json }
            .WithExample("foreword evaluate-task runs/banking test.csv");
        tables.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(resamples) < 1)
                throw new UsageException($"--resamples is {parsed.GetValue(resamples)}; it must be at least 1");
            string path = parsed.GetValue(run)!;
            string[] files = parsed.GetValue(test)!;
            if (files is [var mix] && (Path.GetExtension(mix) is ".yaml" or ".yml"))
            {
                return new QuestionScoring(terminal, path, mix) { Data = parsed.GetValue(data) ?? "", Test = parsed.GetValue(onTest), Output = parsed.GetValue(output) }
                    .Run(parsed.GetValue(device), parsed.GetValue(seed), parsed.GetValue(json));
            }

            if (!parsed.GetValue(dryRun) && AnswerEvaluation.KindOf(path) is { } kind)
            {
                if (tables.All.Concat([labels, output, data, onTest, resamples, seed]).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } other)
                    throw new UsageException($"{other.Name} is not for {path}, a model of --task {kind}");
                return new AnswerScoring(terminal, path, files).Run(parsed.GetValue(precision), parsed.GetValue(device), parsed.GetValue(json));
            }

            if (parsed.GetValue(data) is not null || parsed.GetValue(onTest))
                throw new UsageException($"{(parsed.GetValue(onTest) ? "--on-test" : "--data")} is for a mix of tasks: foreword evaluate-task {path} mix.yaml");
            if (parsed.GetValue(dryRun))
            {
                DryRun dry = DryRun.Open(path);
                IReadOnlyList<TaskExample> read = Read(dry.Task);
                dry.Show(terminal, [("test", read.Count)], [.. read.Take(DryRun.Shown)], parsed.GetValue(json));
                return ExitCodes.Done;
            }

            using FineTunedModel model = LoadingBar.Show(terminal, path, progress => TaskModels.Load(path, parsed.GetValue(precision), parsed.GetValue(device), progress));
            TaskModels.SayIfUnfinished(path, terminal);
            TaskDescription task = model.Task;
            IReadOnlyList<TaskExample> examples = Read(task);
            foreach (TaskExample example in examples)
                _ = task.TargetOf(example); // reports a label that does not belong to the task before anything is computed
            string[] measured = [.. files, .. parsed.GetValue(labels)!];
            string directory = parsed.GetValue(output) is { } named ? OutputDirectory.Checked(named) : MeasuredOn.Create(path, measured).Directory();
            TaskEvaluation evaluation = TaskModels.Evaluate(model, examples, parsed.GetValue(resamples), parsed.GetValue(seed));
            TaskModels.WriteReport(directory, evaluation, task, path, measured, examples);
            Show(terminal, evaluation, directory, parsed.GetValue(json));
            return ExitCodes.Done;

            IReadOnlyList<TaskExample> Read(TaskDescription task)
            {
                ExampleFiles examples = new(files, parsed.GetValue(labels)!) { MaxExamples = tables.MaxExamples(parsed) };
                TaskColumnMap columns = UsageException.For(() => examples.Columns(task.Definition, tables.Columns(parsed) ?? task.Columns));
                return examples.Read(columns, tables.Options(parsed, files, task, terminal.Logger));
            }
        });
        return command;
    }

    /// <summary>Prints the evaluation, and where its page and its numbers are.</summary>
    private static void Show(Terminal terminal, TaskEvaluation evaluation, string directory, bool asJson)
    {
        if (evaluation.Outcomes.SameAnswer is { } answer)
            terminal.Say($"warning: the model gives {answer}");
        if (asJson)
            WriteJson(terminal, evaluation);
        else
            Print(terminal.Out, evaluation);
        terminal.Say($"page    {Path.Combine(directory, "report.html")}");
        terminal.Say($"numbers {Path.Combine(directory, "evaluation.json")}");
    }

    private static void WriteJson(Terminal terminal, TaskEvaluation evaluation)
    {
        using (Utf8JsonWriter writer = new(terminal.OutBytes, ReadableJson.Line))
            evaluation.WriteJson(writer);
        terminal.OutBytes.WriteByte((byte)'\n');
        terminal.OutBytes.Flush();
    }

    private static void Print(TextWriter output, TaskEvaluation evaluation)
    {
        Line($"{evaluation.Task}, {evaluation.Count:N0} examples");
        int width = evaluation.Metrics.Max(metric => Math.Max(10, metric.FullName.Length));
        foreach (MetricInterval metric in evaluation.Metrics)
            Line($"  {metric.FullName.PadRight(width)} {metric.Value,7:F4}   95 % interval {metric.Low:F4} to {metric.High:F4}");
        if (evaluation.MajorityBaseline is { } baseline)
            Line($"  {"majority".PadRight(width)} {baseline,7:F4}   accuracy of always predicting the most frequent label");
        if (evaluation.Calibration is { } calibration)
            Line($"  {"calibration".PadRight(width)} {calibration.ExpectedError:F4}   expected error of the probabilities");
        if (evaluation.Classes is { } classes)
        {
            ClassRow[] occurring = [.. classes.Where(row => row.Count > 0)];
            Line($"{(occurring.Length > MostShown ? $"the {MostShown} classes with the lowest F1, of {occurring.Length} that occur" : "classes")}");
            Line($"  {"F1",6} {"prec.",6} {"recall",6} {"n",6}  label");
            foreach (ClassRow row in occurring.OrderBy(row => row.F1).Take(MostShown))
                Line($"  {row.F1,6:F3} {row.Precision,6:F3} {row.Recall,6:F3} {row.Count,6}  {row.Label}");
        }

        if (evaluation.Confusion is { } confusion && Confusions(confusion).Take(MostShown).ToArray() is { Length: > 0 } mixed)
        {
            Line($"most frequent confusions");
            foreach ((int count, string truth, string predicted) in mixed)
                Line($"  {count,6}  {truth} predicted as {predicted}");
        }

        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }

    private static IEnumerable<(int Count, string Truth, string Predicted)> Confusions(ConfusionMatrix confusion) =>
        from truth in Enumerable.Range(0, confusion.Labels.Count)
        from predicted in Enumerable.Range(0, confusion.Labels.Count)
        where truth != predicted && confusion[truth, predicted] > 0
        orderby confusion[truth, predicted] descending
        select (confusion[truth, predicted], confusion.Labels[truth], confusion.Labels[predicted]);
}
