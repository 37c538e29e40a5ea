using System.CommandLine;
using Foreword.Cli.Output;

namespace Foreword.Cli.Commands.Study;

/// <summary>Implements <c>foreword study</c>, which repeats experiments of the papers.</summary>
internal static class StudyCommand
{
    public static Command Create(Terminal terminal)
    {
        Command command = new("study", "Repeat the papers' experiments.");
        foreach (Command study in (Command[])[.. FineTuneStudies.Create(terminal), .. EvaluationStudies.Create(terminal), .. TrainingStudies.Create(terminal), ZeroShotStudy.Create(terminal), AnswerStudy.Create(terminal), MultitaskStudy.Create(terminal), AllStudies.Create(terminal)])
            command.Add(study);
        return command;
    }
}
