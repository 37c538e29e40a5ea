namespace Foreword.Cli.Output;

/// <summary>Calls on the thread that reports, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Reports<T>(Action<T> show) : IProgress<T>
{
    public void Report(T value) => show(value);
}
