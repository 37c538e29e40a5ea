using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cli.Reports.Studies;
using Foreword.Studies.Dialogues;
using Foreword.Studies.Evaluation;
using Foreword.Studies.FineTuning;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;
using Foreword.Studies.Training;

namespace Foreword.Cli.Commands.Study;

/// <summary>Implements <c>foreword study all</c>, which writes the tables, pictures and pages of stored results anew. It computes no cell.</summary>
internal static class AllStudies
{
    private static readonly StudyPlan[] Plans = [.. FineTunePlans.All, .. EvaluationPlans.All, ZeroShotGrid.Plan, DesignGrid.Plan, ScalingGrid.Plan, AnswerGrid.Plan, MultitaskGrid.Plan];

    public static Command Create(Terminal terminal)
    {
        Option<string> output = new("--out") { Description = "Directory with a folder for each study.", DefaultValueFactory = _ => "studies" };
        Command command = new Command("all", "Write the tables, pictures and pages of all stored studies anew, from their cells.") { output }.WithExample("foreword study all --out docs/results");
        command.SetAction(parsed =>
        {
            string root = OutputDirectory.Checked(parsed.GetValue(output)!);
            StudyPlan[] stored = [.. Plans.Where(plan => File.Exists(Path.Combine(root, plan.Name, CellStore.FileName)))];
            if (stored.Length == 0)
                throw new InvalidDataException($"{root} has no study: no {CellStore.FileName} in {string.Join(", ", Plans.Select(plan => $"{plan.Name}/"))}");
            List<(StudyPlan, IReadOnlyList<CellResult>)> written = [];
            foreach (StudyPlan plan in stored)
            {
                string place = Path.Combine(root, plan.Name);
                IReadOnlyList<CellResult> results = CellStore.Open(place).Results;
                StudyReport.Write(place, EvaluationPlans.All.Contains(plan) ? EvaluationPlans.WithPapers(plan, results) : plan, results);
                written.Add((plan, results));
                terminal.Out.WriteLine($"{Path.Combine(place, StudyReport.PageName)}: {results.Count} cells");
            }

            StudyReport.WriteIndex(root, written);
            terminal.Out.WriteLine(Path.Combine(root, StudyReport.ReadmeName));

            return ExitCodes.Done;
        });
        return command;
    }
}
