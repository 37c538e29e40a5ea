using System.CommandLine;
using Foreword.Cli.Output;

namespace Foreword.Cli.Commands.Study;

/// <summary>Implements <c>foreword study</c>, which repeats experiments of the papers.</summary>
internal static class StudyCommand
{
    public static Command Create(Terminal terminal) => new("study", "Repeat the papers' experiments.") { ZeroShotStudy.Create(terminal) };
}
