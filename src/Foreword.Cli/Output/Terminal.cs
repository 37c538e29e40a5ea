using System.Text;
using Spectre.Console;

namespace Foreword.Cli.Output;

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

    private string? _announcement;

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

    /// <summary>Columns of the terminal; no limit where <see cref="Err"/> is none.</summary>
    public int Width => IsInteractive ? Math.Max(FittedText.Narrowest, Drawing().Profile.Width) : int.MaxValue;

    /// <summary>A line of prose on stderr, unless --quiet.</summary>
    public void Say(string line = "")
    {
        if (TakeAnnouncement() is { } earlier)
            Err.WriteLine(earlier);
        if (!Quiet)
            Err.WriteLine(line);
    }

    /// <summary>What may not be what was meant: prose on stderr, unless --quiet.</summary>
    public void Warn(string sentence) => SayWrapped($"warning: {sentence}");

    /// <summary>The same for a line longer than the terminal is wide: it is broken between words.</summary>
    public void SayWrapped(string line)
    {
        foreach (string row in FittedText.Wrap(line, Width))
            Say(row);
    }

    /// <summary>Keeps a line to be printed before the next one, or at the end of the command. It is not printed if the command fails first.</summary>
    public void Announce(string line) => _announcement = _announcement is null ? line : $"{_announcement}\n{line}";

    /// <summary>The lines that were announced and not said yet; null where there are none, or with --quiet.</summary>
    public string? TakeAnnouncement()
    {
        string? line = Quiet ? null : _announcement;
        _announcement = null;
        return line;
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
