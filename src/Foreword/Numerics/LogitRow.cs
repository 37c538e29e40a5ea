using System.Globalization;
using System.Numerics.Tensors;

namespace Foreword.Numerics;

/// <summary>Computes properties of a whole row of logits.</summary>
internal static class LogitRow
{
    /// <summary>Returns the token with the largest logit. Among equal logits, it is the one with the lowest id.</summary>
    /// <exception cref="ArgumentException">There are no logits, or one is NaN or infinite. The message names its id.</exception>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        CheckFinite(logits);
        int best = TensorPrimitives.IndexOfMax(logits);
        return logits[best] == 0 ? logits.IndexOf(0f) : best; // the library orders 0 above -0
    }

    /// <summary>Checks that there are logits and that all of them are finite.</summary>
    /// <exception cref="ArgumentException">There are no logits, or one is NaN or infinite. The message names its id.</exception>
    public static void CheckFinite(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty)
            throw new ArgumentException("there are no logits to sample from", nameof(logits));
        if (!float.IsFinite(TensorPrimitives.MaxMagnitude(logits)))
            throw new ArgumentException(Complaint(logits), nameof(logits));
    }

    /// <summary>
    /// Returns the logarithm of the sum of the exponentials, computed in double precision. A token's logit minus this value is its log p.
    /// </summary>
    public static double LogSumExp(ReadOnlySpan<float> logits)
    {
        double largest = logits[ArgMax(logits)], sum = 0;
        Span<double> chunk = stackalloc double[256];
        for (int start = 0; start < logits.Length; start += chunk.Length)
        {
            ReadOnlySpan<float> source = logits[start..Math.Min(logits.Length, start + chunk.Length)];
            Span<double> values = chunk[..source.Length];
            TensorPrimitives.ConvertTruncating(source, values);
            TensorPrimitives.Subtract(values, largest, values);
            TensorPrimitives.Exp<double>(values, values);
            sum += TensorPrimitives.Sum<double>(values);
        }

        return largest + Math.Log(sum);
    }

    /// <summary>Computes the probabilities of a row of logits in double precision.</summary>
    public static double[] Softmax(ReadOnlySpan<float> logits)
    {
        double[] probabilities = new double[logits.Length];
        double max = double.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        for (int i = 0; i < logits.Length; i++)
            sum += probabilities[i] = Math.Exp(logits[i] - max);
        for (int i = 0; i < logits.Length; i++)
            probabilities[i] /= sum;
        return probabilities;
    }

    private static string Complaint(ReadOnlySpan<float> logits)
    {
        int id = 0;
        while (float.IsFinite(logits[id]))
            id++;
        return string.Create(CultureInfo.InvariantCulture, $"the logit of token {id} is {logits[id]}; the model's numbers have overflowed or its weights are damaged");
    }
}
