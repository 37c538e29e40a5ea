using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace Foreword.Server.Documentation;

internal sealed record RunList
{
    [AllowedValues("list"), Description("The kind of the answer.")]
    public required string Object { get; init; }

    [Description("The runs. The one that changed last comes first.")]
    public required IReadOnlyList<RunItem> Data { get; init; }
}

internal record RunItem
{
    [Description("The name of the run.")]
    public required string Id { get; init; }

    [AllowedValues("run"), Description("The kind of the item.")]
    public required string Object { get; init; }

    [Description("What is trained."), AllowedValues("pretrain", "finetune")]
    public required string Kind { get; init; }

    [Description("The number of steps that were made, as far as they are logged.")]
    public required int Steps { get; init; }

    [Description("The number of steps that the recipe plans. Null where it counts epochs.")]
    public required int? PlannedSteps { get; init; }

    [Description("When the run last logged something, in seconds since 1970.")]
    public required long Changed { get; init; }

    [Description("finished if all planned steps or epochs were made, or if early stopping ended the run; training if something was logged in the last two minutes, else stopped."), AllowedValues("finished", "training", "stopped")]
    public required string State { get; init; }
}

internal sealed record RunDetails : RunItem
{
    [Description("The complete recipe as YAML.")]
    public required string Recipe { get; init; }

    [Description("The checkpoints that are kept, oldest first.")]
    public required IReadOnlyList<RunCheckpointItem> Checkpoints { get; init; }

    [Description("The texts that the run wrote, oldest first.")]
    public required IReadOnlyList<RunSample> Samples { get; init; }
}

internal sealed record RunCheckpointItem
{
    [Description("The number of steps before it was saved.")]
    public required int Step { get; init; }

    [Description("The size of its files in bytes.")]
    public required long Bytes { get; init; }
}

internal sealed record RunSample
{
    [Description("The number of steps before it was written.")]
    public required int Step { get; init; }

    [Description("The text before it.")]
    public required string Prompt { get; init; }

    [Description("The written text.")]
    public required string Text { get; init; }
}

internal sealed record RunMetricsList
{
    [AllowedValues("list"), Description("The kind of the answer.")]
    public required string Object { get; init; }

    [Description("The lines of metrics.jsonl. A training line has step, loss, learning_rate, grad_norm and tokens_per_second. A validation has step, eval_loss and, in fine-tuning, the metrics of the task.")]
    public required IReadOnlyList<JsonObject> Data { get; init; }
}
