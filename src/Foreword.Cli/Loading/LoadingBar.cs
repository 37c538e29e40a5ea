using Foreword.Cli.Output;
using Foreword.Progress;

namespace Foreword.Cli.Loading;

/// <summary>Shows a bar while a model is loaded. A model that loads within a second shows nothing.</summary>
internal static class LoadingBar
{
    /// <summary>Time before a bar appears.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.1);

    /// <summary>Loads a model. On a terminal, another thread loads it, so that this one can draw the bar.</summary>
    /// <param name="terminal">The terminal.</param>
    /// <param name="name">The model, for the text after the bar.</param>
    /// <param name="load">Loads the model and reports the progress.</param>
    /// <param name="patience">Time before a bar appears; <see cref="Patience"/> where null.</param>
    public static T Show<T>(Terminal terminal, string name, Func<IProgress<LoadingProgress>?, T> load, TimeSpan? patience = null)
    {
        if (!terminal.IsInteractive || terminal.Quiet)
            return load(null);
        ProgressDisplay display = new(terminal);
        display.StartClock();
        LoadingProgress? last = null;
        Lock latest = new();
        Task<T> loading = Task.Run(() => load(new SynchronousProgress<LoadingProgress>(report =>
        {
            lock (latest)
                last = report;
        })));
        if (HasEnded(patience ?? Patience))
            return loading.GetAwaiter().GetResult();
        return display.Show(() =>
        {
            while (!HasEnded(Interval))
            {
                lock (latest)
                {
                    if (last is { } report)
                        display.Bytes(report.Bytes, report.Total, 0, name);
                }
            }

            return loading.GetAwaiter().GetResult();
        }, staysVisible: false);

        bool HasEnded(TimeSpan wait) => Task.WaitAny([loading], wait) >= 0;
    }
}
