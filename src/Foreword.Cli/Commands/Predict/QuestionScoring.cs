using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Questions;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Evaluation.Questions;
using Foreword.IO;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Commands.Predict;

/// <summary>Implements <c>foreword evaluate-task RUN mix.yaml</c>: a model that answers questions, measured on each task of a mix.</summary>
internal sealed class QuestionScoring(Terminal terminal, string model, string mixPath)
{
    /// <summary>Gets the directory of the data sets; empty for the one that the mix names.</summary>
    public string Data { get; init; } = "";

    /// <summary>Gets whether the questions of the tests are answered, instead of those of the validation.</summary>
    public bool Test { get; init; }

    /// <summary>Gets the directory that receives the answers; null for none.</summary>
    public string? Output { get; init; }

    /// <summary>Answers, measures, and prints a table or JSON.</summary>
    /// <returns>The exit code.</returns>
    public int Run(DeviceChoice device, int seed, bool json)
    {
        string resolved = ModelDirectory.Resolve(model);
        if (TaskDescription.IsIn(resolved))
            throw new InvalidDataException($"{resolved} is a model for {TaskDescription.Read(resolved).Kind}, which writes no answers; a mix of tasks measures a language model");
        QuestionTask[] tasks = WithQuestions(QuestionTask.Read(QuestionMix.Read(mixPath), Data, null, seed));
        string? directory = Output is null ? null : Directory.CreateDirectory(OutputDirectory.Checked(Output)).FullName;
        using OpenedModel opened = OpenedModel.Open(model, device);
        using TextModel loaded = LoadingBar.Show(terminal, opened.Path, opened.Load);
        List<QuestionScore> scores = [];
        ProgressDisplay display = new(terminal);
        display.Show(() =>
        {
            foreach (QuestionTask task in tasks)
                scores.Add(QuestionEvaluation.Run(loaded, task, Test, new SynchronousProgress<int>(count => display.Status($"{task.Name}: {count} questions answered"))));
            return 0;
        });
        if (directory is not null)
            Write(directory, scores);
        if (json)
            JsonOutput.WriteLine(terminal, writer => Write(writer, scores));
        else
            Print(scores);
        return ExitCodes.Done;
    }

    private string Part => Test ? "test" : "validation";

    /// <summary>Returns the tasks that have questions of the part, and names the others.</summary>
    private QuestionTask[] WithQuestions(IReadOnlyList<QuestionTask> tasks)
    {
        ILookup<bool, QuestionTask> byPart = tasks.ToLookup(task => (Test ? task.Test : task.Validation).Count > 0);
        if (!byPart[true].Any())
            throw new InvalidDataException($"{mixPath}: no task has {Part} questions");
        if (byPart[false].Any())
            terminal.Say($"warning: not measured, because they have no {Part} questions: {string.Join(", ", byPart[false].Select(task => task.Name))}");
        return [.. byPart[true]];
    }

    private void Print(List<QuestionScore> scores)
    {
        int width = scores.Max(score => Math.Max("decaScore".Length, score.Task.Length));
        foreach (QuestionScore score in scores)
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {score.Task.PadRight(width)}  {AnswerMetrics.NameOf(score.Metric),-5} {score.Value,6:F1}   {score.Answered.Count,5} questions"));
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {"decaScore".PadRight(width)}  {"sum",-5} {scores.Sum(score => score.Value),6:F1}   {scores.Count,5} task{(scores.Count == 1 ? "" : "s")}"));
    }

    private void Write(Utf8JsonWriter writer, List<QuestionScore> scores)
    {
        writer.WriteString("model", model);
        writer.WriteString("part", Part);
        writer.WriteStartObject("tasks");
        foreach (QuestionScore score in scores)
        {
            writer.WriteStartObject(score.Task);
            writer.WriteNumber("n", score.Answered.Count);
            writer.WriteString("metric", AnswerMetrics.NameOf(score.Metric));
            writer.WriteNumber("value", score.Value);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteNumber("decascore", scores.Sum(score => score.Value));
    }

    /// <summary>Writes the numbers and the answers.</summary>
    private void Write(string directory, List<QuestionScore> scores)
    {
        DurableFile.Replace(Path.Combine(directory, "evaluation.json"), file =>
        {
            using Utf8JsonWriter writer = new(file, ReadableJson.Indented);
            writer.WriteStartObject();
            Write(writer, scores);
            writer.WriteEndObject();
        });
        DurableFile.Replace(Path.Combine(directory, "answers.jsonl"), file =>
        {
            foreach ((QuestionScore score, (Question question, string answer)) in scores.SelectMany(score => score.Answered.Select(one => (score, one))))
            {
                using (Utf8JsonWriter writer = new(file, ReadableJson.Line))
                {
                    writer.WriteStartObject();
                    writer.WriteString("task", score.Task);
                    writer.WriteString("place", question.Place);
                    writer.WriteString("question", question.Asked);
                    writer.WriteString("accepted", question.Answers[0]);
                    writer.WriteString("answer", answer);
                    writer.WriteEndObject();
                }

                file.WriteByte((byte)'\n');
            }
        });
    }
}
