using System.Text;
using Spectre.Console;

namespace Foreword.Cli;

/// <summary>
/// Where a command reads and writes: data on <see cref="Out"/>, prose, bars and errors on <see cref="Err"/>.
/// Tests pass writers of their own.
/// </summary>
internal sealed class Terminal
{
    public required Stream In { get; init; }
    public required Stream OutBytes { get; init; }
    public required TextWriter Out { get; init; }
    public required TextWriter Err { get; init; }

    /// <summary>True where bars and colours belong on <see cref="Err"/>: a terminal, and NO_COLOR not set.</summary>
    public required bool IsInteractive { get; init; }

    /// <summary>Set by --quiet: prose and bars are left out, errors are not.</summary>
    public bool Quiet { get; set; }

    /// <summary>The process's own streams; UTF-8 without a byte order mark.</summary>
    public static Terminal System()
    {
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
        Stream output = Console.OpenStandardOutput();
        return new Terminal
        {
            In = Console.OpenStandardInput(),
            OutBytes = output,
            Out = new StreamWriter(output, utf8) { AutoFlush = true },
            Err = new StreamWriter(Console.OpenStandardError(), utf8) { AutoFlush = true },
            IsInteractive = !Console.IsErrorRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
        };
    }

    /// <summary>A line of prose on stderr, unless --quiet.</summary>
    public void Say(string line = "")
    {
        if (!Quiet)
            Err.WriteLine(line);
    }

    /// <summary>What may not be what was meant: lines of prose on stderr, unless --quiet.</summary>
    public void Warn(string sentence)
    {
        foreach (string line in WrappedText.Lines($"warning: {sentence}"))
            Say(line);
    }

    /// <summary>A Spectre.Console that draws on stderr; plain text without colours where that is not a terminal.</summary>
    public IAnsiConsole Drawing() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(Err),
        Ansi = IsInteractive ? AnsiSupport.Detect : AnsiSupport.No,
        ColorSystem = IsInteractive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = IsInteractive ? InteractionSupport.Yes : InteractionSupport.No,
    });
}
