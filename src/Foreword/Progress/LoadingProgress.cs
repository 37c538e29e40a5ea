namespace Foreword.Progress;

/// <summary>The progress of loading a model. It is reported after each large tensor, on the thread that loads.</summary>
/// <param name="Bytes">The number of bytes of the model's files that were read or checked so far.</param>
/// <param name="Total">The number of bytes that loading reads. Small tensors, and embeddings that are read only when they are needed, are not counted.</param>
public readonly record struct LoadingProgress(long Bytes, long Total);

/// <summary>Adds up what an engine reads, reports it, and ends the loading if it is canceled.</summary>
/// <param name="total">The number of bytes that will be read.</param>
/// <param name="progress">Receives each report; null for none.</param>
/// <param name="cancellationToken">Checked after each tensor.</param>
internal sealed class LoadingCounter(long total, IProgress<LoadingProgress>? progress, CancellationToken cancellationToken)
{
    private long _read;

    /// <summary>Reports that more bytes were read.</summary>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    public void Add(long bytes)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _read += bytes;
        progress?.Report(new LoadingProgress(_read, total));
    }
}
