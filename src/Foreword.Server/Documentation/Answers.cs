using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Foreword.Server.Documentation;

internal sealed record ErrorAnswer
{
    [Description("What is wrong.")]
    public required ErrorDetails Error { get; init; }
}

internal sealed record ErrorDetails
{
    [Description("One sentence that names the field and the value.")]
    public required string Message { get; init; }

    [Description("The kind of the error.")]
    public required string Type { get; init; }

    [Description("The field of the request that is to blame.")]
    public required string? Param { get; init; }

    [Description("A word for programs, such as model_not_found, or the status."), OneOf(typeof(string), typeof(int))]
    public required object Code { get; init; }
}

internal sealed record EmbeddingList
{
    [AllowedValues("list"), Description("The kind of the answer.")]
    public required string Object { get; init; }

    [Description("The model that computed the vectors.")]
    public required string Model { get; init; }

    [Description("One vector for each input.")]
    public required IReadOnlyList<EmbeddingItem> Data { get; init; }

    [Description("The numbers of tokens.")]
    public required EmbeddingUsage Usage { get; init; }
}

internal sealed record EmbeddingItem
{
    [AllowedValues("embedding"), Description("The kind of the item.")]
    public required string Object { get; init; }

    [Description("The place of the input.")]
    public required int Index { get; init; }

    [Description("The vector, as encoding_format says."), OneOf(typeof(double[]), typeof(string))]
    public required object Embedding { get; init; }
}

internal sealed record EmbeddingUsage
{
    [Description("The number of tokens of the inputs.")]
    public required int PromptTokens { get; init; }

    [Description("The same number.")]
    public required int TotalTokens { get; init; }
}

internal sealed record ModelList
{
    [AllowedValues("list"), Description("The kind of the answer.")]
    public required string Object { get; init; }

    [Description("The models.")]
    public required IReadOnlyList<ModelItem> Data { get; init; }
}

internal sealed record ModelItem
{
    [Description("The name that requests use.")]
    public required string Id { get; init; }

    [AllowedValues("model"), Description("The kind of the item.")]
    public required string Object { get; init; }

    [Description("When the server opened the model, in seconds since 1970.")]
    public required long Created { get; init; }

    [Description("Always foreword.")]
    public required string OwnedBy { get; init; }

    [Description("The name once more, as in vLLM.")]
    public required string Root { get; init; }

    [Description("The context length in tokens.")]
    public required int MaxModelLen { get; init; }

    [Description("Sizes, with the names of llama.cpp.")]
    public required ModelSizes Meta { get; init; }
}

internal sealed record ModelSizes
{
    [Description("gpt1 or gpt2.")]
    public required string Architecture { get; init; }

    [Description("The number of parameters.")]
    public required long NParams { get; init; }

    [Description("The context length in tokens.")]
    public required int NCtxTrain { get; init; }

    [Description("The size of the vocabulary.")]
    public required int NVocab { get; init; }

    [Description("The width of the hidden states.")]
    public required int NEmbd { get; init; }

    [Description("The number of layers.")]
    public required int NLayer { get; init; }

    [Description("The kind of task that the model is fine-tuned for. Missing for a language model.")]
    public string? Task { get; init; }

    [Description("What the texts of an example are, in their order. Missing for a language model.")]
    public string[]? Inputs { get; init; }

    [Description("Whether an example also has a list of choices. Missing for a language model.")]
    public bool? Choices { get; init; }

    [Description("The classes. Empty for tasks that predict numbers. Missing for a language model.")]
    public string[]? Labels { get; init; }

    [Description("The number format of the weights in memory. Missing until the model is loaded.")]
    public string? Format { get; init; }

    [Description("The memory of the weights in bytes. Missing until the model is loaded.")]
    public long? WeightsBytes { get; init; }

    [Description("The memory of the cache of prompts in bytes. Missing for a fine-tuned model, and until the model is loaded.")]
    public long? CacheBytes { get; init; }
}

internal sealed record StatusAnswer
{
    [AllowedValues("ok"), Description("All models are loaded.")]
    public required string Status { get; init; }
}
