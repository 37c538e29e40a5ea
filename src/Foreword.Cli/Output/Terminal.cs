using System.Text;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Foreword.Cli.Output;

/// <summary>
/// The streams that a command reads and writes: data on <see cref="Out"/>; messages, progress bars and errors on <see cref="Err"/>. Tests
/// pass their own writers.
/// </summary>
internal sealed class Terminal
{
    public required Stream In { get; init; }
    public required Stream OutBytes { get; init; }
    public required TextWriter Out { get; init; }
    public required TextWriter Err { get; init; }

    /// <summary>Gets whether <see cref="Err"/> shows bars and colors: it is a terminal, and NO_COLOR is not set.</summary>
    public required bool IsInteractive { get; init; }

    private string? _announcement;

    /// <summary>Gets or sets whether messages and bars are hidden (--quiet). Errors are always shown.</summary>
    public bool Quiet { get; set; }

    /// <summary>Returns the streams of the process, in UTF-8 without a byte order mark.</summary>
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

    /// <summary>Gets the number of columns of the terminal; no limit if <see cref="Err"/> is not a terminal.</summary>
    public int Width => IsInteractive ? Math.Max(FittedText.Narrowest, Drawing().Profile.Width) : int.MaxValue;

    /// <summary>Prints a message on stderr, unless --quiet is set.</summary>
    public void Say(string line = "")
    {
        if (TakeAnnouncement() is { } earlier)
            Err.WriteLine(earlier);
        if (!Quiet)
            Err.WriteLine(line);
    }

    /// <summary>Prints a warning on stderr, unless --quiet is set.</summary>
    public void Warn(string sentence) => SayWrapped($"warning: {sentence}");

    /// <summary>Gets the log that prints messages and warnings of the libraries on stderr, unless --quiet is set.</summary>
    public ILogger Logger => new TerminalLogger(Say, Warn);

    /// <summary>Prints a message on stderr, unless --quiet is set. Breaks it between words if it is longer than the terminal is wide.</summary>
    public void SayWrapped(string line)
    {
        foreach (string row in FittedText.Wrap(line, Width))
            Say(row);
    }

    /// <summary>
    /// Keeps a line and prints it before the next message or at the end of the command. If the command fails first, the line is not printed.
    /// </summary>
    public void Announce(string line) => _announcement = _announcement is null ? line : $"{_announcement}\n{line}";

    /// <summary>Returns and removes the announced lines that are not printed yet; null if there are none, or with --quiet.</summary>
    public string? TakeAnnouncement()
    {
        string? line = Quiet ? null : _announcement;
        _announcement = null;
        return line;
    }

    /// <summary>Creates a Spectre.Console that draws on stderr. If stderr is not a terminal, it writes plain text without colors.</summary>
    public IAnsiConsole Drawing() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(Err),
        Ansi = IsInteractive ? AnsiSupport.Detect : AnsiSupport.No,
        ColorSystem = IsInteractive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = IsInteractive ? InteractionSupport.Yes : InteractionSupport.No,
    });
}
