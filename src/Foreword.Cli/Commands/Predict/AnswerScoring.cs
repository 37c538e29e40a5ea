using System.Globalization;
using Foreword.Cli.Loading;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Torch.Supervised;

namespace Foreword.Cli.Commands.Predict;

/// <summary>Implements <c>foreword evaluate-task RUN dialogues.jsonl</c>: a model that was trained on dialogues or preferences, measured on other ones.</summary>
internal sealed class AnswerScoring(Terminal terminal, string model, IReadOnlyList<string> files)
{
    /// <summary>Measures, and prints a table or JSON.</summary>
    /// <returns>The exit code.</returns>
    public int Run(PrecisionChoice precision, DeviceChoice device, bool json)
    {
        TaskModels.SayIfUnfinished(model, terminal);
        AnswerEvaluation evaluation = LoadingBar.Show(terminal, model, _ => AnswerEvaluation.Measure(model, files, precision, device));
        foreach (string note in evaluation.Notes)
            terminal.Warn(note);
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteString("model", model);
                writer.WriteString("task", evaluation.Kind);
                writer.WriteNumber("examples", evaluation.Count);
                foreach ((string name, double value) in evaluation.Metrics)
                    writer.WriteNumber(name, value);
            });
            return ExitCodes.Done;
        }

        string things = evaluation.Kind == DialogueRecipe.Kind ? "dialogue" : "pair";
        terminal.Out.WriteLine($"{evaluation.Kind}, {CountText.Of(evaluation.Count, things)}");
        foreach ((string name, double value) in evaluation.Metrics)
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-18} {value,9:F4}   {Meaning(name)}"));
        return ExitCodes.Done;
    }

    private static string Meaning(string metric) => metric switch
    {
        AnswerEvaluation.Loss => "nats a token of the answers",
        SupervisedTrainer.Perplexity => "e to the loss",
        SupervisedTrainer.TokenAccuracy => "share of tokens that the model would choose",
        PreferenceTrainer.Accuracy => "share of pairs whose chosen answer is more probable",
        _ => "the same by the mean of an answer's tokens",
    };
}
