using System.Runtime.InteropServices;
using Foreword.Torch.Runs;

namespace Foreword.Cli.Output;

/// <summary>
/// Treats Ctrl+C and SIGTERM as requests to stop. After the first, the work finishes its step and saves. The second ends the process
/// immediately with exit code 130 or 143.
/// </summary>
internal sealed partial class StopRequest : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly Terminal _terminal;
    private readonly PosixSignalRegistration[] _registrations;

    public StopRequest(Terminal terminal)
    {
        _terminal = terminal;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Gets the exit code of a program that the signal ended, as shells report it: 128 + the signal number; 0 before any signal.</summary>
    public int ExitCode { get; private set; }

    /// <summary>Runs the work. If it is canceled before there is anything to save, returns the exit code of the signal.</summary>
    public int Run(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (OperationCanceledException) when (ExitCode != CommandLine.Done)
        {
            _terminal.Err.WriteLine("interrupted; there was nothing to save yet");
            return ExitCode;
        }
    }

    /// <summary>Returns the exit code after a run that may have been stopped.</summary>
    public int ExitCodeOf(RunOutcome outcome) => outcome == RunOutcome.Stopped ? ExitCode : CommandLine.Done;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        const int ByKeyboard = 130, ByTermination = 143;
        context.Cancel = true;
        ExitCode = context.Signal == PosixSignal.SIGINT ? ByKeyboard : ByTermination;
        if (_source.IsCancellationRequested)
            ExitNow(ExitCode);
        _terminal.Err.WriteLine("stopping after this step; interrupt again to end immediately without saving");
        _source.Cancel();
    }

    /// <summary>Ends the process without the usual cleanup, which would free libtorch's memory while a step still uses it.</summary>
    private static void ExitNow(int code)
    {
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        else
            ExitUnix(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitUnix(int code);
}
