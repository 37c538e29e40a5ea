using System.Runtime.InteropServices;

namespace Foreword.Cli;

/// <summary>
/// Ctrl+C and SIGTERM as a request: the first asks the work to finish its step and save, a second one ends the process at
/// once with 130 or 143.
/// </summary>
internal sealed class StopRequest : IDisposable
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

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        const int ByKeyboard = 130, ByTermination = 143; // 128 + the signal's number, as shells report it
        context.Cancel = true;
        if (_source.IsCancellationRequested)
            Environment.Exit(context.Signal == PosixSignal.SIGINT ? ByKeyboard : ByTermination);
        _terminal.Err.WriteLine("stopping after this step; once more ends at once without saving");
        _source.Cancel();
    }
}
