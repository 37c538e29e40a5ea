using System.Text.Json.Serialization;

namespace Foreword.Tasks;

/// <summary>The answer of a fine-tuned model for one example.</summary>
/// <param name="Label">
/// The answer as text: the most probable class or choice, or a number. A set of classes has <c>|</c> between them, and labels of words have spaces. A part
/// of a text is itself, and it is empty for no answer.
/// </param>
/// <param name="Index">The index of the class or choice, from 0; -1 for any other answer.</param>
/// <param name="Value">The number; NaN for any other answer.</param>
/// <param name="Probabilities">
/// The probability of every class, choice or step of a soft label, in their order, or of the label of each word; empty for a plain number and for a part of a text.
/// </param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)] // JSON has no NaN, so NaN is written as a string
public sealed record Prediction(string Label, int Index, double Value, IReadOnlyList<double> Probabilities)
{
    /// <summary>Gets where the answer stands in its text; null for any other answer, and if there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AnswerSpan? Span { get; init; }

    /// <summary>Gets the predicted classes if the answer may have several, or the label of each word; null for any other answer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Gets the probability of <see cref="Label"/>; NaN if the answer is not one class or choice.</summary>
    public double Probability => Index < 0 ? double.NaN : Probabilities[Index];
}

/// <summary>A part of a text that a model gave as the answer.</summary>
/// <param name="Start">The index of its first character, in UTF-16.</param>
/// <param name="End">The index after its last character.</param>
/// <param name="Probability">The probability of its first token times that of its last token, 0 to 1.</param>
public sealed record AnswerSpan(int Start, int End, double Probability);
