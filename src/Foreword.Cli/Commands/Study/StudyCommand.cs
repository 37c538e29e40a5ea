using System.CommandLine;
using Foreword.Cli.Output;

namespace Foreword.Cli.Commands.Study;

/// <summary><c>foreword study</c>: experiments of the papers, made again.</summary>
internal static class StudyCommand
{
    public static Command Create(Terminal terminal) => new("study", "Make the papers' experiments again.") { ZeroShotStudy.Create(terminal) };
}
