using System.Text.Json.Serialization;

namespace Foreword.Tasks;

/// <summary>What a fine-tuned model says of an example.</summary>
/// <param name="Label">The most probable class or choice by its name, or the number as text.</param>
/// <param name="Index">Its place among the labels or choices; -1 where the answer is a number.</param>
/// <param name="Value">The number, or NaN where the answer is a class or choice.</param>
/// <param name="Probabilities">Of every class, choice or step of a soft label, in their order; empty for a plain number.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)] // JSON has no NaN: it becomes a text
public sealed record Prediction(string Label, int Index, double Value, IReadOnlyList<double> Probabilities)
{
    /// <summary>The probability of <see cref="Label"/>; NaN where the answer is a number.</summary>
    public double Probability => Index < 0 ? double.NaN : Probabilities[Index];
}
