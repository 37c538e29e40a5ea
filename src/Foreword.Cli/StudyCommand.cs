using System.CommandLine;

namespace Foreword.Cli;

/// <summary><c>foreword study</c>: experiments of the papers, made again.</summary>
internal static class StudyCommand
{
    public static Command Create(Terminal terminal) => new("study", "Make the papers' experiments again.") { ZeroShotStudy.Create(terminal) };
}
