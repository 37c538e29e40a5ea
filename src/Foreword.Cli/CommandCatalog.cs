using System.CommandLine;
using Foreword.Cli.Commands;
using Foreword.Cli.Commands.Bench;
using Foreword.Cli.Commands.Conversion;
using Foreword.Cli.Commands.Evaluate;
using Foreword.Cli.Commands.FineTune;
using Foreword.Cli.Commands.Predict;
using Foreword.Cli.Commands.Pretrain;
using Foreword.Cli.Commands.Quickstart;
using Foreword.Cli.Commands.Serve;
using Foreword.Cli.Commands.Study;
using Foreword.Cli.Commands.Verify;
using Foreword.Cli.Inspection;
using Foreword.Cli.Output;

namespace Foreword.Cli;

/// <summary>The list of commands. A new command is one file and one line here.</summary>
internal static class CommandCatalog
{
    public static IEnumerable<Command> Commands(Terminal terminal) =>
    [
        QuickstartCommand.Create(terminal),
        TokenizerCommand.Create(terminal),
        PrepareCommand.Create(terminal),
        PretrainCommand.Create(terminal),
        FineTuneCommand.Create(terminal),
        PredictCommand.Create(terminal),
        EvaluateTaskCommand.Create(terminal),
        EvaluateCommand.Create(terminal),
        GenerateCommand.Create(terminal),
        ChatCommand.Create(terminal),
        ServeCommand.Create(terminal),
        QuantizeCommand.Create(terminal),
        OverlapCommand.Create(terminal),
        DownloadCommand.Create(terminal),
        ConvertCommand.Create(terminal),
        InspectCommand.Create(terminal),
        VerifyCommand.Create(terminal),
        StudyCommand.Create(terminal),
        BenchCommand.Create(terminal),
    ];
}
