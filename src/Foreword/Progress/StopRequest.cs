namespace Foreword.Progress;

/// <summary>
/// A request to stop gracefully. Work that takes one finishes its step, keeps its result and returns. A <see cref="CancellationToken"/>, in contrast, ends
/// work at once with an <see cref="OperationCanceledException"/>.
/// </summary>
public sealed class StopRequest
{
    private volatile bool _isRequested;

    /// <summary>Gets whether the work was asked to stop.</summary>
    public bool IsRequested => _isRequested;

    /// <summary>Asks the work to stop. Any thread may call this, also more than once.</summary>
    public void Request() => _isRequested = true;
}
