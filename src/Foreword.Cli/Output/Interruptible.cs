using System.Runtime.InteropServices;

namespace Foreword.Cli.Output;

/// <summary>Runs work that Ctrl+C and SIGTERM can end. The work keeps its results or removes incomplete files.</summary>
internal static class Interruptible
{
    /// <summary>
    /// Runs the work. If it is interrupted, prints the resulting state and returns the exit code of a program that the signal ended.
    /// </summary>
    /// <param name="terminal">The terminal to print on.</param>
    /// <param name="standing">The state after an interruption, such as "DIR is as it was before".</param>
    /// <param name="work">The work, which ends soon after it is canceled.</param>
    public static int Run(Terminal terminal, string standing, Action<CancellationToken> work) => Run(terminal, () => standing, work);

    /// <inheritdoc cref="Run(Terminal, string, Action{CancellationToken})"/>
    /// <param name="terminal">The terminal to print on.</param>
    /// <param name="standing">Returns the state after an interruption.</param>
    /// <param name="work">The work, which ends after it is canceled. A second signal ends the process immediately.</param>
    /// <param name="ending">Message printed at the first signal if the work does not end immediately; null prints none.</param>
    public static int Run(Terminal terminal, Func<string> standing, Action<CancellationToken> work, string? ending = null)
    {
        using CancellationTokenSource cancel = new();
        int signal = 0;
        void Stop(PosixSignalContext context)
        {
            if (signal != 0)
                return; // the runtime ends the process with 128 + the signal
            context.Cancel = true;
            if (ending is not null)
                terminal.Err.WriteLine(ending);
            signal = context.Signal == PosixSignal.SIGINT ? 2 : 15;
            cancel.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            work(cancel.Token);
            return CommandLine.Done;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            terminal.Err.WriteLine($"interrupted: {standing()}");
            return 128 + signal;
        }
    }
}
