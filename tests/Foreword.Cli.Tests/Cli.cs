using System.CommandLine;
using System.Text;
using Foreword.Cli.Output;
using Foreword.Segmentation;

namespace Foreword.Cli.Tests;

/// <summary>Runs a command line in this process and records its output.</summary>
internal sealed record Cli(int ExitCode, string Out, string Err)
{
    public static Cli Run(params string[] args) => RunWithInput("", args);

    public static Cli RunWithInput(string input, params string[] args)
    {
        SegmentedWordsModule.Register();
        return Run(input, CommandCatalog.Commands, args);
    }

    /// <summary>Runs with one command of the test instead of the catalog's commands.</summary>
    public static Cli Run(string input, Func<Terminal, Command> command, params string[] args) => Run(input, terminal => [command(terminal)], args);

    /// <summary>Runs with the given commands instead of the catalog's.</summary>
    public static Cli Run(string input, Func<Terminal, IEnumerable<Command>> commands, string[] args) => Run(Encoding.UTF8.GetBytes(input), commands, args);

    /// <summary>Runs with bytes on standard input, which need not be text.</summary>
    public static Cli Run(byte[] input, Func<Terminal, IEnumerable<Command>> commands, string[] args)
    {
        using MemoryStream output = new();
        using StreamWriter writer = new(output, new UTF8Encoding(false)) { AutoFlush = true };
        using StringWriter error = new();
        Terminal terminal = new() { In = new MemoryStream(input), OutBytes = output, Out = writer, Err = error, IsInteractive = false };
        int code = CommandRunner.Run(args, terminal, commands(terminal));
        return new Cli(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
