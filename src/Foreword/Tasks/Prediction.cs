using System.Text.Json.Serialization;

namespace Foreword.Tasks;

/// <summary>The answer of a fine-tuned model for one example.</summary>
/// <param name="Label">The name of the most probable class or choice, or the number as text.</param>
/// <param name="Index">The index of the class or choice, from 0; -1 if the answer is a number.</param>
/// <param name="Value">The number; NaN if the answer is a class or a choice.</param>
/// <param name="Probabilities">The probability of every class, choice or step of a soft label, in their order; empty for a plain number.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)] // JSON has no NaN, so NaN is written as a string
public sealed record Prediction(string Label, int Index, double Value, IReadOnlyList<double> Probabilities)
{
    /// <summary>Gets the probability of <see cref="Label"/>; NaN if the answer is a number.</summary>
    public double Probability => Index < 0 ? double.NaN : Probabilities[Index];
}
