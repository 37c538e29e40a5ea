using Microsoft.Extensions.Logging;

namespace Foreword.Hub;

/// <summary>Writes the log of downloads: facts that are not errors.</summary>
internal static partial class HubLog
{
    /// <summary>Logs that a request failed temporarily and is sent again.</summary>
    [LoggerMessage(EventName = nameof(Retrying), Level = LogLevel.Warning, Message = "{Problem}; retry {Attempt} of {Retries} in {Seconds:0.0} s")]
    public static partial void Retrying(ILogger logger, string problem, int attempt, int retries, double seconds);

    /// <summary>Logs that a download continues where an earlier one ended.</summary>
    [LoggerMessage(EventName = nameof(Resuming), Level = LogLevel.Information, Message = "{File}: the download continues after {Bytes} bytes")]
    public static partial void Resuming(ILogger logger, string file, long bytes);

    /// <summary>Logs that the bytes of an earlier download were wrong, so that the file is downloaded anew.</summary>
    [LoggerMessage(EventName = nameof(Discarding), Level = LogLevel.Warning, Message = "{File}: the partial file of an earlier download was damaged; it is downloaded anew")]
    public static partial void Discarding(ILogger logger, string file);
}
