using Microsoft.Extensions.Logging;

namespace Foreword.Torch;

/// <summary>Writes the log of training: facts that are not errors.</summary>
internal static partial class TorchLog
{
    /// <summary>Logs that some files in directories of text are not read.</summary>
    [LoggerMessage(EventName = nameof(FilesLeftOut), Level = LogLevel.Information, Message = "left out {Files}")]
    public static partial void FilesLeftOut(ILogger logger, string files);

    /// <summary>Logs that the examples are possibly not as intended.</summary>
    [LoggerMessage(EventName = nameof(ExamplesDoubted), Level = LogLevel.Warning, Message = "{Doubt}")]
    public static partial void ExamplesDoubted(ILogger logger, string doubt);

    /// <summary>Logs that the best model gives all validation examples the same answer.</summary>
    [LoggerMessage(EventName = nameof(AnswersAreTheSame), Level = LogLevel.Warning,
        Message = "the best model (epoch {Epoch}) gives {Answer}; it does not distinguish the examples: train for more epochs or with another learning rate{Advice}")]
    public static partial void AnswersAreTheSame(ILogger logger, int epoch, string answer, string advice);
}
