using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Foreword.Server.Documentation;

internal abstract record TaskBody
{
    [Description("The name of a fine-tuned model. Default: the first one of the server.")]
    public string? Model { get; init; }

    [Description(Ignored.Text)]
    public string? User { get; init; }
}

internal sealed record ClassifyBody : TaskBody
{
    [Description("A text, a list of texts, or a list of lists for tasks that read several texts. At most 2,048 examples."), OneOf(typeof(string), typeof(string[]), typeof(string[][]))]
    public required object Input { get; init; }
}

internal abstract record PairBody : TaskBody
{
    [Description("The class whose probability is the score. Default: entailment if there is such a class, else the last one. Only for tasks that predict classes.")]
    public string? Label { get; init; }
}

internal sealed record ScoreBody : PairBody
{
    [Description("One text, or as many as text_2 has."), OneOf(typeof(string), typeof(string[])), JsonPropertyName("text_1")]
    public required object Text1 { get; init; }

    [Description("The texts to compare with text_1. At most 2,048."), OneOf(typeof(string), typeof(string[])), JsonPropertyName("text_2")]
    public required object Text2 { get; init; }
}

internal sealed record RerankBody : PairBody
{
    [Description("The text that the documents are compared with.")]
    public required string Query { get; init; }

    [Description("The documents. At most 2,048."), OneOf(typeof(string), typeof(string[]))]
    public required object Documents { get; init; }

    [Description("The number of best documents to return. Default: all."), Range(1, int.MaxValue)]
    public int? TopN { get; init; }

    [Description("Returns the texts of the documents, too."), DefaultValue(false)]
    public bool? ReturnDocuments { get; init; }
}

internal sealed record ChooseBody : TaskBody
{
    [Description("The text that the choices belong to, or a list of the texts that the task reads."), OneOf(typeof(string), typeof(string[]))]
    public required object Input { get; init; }

    [Description("The texts to choose from."), OneOf(typeof(string), typeof(string[]))]
    public required object Choices { get; init; }
}

internal sealed record TokenizeBody
{
    [Description("The name of a language model. Default: the first one of the server.")]
    public string? Model { get; init; }

    [Description("The text, as for vLLM. Give prompt or content."), MaxLength(1 << 20)]
    public string? Prompt { get; init; }

    [Description("The text, as for llama.cpp. Give prompt or content."), MaxLength(1 << 20)]
    public string? Content { get; init; }

    [Description("Adds the tokens that the tokenizer's template puts around a text. Default: true for prompt, false for content.")]
    public bool? AddSpecialTokens { get; init; }

    [Description("Another name of add_special_tokens, as in llama.cpp.")]
    public bool? AddSpecial { get; init; }

    [Description("Reads the texts of special tokens as these tokens."), DefaultValue(true)]
    public bool? ParseSpecial { get; init; }

    [Description("Returns tokens as objects with id and piece."), DefaultValue(false)]
    public bool? WithPieces { get; init; }

    [Description("Returns the text of each token, too."), DefaultValue(false)]
    public bool? ReturnTokenStrs { get; init; }
}

internal sealed record DetokenizeBody
{
    [Description("The name of a language model. Default: the first one of the server.")]
    public string? Model { get; init; }

    [Description("The token ids."), MaxLength(1 << 20)]
    public required int[] Tokens { get; init; }

    [Description("Returns the text of each token, too."), DefaultValue(false)]
    public bool? ReturnTokenStrs { get; init; }
}
