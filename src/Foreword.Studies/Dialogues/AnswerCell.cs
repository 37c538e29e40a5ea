using System.Diagnostics;
using Foreword.Chat;
using Foreword.Studies.Grid;

namespace Foreword.Studies.Dialogues;

/// <summary>A cell that chooses an answer for each question by one rule.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Grid">The questions and models.</param>
/// <param name="Rule">The level of <see cref="AnswerGrid.Rule"/>.</param>
/// <param name="Seed">The draw of the candidates.</param>
internal sealed record AnswerCell(StudyCell Cell, AnswerGrid Grid, string Rule, int Seed) : ICellWork
{
    /// <inheritdoc/>
    public CellResult? Run(CellContext context)
    {
        long begin = Stopwatch.GetTimestamp();
        IReadOnlyList<AnswerCandidate[]> candidates = Rule == AnswerGrid.Reference
            ? [.. Grid.Questions.Select(question => (AnswerCandidate[])[new AnswerCandidate(question.Answer, 0, 1)])]
            : Grid.Write(Seed, context);
        using TextModel backward = Grid.Load(Grid.Backward.Path);
        AnswerRanker ranker = new(backward.Model, backward.Tokenizer, Grid.BackwardTemplate, Rule switch
        {
            AnswerGrid.Sequence => AnswerRule.Sequence,
            AnswerGrid.Interpolated => AnswerRule.Interpolated,
            _ => AnswerRule.History,
        }, Grid.Lambda);
        List<string> answers = [];
        List<double> losses = [];
        for (int i = 0; i < candidates.Count; i++)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<RankedAnswer> ranked = ranker.Rank(Grid.Questions[i].History, candidates[i], context.CancellationToken);
            int chosen = Rule switch
            {
                AnswerGrid.Reference or AnswerGrid.First => 0,
                AnswerGrid.Likelihood => AnswerRanker.ByLikelihood(candidates[i])[0].Index,
                _ => ranked[0].Index,
            };
            answers.Add(candidates[i][chosen].Text);
            if (ranked.Single(answer => answer.Index == chosen).HistoryLoss is { } loss)
                losses.Add(loss);
            context.Stepped?.Invoke();
        }

        AnswerStatistics statistics = AnswerStatistics.Of(answers);
        Dictionary<string, double> values = new()
        {
            [AnswerGrid.HistoryPerplexity] = losses.Count == 0 ? double.NaN : Math.Exp(losses.Average()),
            [AnswerGrid.Distinct1] = statistics.Distinct1,
            [AnswerGrid.Distinct2] = statistics.Distinct2,
            [AnswerGrid.Words] = statistics.Words,
            [AnswerGrid.Repeated] = statistics.Repeated,
            ["answers"] = answers.Count,
        };
        return new CellResult(Cell.Factors, Cell.Fingerprint, "answers", values, Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }
}
