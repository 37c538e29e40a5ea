namespace Foreword.Cli.Output;

/// <summary>Reports progress on the calling thread, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Reports<T>(Action<T> show) : IProgress<T>
{
    public void Report(T value) => show(value);
}
