using System.Runtime.InteropServices;
using Foreword.Torch.Runs;

namespace Foreword.Cli.Output;

/// <summary>
/// Ctrl+C and SIGTERM as a request: the first asks the work to finish its step and save, a second one ends the process at
/// once with 130 or 143.
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

    /// <summary>The exit code of a program that the signal ended, as shells report it: 128 + the signal's number; 0 before any.</summary>
    public int ExitCode { get; private set; }

    /// <summary>Runs work that may also end before there is anything to save; its exit code is then that of the signal.</summary>
    public int Run(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (OperationCanceledException) when (ExitCode != CommandLine.Done)
        {
            _terminal.Err.WriteLine("interrupted before there was anything to save");
            return ExitCode;
        }
    }

    /// <summary>The exit code after a run that may have been stopped.</summary>
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
        _terminal.Err.WriteLine("stopping after this step; once more ends at once without saving");
        _source.Cancel();
    }

    /// <summary>Without the clearing up at a normal exit: it would take libtorch's memory from under the step that is being computed.</summary>
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
