using Microsoft.Extensions.Logging;

namespace Foreword.Cli.Output;

/// <summary>Prints what the libraries log. Details (the levels below information) are not printed.</summary>
/// <param name="say">Prints a message.</param>
/// <param name="warn">Prints a warning or an error.</param>
internal sealed class TerminalLogger(Action<string> say, Action<string> warn) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and < LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            (logLevel >= LogLevel.Warning ? warn : say)(formatter(state, exception));
    }
}
