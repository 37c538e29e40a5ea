namespace Foreword.Progress;

/// <summary>Reports progress on the thread that reports it. <see cref="Progress{T}"/> posts each report to another thread.</summary>
/// <typeparam name="T">The type of the reports.</typeparam>
/// <param name="show">Receives each report.</param>
public sealed class SynchronousProgress<T>(Action<T> show) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => show(value);
}
