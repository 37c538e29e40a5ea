using System.Runtime.InteropServices;

namespace Foreword.Cli.Output;

/// <summary>Work that keeps what it has done, or clears away what is half done: Ctrl+C and SIGTERM end it.</summary>
internal static class Interruptible
{
    /// <summary>Runs the work; interrupted, it says how things stand and gives the exit code of a program that the signal ended.</summary>
    /// <param name="terminal">Where it says so.</param>
    /// <param name="standing">How things stand then: "DIR is as it was before".</param>
    /// <param name="work">Ends soon after it is cancelled.</param>
    public static int Run(Terminal terminal, string standing, Action<CancellationToken> work) => Run(terminal, () => standing, work);

    /// <inheritdoc cref="Run(Terminal, string, Action{CancellationToken})"/>
    /// <param name="terminal">Where it says so.</param>
    /// <param name="standing">Tells how things stand then.</param>
    /// <param name="work">Ends after it is cancelled; a second signal ends the process at once.</param>
    /// <param name="ending">Said at the first signal, where the work does not end at once.</param>
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
