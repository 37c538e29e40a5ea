using System.Globalization;

namespace Foreword.Generation;

/// <summary>
/// How tokens are drawn and when to end. The defaults draw from the model's own distribution. Order of the steps, as
/// in Hugging Face: temperature, then top-k, then top-p.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the likeliest token every time (the lowest id of equals).</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Draws from the k likeliest tokens only, of equals those with the lowest ids; 0 is off.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Draws from the likeliest tokens whose probabilities before them sum to less than p: the token that crosses p
    /// is kept (Hugging Face's rule; the released GPT-2 code drops it). 0 to 1; 1 is off.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>Seed of the draws.</summary>
    public long Seed { get; init; }

    /// <summary>Tokens to generate at most, at least 1.</summary>
    public int MaxTokens { get; init; } = 100;

    /// <summary>Generation ends before the first of these texts; they are not part of the completion.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Whether a prompt too long for the context loses its beginning (see <see cref="TextGenerator"/>) instead of being an error.</summary>
    public bool Truncate { get; init; }

    /// <summary>The options of sample <paramref name="index"/> of several: its seed is <see cref="Seed"/> + index, however many there are.</summary>
    public SamplingOptions ForSample(int index) => this with { Seed = unchecked(Seed + index) };

    /// <summary>Checks the values, and returns this record.</summary>
    /// <exception cref="ArgumentException">A value is impossible; the message names it and the rule.</exception>
    public SamplingOptions Validate()
    {
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
            throw new ArgumentException($"temperature is {Text(Temperature)}; it must be 0 (greedy) or above");
        if (TopK < 0)
            throw new ArgumentException($"top-k is {TopK}; it must be 0 (off) or above");
        if (!(TopP >= 0 && TopP <= 1))
            throw new ArgumentException($"top-p is {Text(TopP)}; it must be between 0 and 1 (off)");
        if (MaxTokens < 1)
            throw new ArgumentException($"max-tokens is {MaxTokens}; it must be at least 1");
        if (Stop.Any(string.IsNullOrEmpty))
            throw new ArgumentException("a stop text is empty; it would end every completion at once");
        return this;

        static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
