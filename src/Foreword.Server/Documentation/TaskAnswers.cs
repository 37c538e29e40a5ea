using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Foreword.Server.Documentation;

internal abstract record TaskList
{
    [Description("A new name for each answer.")]
    public required string Id { get; init; }

    [AllowedValues("list"), Description("The kind of the answer.")]
    public required string Object { get; init; }

    [Description("Seconds since 1970.")]
    public required long Created { get; init; }

    [Description("The model that answered.")]
    public required string Model { get; init; }
}

internal sealed record ClassifyAnswer : TaskList
{
    [Description("One prediction for each example.")]
    public required IReadOnlyList<Classification> Data { get; init; }

    [Description("The classes of the model, in the order of probs.")]
    public required string[] Labels { get; init; }
}

internal sealed record Classification
{
    [Description("The place of the example.")]
    public required int Index { get; init; }

    [Description("The likeliest class, the predicted classes with | between them, the labels of the words, or the part of a text that answers a question. Null for tasks that predict numbers.")]
    public required string? Label { get; init; }

    [Description("The predicted classes of a multi-label task, or the label of each word. Missing for other tasks.")]
    public string[]? Labels { get; init; }

    [Description("The index of the first character of the answer, for tasks that find a part of a text. Missing if there is no answer.")]
    public int? Start { get; init; }

    [Description("The index after the last character of the answer.")]
    public int? End { get; init; }

    [Description("The probability of the answer.")]
    public double? Probability { get; init; }

    [Description("The words of the text, for tasks that label words.")]
    public string[]? Words { get; init; }

    [Description("The entities that the labels of the words mark, for tasks that label words.")]
    public IReadOnlyList<LabeledEntity>? Entities { get; init; }

    [Description("The predicted number. Missing for tasks that predict classes.")]
    public double? Value { get; init; }

    [Description("The probability of each class, or of the label of each word.")]
    public required double[] Probs { get; init; }

    [Description("The number of classes.")]
    public required int NumClasses { get; init; }
}

internal sealed record LabeledEntity
{
    [Description("The type, such as PER.")]
    public required string Type { get; init; }

    [Description("The index of the first word.")]
    public required int Start { get; init; }

    [Description("The index after the last word.")]
    public required int End { get; init; }

    [Description("The words, with spaces between.")]
    public required string Text { get; init; }
}

internal sealed record ScoreAnswer : TaskList
{
    [Description("One score for each pair.")]
    public required IReadOnlyList<PairScore> Data { get; init; }
}

internal sealed record PairScore
{
    [Description("The place of the pair.")]
    public required int Index { get; init; }

    [AllowedValues("score"), Description("The kind of the item.")]
    public required string Object { get; init; }

    [Description("The predicted number, or the probability of label.")]
    public required double Score { get; init; }
}

internal sealed record RerankAnswer
{
    [Description("A new name for each answer.")]
    public required string Id { get; init; }

    [Description("The model that answered.")]
    public required string Model { get; init; }

    [Description("The documents with the best one first.")]
    public required IReadOnlyList<RankedDocument> Results { get; init; }
}

internal sealed record RankedDocument
{
    [Description("The place of the document in the request.")]
    public required int Index { get; init; }

    [Description("The predicted number, or the probability of label.")]
    public required double RelevanceScore { get; init; }

    [Description("The document, if return_documents is set.")]
    public DocumentText? Document { get; init; }
}

internal sealed record DocumentText
{
    [Description("The text of the document.")]
    public required string Text { get; init; }
}

internal sealed record ChooseAnswer
{
    [Description("A new name for each answer.")]
    public required string Id { get; init; }

    [Description("The model that answered.")]
    public required string Model { get; init; }

    [Description("The place of the chosen text.")]
    public required int Index { get; init; }

    [Description("The chosen text.")]
    public required string Choice { get; init; }

    [Description("The probability of each choice.")]
    public required double[] Probabilities { get; init; }
}

internal sealed record TokenizeAnswer
{
    [Description("The number of tokens.")]
    public required int Count { get; init; }

    [Description("The context length in tokens.")]
    public required int MaxModelLen { get; init; }

    [Description("The token ids, or objects if with_pieces is set."), OneOf(typeof(int[]), typeof(TokenPiece[]))]
    public required object Tokens { get; init; }

    [Description("The text of each token, if return_token_strs is set.")]
    public string[]? TokenStrs { get; init; }
}

internal sealed record TokenPiece
{
    [Description("The token id.")]
    public required int Id { get; init; }

    [Description("The text of the token.")]
    public required string Piece { get; init; }
}

internal sealed record DetokenizeAnswer
{
    [Description("The text, as for vLLM.")]
    public required string Prompt { get; init; }

    [Description("The text, as for llama.cpp.")]
    public required string Content { get; init; }

    [Description("The text of each token, if return_token_strs is set.")]
    public string[]? TokenStrs { get; init; }
}

internal sealed record TokenizerAnswer
{
    [Description("The kind of the tokenizer.")]
    public required string TokenizerClass { get; init; }

    [Description("The number of token ids.")]
    public required int VocabSize { get; init; }

    [Description("The context length in tokens.")]
    public required int ModelMaxLength { get; init; }

    [Description("The token that starts a text.")]
    public required string? BosToken { get; init; }

    [Description("The token that ends a text.")]
    public required string? EosToken { get; init; }

    [Description("Always null.")]
    public required string? PadToken { get; init; }

    [Description("Always null.")]
    public required string? ChatTemplate { get; init; }
}
