namespace Foreword.Cli.Output;

/// <summary>The exit codes of the program. A signal adds its own (see <see cref="StopRequest.ExitCode"/>).</summary>
internal static class ExitCodes
{
    /// <summary>The command completed its work.</summary>
    public const int Done = 0;

    /// <summary>The input is invalid, or the work failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl+C was pressed before the work began. The code is 128 + SIGINT, as shells report it.</summary>
    public const int Interrupted = 130;
}
