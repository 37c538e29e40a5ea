using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Tasks.HuggingFace;

/// <summary>A task's head without a bias, as <c>transformers</c> needs it. A score's mean and scale are folded in the same way.</summary>
/// <remarks>
/// The head reads the output of a LayerNorm, g n + beta. Therefore its bias b can move into beta: W (beta + d) = W beta + b for the shortest d with W
/// d = b. Such a d exists if the rows of W are linearly independent.
/// </remarks>
internal sealed class FoldedHead
{
    private FoldedHead(float[] weight, float[]? normBias) => (Weight, NormBias) = (weight, normBias);

    /// <summary>Gets W [n, C].</summary>
    public float[] Weight { get; }

    /// <summary>Gets the bias of the last LayerNorm [C]; null if it does not change.</summary>
    public float[]? NormBias { get; }

    /// <summary>
    /// Returns the name of the parameter that receives the bias. The last LayerNorm is <c>ln_f</c> in GPT-2 and the second LayerNorm of the last
    /// block in GPT-1.
    /// </summary>
    public static string NormBiasName(GptConfig config) => config.Architecture == ModelArchitecture.Gpt2 ? "ln_f.bias" : $"h.{config.NLayer - 1}.ln_2.bias";

    /// <summary>Folds the bias of a head.</summary>
    /// <param name="head">The head.</param>
    /// <param name="task">Supplies the mean and the scale of a score.</param>
    /// <param name="normBias">beta [C], the bias of the last LayerNorm.</param>
    /// <param name="dtype">The element type in which the weights will be stored.</param>
    /// <returns>The head without a bias; null if its outputs would differ.</returns>
    public static FoldedHead? Create(TaskHeadWeights head, TaskDescription task, float[] normBias, TensorDType dtype)
    {
        bool isScore = task.Target == TargetKind.Score;
        double scale = isScore ? task.ScoreScale : 1, mean = isScore ? task.ScoreMean : 0;
        float[] weight = scale == 1 ? head.Weight : [.. head.Weight.Select(w => (float)(w * scale))];
        double[] bias = [.. head.Bias.Select(b => scale * b + mean)];
        if (Array.TrueForAll(bias, b => b == 0))
            return new FoldedHead(weight, null);
        if (Shift(weight, bias, normBias.Length) is not { } shift)
            return null;
        float[] shifted = [.. normBias.Select((beta, c) => (float)(beta + shift[c]))];
        return Error(weight, bias, shift, normBias, shifted, dtype) <= Tolerance(dtype) * scale ? new FoldedHead(weight, shifted) : null;
    }

    private static double Tolerance(TensorDType dtype) => dtype switch { TensorDType.F32 => 1e-5, TensorDType.F16 => 1e-3, _ => 1e-2 };

    /// <summary>Computes the shortest d with W d = b: d = W' y with (W W') y = b; null if the rows of W are linearly dependent.</summary>
    private static double[]? Shift(float[] weight, double[] bias, int C)
    {
        int n = bias.Length;
        if (n > C)
            return null;
        double[,] gram = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = 0;
                for (int c = 0; c < C; c++)
                    sum += (double)weight[i * C + c] * weight[j * C + c];
                gram[i, j] = sum;
            }
        }

        return Cholesky(gram) && Solve(gram, bias) is var y
            ? [.. Enumerable.Range(0, C).Select(c => Enumerable.Range(0, n).Sum(i => weight[i * C + c] * y[i]))]
            : null;
    }

    /// <summary>Replaces the lower half of a symmetric matrix A by L with L L' = A. Returns false if A is singular.</summary>
    private static bool Cholesky(double[,] a)
    {
        const double Least = 1e-10; // relative to the diagonal element: a smaller remainder is only rounding error
        for (int i = 0; i < a.GetLength(0); i++)
        {
            double diagonal = a[i, i];
            for (int j = 0; j <= i; j++)
            {
                double sum = a[i, j];
                for (int k = 0; k < j; k++)
                    sum -= a[i, k] * a[j, k];
                if (i == j && !(sum > Least * diagonal))
                    return false;
                a[i, j] = i == j ? Math.Sqrt(sum) : sum / a[j, j];
            }
        }

        return true;
    }

    /// <summary>Solves L L' y = b for y.</summary>
    private static double[] Solve(double[,] l, double[] b)
    {
        double[] y = [.. b];
        for (int i = 0; i < y.Length; i++)
        {
            for (int k = 0; k < i; k++)
                y[i] -= l[i, k] * y[k];
            y[i] /= l[i, i];
        }

        for (int i = y.Length - 1; i >= 0; i--)
        {
            for (int k = i + 1; k < y.Length; k++)
                y[i] -= l[k, i] * y[k];
            y[i] /= l[i, i];
        }

        return y;
    }

    /// <summary>
    /// Computes the largest error of an output. It is the larger of two errors: W (stored beta' - stored beta) - b after rounding, and the rounding
    /// error of float32 if the terms of the sum are large.
    /// </summary>
    private static double Error(float[] weight, double[] bias, double[] shift, float[] normBias, float[] shifted, TensorDType dtype)
    {
        const double Rounding = 6e-8; // half a unit in the last place of float32
        float[] w = Stored(weight, dtype), before = Stored(normBias, dtype), after = Stored(shifted, dtype);
        double worst = 0;
        for (int i = 0; i < bias.Length; i++)
        {
            double sum = -bias[i], size = 0;
            for (int c = 0; c < normBias.Length; c++)
            {
                sum += w[i * normBias.Length + c] * ((double)after[c] - before[c]);
                size += Math.Abs(w[i * normBias.Length + c] * shift[c]);
            }

            worst = Math.Max(worst, Math.Max(Math.Abs(sum), size * Rounding));
        }

        return worst;
    }

    private static float[] Stored(float[] values, TensorDType dtype)
    {
        byte[] bytes = new byte[values.Length * dtype.Size()];
        float[] stored = new float[values.Length];
        dtype.FromFloats(values, bytes);
        dtype.ToFloats(bytes, stored);
        return stored;
    }
}
