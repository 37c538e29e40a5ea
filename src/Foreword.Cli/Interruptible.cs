using System.Runtime.InteropServices;

namespace Foreword.Cli;

/// <summary>Work that has nothing to save: Ctrl+C and SIGTERM end it, and it clears away what is half done.</summary>
internal static class Interruptible
{
    /// <summary>Runs the work; interrupted, it says how things stand and gives the exit code of a program that the signal ended.</summary>
    /// <param name="terminal">Where it says so.</param>
    /// <param name="standing">How things stand then: "DIR is as it was before".</param>
    /// <param name="work">Ends soon after it is cancelled.</param>
    public static int Run(Terminal terminal, string standing, Action<CancellationToken> work)
    {
        using CancellationTokenSource cancel = new();
        int signal = 0;
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
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
            terminal.Err.WriteLine($"interrupted: {standing}");
            return 128 + signal;
        }
    }
}
