using System.Runtime.InteropServices;
using Foreword.Progress;
using Foreword.Torch.Runs;

namespace Foreword.Cli.Output;

/// <summary>
/// Treats Ctrl+C and SIGTERM as requests to stop. After the first, the work finishes its step, and saves its results or removes incomplete files. The
/// second ends the process immediately. The exit code is 130 after Ctrl+C and 143 after SIGTERM, as shells report it.
/// </summary>
internal sealed partial class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly Terminal _terminal;
    private readonly string? _ending;
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Begins to handle the signals.</summary>
    /// <param name="terminal">The terminal to print on.</param>
    /// <param name="ending">The message that is printed at the first signal if the work does not end immediately; null prints none.</param>
    public StopSignals(Terminal terminal, string? ending = "stopping after this step; interrupt again to end immediately without saving")
    {
        (_terminal, _ending) = (terminal, ending);
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];
    }

    /// <summary>Gets the token of work that throws when it is canceled.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Gets the request for work that finishes its step and saves.</summary>
    public StopRequest Request { get; } = new();

    /// <summary>Gets the exit code of a program that the signal ended, as shells report it: 128 + the signal number; 0 before any signal.</summary>
    public int ExitCode { get; private set; }

    /// <summary>Runs work that has no step to finish. If it is canceled, prints the resulting state and returns the exit code of the signal.</summary>
    /// <param name="terminal">The terminal to print on.</param>
    /// <param name="standing">Returns the state after an interruption, such as "DIR is unchanged".</param>
    /// <param name="work">The work, which throws soon after it is canceled.</param>
    /// <param name="ending">The message that is printed at the first signal; null prints none.</param>
    public static int Run(Terminal terminal, Func<string> standing, Action<CancellationToken> work, string? ending = null)
    {
        using StopSignals stop = new(terminal, ending);
        return stop.Run(() =>
        {
            work(stop.Token);
            return ExitCodes.Done;
        }, () => $"interrupted: {standing()}");
    }

    /// <summary>Handles Ctrl+C alone, as a key that does not end the program.</summary>
    /// <param name="pressed">Called at each Ctrl+C.</param>
    /// <returns>The registration, which ends when it is disposed.</returns>
    public static IDisposable OnKey(Action pressed) => PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
    {
        context.Cancel = true;
        pressed();
    });

    /// <summary>Runs the work. If it is canceled, prints a message and returns the exit code of the signal.</summary>
    /// <param name="work">The work. If it can save, it returns <see cref="ExitCodeOf"/>; before that it throws when it is canceled.</param>
    /// <param name="standing">Returns the message; null says that there was nothing to save.</param>
    public int Run(Func<int> work, Func<string>? standing = null)
    {
        try
        {
            return work();
        }
        catch (OperationCanceledException) when (ExitCode != ExitCodes.Done)
        {
            _terminal.Err.WriteLine(standing?.Invoke() ?? "interrupted; there was nothing to save yet");
            return ExitCode;
        }
    }

    /// <summary>Returns the exit code after a run that may have been stopped.</summary>
    public int ExitCodeOf(RunOutcome outcome) => outcome == RunOutcome.Stopped ? ExitCode : ExitCodes.Done;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    /// <summary>Stops the work as the first signal does, without a signal.</summary>
    public void Stop()
    {
        Request.Request();
        _source.Cancel();
    }

    private void Handle(PosixSignalContext context)
    {
        const int ByKeyboard = 130, ByTermination = 143;
        context.Cancel = true;
        bool isSecond = ExitCode != ExitCodes.Done;
        ExitCode = context.Signal == PosixSignal.SIGINT ? ByKeyboard : ByTermination;
        if (isSecond)
            ExitNow(ExitCode);
        if (_ending is not null)
            _terminal.Err.WriteLine(_ending);
        Stop();
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
