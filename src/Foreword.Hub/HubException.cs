namespace Foreword.Hub;

/// <summary>
/// The error that a hub refused a request or cannot be reached. The message is one sentence that names the address or the repository.
/// </summary>
public class HubException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One sentence that names the address or the repository.</param>
    /// <param name="inner">The cause; null for none.</param>
    public HubException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

/// <summary>A temporary failure, which a retry may resolve: the connection broke, or the hub is busy.</summary>
internal sealed class TransientHubException(string message, Exception? inner = null) : HubException(message, inner)
{
    /// <summary>Gets the wait that the hub requested; null if it requested none.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
