using System.Diagnostics;
using Foreword.Data.Questions;
using Foreword.Data.Recipes.Supervised;
using Foreword.Evaluation.Questions;
using Foreword.Progress;
using Foreword.Studies.Grid;
using Foreword.Torch;
using Foreword.Torch.Runs;
using Foreword.Torch.Supervised;

namespace Foreword.Studies.FineTuning;

/// <summary>A cell that trains a model on tasks of a mix, and lets it answer the questions of some tasks.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Recipe">The recipe, whose <c>data.tasks</c> are those of the cell.</param>
/// <param name="Measured">The names of the tasks that are measured.</param>
internal sealed record MultitaskCell(StudyCell Cell, QuestionRecipe Recipe, IReadOnlyList<string> Measured) : ICellWork
{
    /// <summary>Trains the model, and measures its best epoch. A cell that was stopped or killed goes on from its last complete epoch.</summary>
    /// <inheritdoc/>
    public CellResult? Run(CellContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        long begin = Stopwatch.GetTimestamp();
        using CellRun held = CellRun.Open(Cell, context.Runs);
        IProgress<PretrainEvent>? progress = context.Stepped is { } stepped ? new SynchronousProgress<PretrainEvent>(_ => stepped()) : null;
        using (SupervisedRun run = held.IsBegun
            ? SupervisedRun.Resume(Recipe, held.Directory, held.Directory.Newest, progress, logger: context.Logger, cancellationToken: context.CancellationToken)
            : SupervisedRun.Start(Recipe, held.Directory, progress, logger: context.Logger, cancellationToken: context.CancellationToken))
        {
            if (run.Run(context.Stop) == RunOutcome.Stopped)
                return null;
        }

        using TextModel model = TextModel.Load(held.Directory.Path, new TorchEngine());
        Dictionary<string, double> values = [];
        QuestionMix mix = QuestionMix.Read(Recipe.Data.Train[0]).Only(Measured);
        foreach (QuestionTask task in QuestionTask.Read(mix, Recipe.Data.Directory, Recipe.Data.Limit, Recipe.Train.Seed, context.CancellationToken))
        {
            QuestionScore score = QuestionEvaluation.Run(model, task, test: false, null, context.CancellationToken);
            values[MultitaskGrid.ValueName(task.Name, AnswerMetrics.NameOf(score.Metric))] = score.Value;
        }

        values[MultitaskGrid.Score] = values.Values.Average();
        return new CellResult(Cell.Factors, Cell.Fingerprint, "score", values, Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }
}
