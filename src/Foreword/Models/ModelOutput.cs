namespace Foreword.Models;

/// <summary>Rejects model outputs that are not finite. Finite weights can be too large to compute with.</summary>
internal static class ModelOutput
{
    /// <summary>Checks the scores of tokens.</summary>
    /// <returns>The same scores.</returns>
    /// <exception cref="InvalidDataException">A log-probability is infinite or NaN.</exception>
    public static TokenScore[][][] Checked(TokenScore[][][] scores)
    {
        foreach (TokenScore[][] request in scores)
        {
            foreach (TokenScore[] continuation in request)
            {
                foreach (TokenScore score in continuation)
                    Check(score.LogProb, "log-probability of a token");
            }
        }

        return scores;
    }

    /// <summary>Checks the outputs of a model.</summary>
    /// <param name="outputs">The outputs.</param>
    /// <param name="what">A description of the outputs, for the message.</param>
    /// <exception cref="InvalidDataException">An output is infinite or NaN.</exception>
    public static void Check(ReadOnlySpan<float> outputs, string what)
    {
        if (Problem(outputs, what) is { } problem)
            throw problem;
    }

    /// <summary>Returns the problem of outputs of which one is infinite or NaN; null if all are finite.</summary>
    /// <param name="outputs">The outputs.</param>
    /// <param name="what">A description of the outputs, for the message.</param>
    public static InvalidDataException? Problem(ReadOnlySpan<float> outputs, string what)
    {
        foreach (float output in outputs)
        {
            if (!float.IsFinite(output))
                return Problem(output, what);
        }

        return null;
    }

    private static void Check(float value, string what)
    {
        if (!float.IsFinite(value))
            throw Problem(value, what);
    }

    private static InvalidDataException Problem(float value, string what) =>
        new($"the model's {what} is {value.ToString(System.Globalization.CultureInfo.InvariantCulture)}: its weights are too large or damaged");
}
