using Foreword.Evaluation;

namespace Foreword.Cli.Reports.Studies;

/// <summary>A heuristic's score at a step of pre-training.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="Heuristic">The heuristic.</param>
/// <param name="Count">Documents.</param>
/// <param name="Value">The score.</param>
/// <param name="StandardError">Its standard error over documents.</param>
/// <param name="Chance">The score of guessing.</param>
internal sealed record ZeroShotScore(int Step, ZeroShotHeuristic Heuristic, int Count, double Value, double? StandardError, double Chance)
{
    /// <summary>0 is a guess, 1 the best.</summary>
    public double Relative => Heuristic.Relative(Value, Chance);
}
