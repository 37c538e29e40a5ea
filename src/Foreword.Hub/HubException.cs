namespace Foreword.Hub;

/// <summary>A hub refused, or could not be reached; one sentence that names the address or the repository.</summary>
public class HubException : IOException
{
    /// <summary>With its sentence.</summary>
    public HubException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

/// <summary>A failure that may be over in a moment: the connection broke, or the hub is busy.</summary>
internal sealed class TransientHubException(string message, Exception? inner = null) : HubException(message, inner)
{
    /// <summary>How long the hub asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
