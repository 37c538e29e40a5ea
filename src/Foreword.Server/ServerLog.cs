using Microsoft.Extensions.Logging;

namespace Foreword.Server;

/// <summary>Writes the messages of the server.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(EventId = 1, EventName = nameof(Failed), Level = LogLevel.Error, Message = "{Method} {Path} failed. This is a bug of the server: {Kind}: {Reason}")]
    public static partial void Failed(ILogger logger, Exception problem, string method, string path, string kind, string reason);

    [LoggerMessage(EventId = 2, EventName = nameof(Damaged), Level = LogLevel.Error, Message = "{Method} {Path} failed: {Reason}")]
    public static partial void Damaged(ILogger logger, Exception problem, string method, string path, string reason);
}
