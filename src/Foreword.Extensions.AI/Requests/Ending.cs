namespace Foreword.Extensions.AI.Requests;

/// <summary>Tells why the scheduler ended a request early.</summary>
internal static class Ending
{
    /// <summary>Waits for work of the scheduler.</summary>
    /// <exception cref="OperationCanceledException">The caller has canceled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public static async Task<T> TranslateAsync<T>(Task<T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // with the caller's token, not the scheduler's
            throw new ObjectDisposedException(nameof(ForewordModel), "the model was disposed before the request was complete");
        }
    }
}
