using Microsoft.Extensions.Logging;

namespace Foreword.Data;

/// <summary>Writes the log of reading data: facts that are not errors.</summary>
internal static partial class DataLog
{
    /// <summary>Logs that the first row of a table without a declared header is used as one.</summary>
    [LoggerMessage(EventName = nameof(HeaderGuessed), Level = LogLevel.Warning, Message = "{File}: the first row ({Names}) is used as a header; if it is data, turn the header off (in a recipe, data.header: false)")]
    public static partial void HeaderGuessed(ILogger logger, string file, string names);

    /// <summary>Logs that quotes are possibly not read as intended.</summary>
    [LoggerMessage(EventName = nameof(QuotesDoubted), Level = LogLevel.Warning, Message = "{Doubt}")]
    public static partial void QuotesDoubted(ILogger logger, string doubt);

    /// <summary>Logs that the labels of a training set are possibly not intended.</summary>
    [LoggerMessage(EventName = nameof(LabelsDoubted), Level = LogLevel.Warning, Message = "{Doubt}")]
    public static partial void LabelsDoubted(ILogger logger, string doubt);
}
