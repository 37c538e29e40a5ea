using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Optimizers;

/// <summary>
/// Updates parameters with Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"). The matrices of the blocks are updated
/// along their momentum, which is first made orthogonal, so that all its directions have the same weight. Embeddings, biases and norms are updated as
/// with <see cref="AdamW"/>. An LSTM has no blocks, so all of it is updated in that way. No GPT paper used Muon; a small model learns from far fewer
/// tokens with it (docs/results.md).
/// </summary>
/// <remarks>
/// The size of an update is 0.2 sqrt(max(rows, columns)) per unit of learning rate. Its root mean square then equals that of AdamW (Liu et al. 2025,
/// "Muon is scalable for LLM training", section 2.2), so that one learning rate serves both. Queries, keys and values share the matrix <c>c_attn</c>;
/// Muon treats them as three matrices.
/// </remarks>
public sealed class Muon : Optimizer
{
    private const double Momentum = 0.95;
    private const double MatchAdamW = 0.2;
    private const int Iterations = 5;

    private readonly Hidden[] _hidden;
    private readonly AdamWMoments[] _others;
    private readonly AdamWOptions _options;
    private readonly Precision _precision;

    /// <summary>Creates an optimizer with zero momentum.</summary>
    /// <param name="parameters">
    /// The parameters to update, by name. Matrices of the blocks are the parameters with two dimensions and a name <c>h.N...</c>.
    /// </param>
    /// <param name="options">The constants of AdamW. Their weight decay also applies to the matrices.</param>
    /// <param name="precision">The number format of the orthogonalization.</param>
    public Muon(IEnumerable<(string Name, Parameter Value)> parameters, AdamWOptions options, Precision precision) : base(parameters = [.. parameters])
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _precision) = (options, precision);
        _hidden = [.. parameters.Where(p => IsHidden(p.Name, p.Value)).Select(p => new Hidden(p.Name, p.Value, zeros_like(p.Value).detach().DetachFromDisposeScope()))];
        _others = [.. parameters.Where(p => !IsHidden(p.Name, p.Value)).Select(p => new AdamWMoments(p.Name, p.Value))];
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, Tensor Value)> State =>
        _hidden.Select(h => (h.Name + ".momentum", h.Momentum)).Concat(_others.SelectMany(m => m.State));

    /// <summary>
    /// Returns the nearest matrices with singular values around 1. Uses the Newton-Schulz iteration with Jordan's coefficients, which bring every
    /// singular value between 0.7 and 1.2 in five steps.
    /// </summary>
    /// <param name="matrices">The matrices, [n, rows, columns]; rows must not exceed columns.</param>
    /// <returns>The orthogonalized matrices, [n, rows, columns]; the caller disposes them.</returns>
    internal static Tensor Orthogonalize(Tensor matrices)
    {
        ArgumentNullException.ThrowIfNull(matrices);
        using var scope = NewDisposeScope();
        const double A = 3.4445, B = -4.7750, C = 2.0315;
        Tensor x = matrices / (matrices.to(ScalarType.Float32).square().sum([1, 2], keepdim: true).sqrt() + 1e-7).to(matrices.dtype);
        for (int i = 0; i < Iterations; i++)
        {
            Tensor gram = x.bmm(x.transpose(1, 2)); // (n, rows, rows)
            x = x * A + (gram * B + gram.bmm(gram) * C).bmm(x);
        }

        return x.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (Hidden hidden in _hidden)
            hidden.Momentum.Dispose();
        foreach (AdamWMoments moments in _others)
            moments.Dispose();
    }

    /// <inheritdoc/>
    protected override void Update(double rate, double gradientScale)
    {
        foreach (AdamWMoments moments in _others)
            moments.Update(_options, rate, gradientScale, StepCount);

        // Matrices of the same shape are orthogonalized together, because many small products cost more than one batch of them.
        foreach (var shape in _hidden.Where(h => h.Value.grad is not null).SelectMany(Directions).GroupBy(d => (d.Value.shape[0], d.Value.shape[1])))
        {
            using var scope = NewDisposeScope();
            Direction[] directions = [.. shape];
            Tensor orthogonal = Orthogonalize(stack(directions.Select(d => d.Value)).to(_precision.ScalarType())).to(ScalarType.Float32);
            double size = rate * MatchAdamW * Math.Sqrt(Math.Max(shape.Key.Item1, shape.Key.Item2));
            for (int i = 0; i < directions.Length; i++)
            {
                Tensor step = directions[i].IsTransposed ? orthogonal[i].t() : orthogonal[i];
                directions[i].Target.mul_(1 - rate * _options.WeightDecay).add_(step, -size);
            }
        }
    }

    /// <summary>
    /// Updates the momentum, applies Nesterov's look-ahead and splits the result into independent matrices. Each is transposed if needed, so that rows
    /// do not exceed columns.
    /// </summary>
    private static IEnumerable<Direction> Directions(Hidden hidden)
    {
        Tensor gradient = hidden.Value.grad!;
        hidden.Momentum.mul_(Momentum).add_(gradient, 1 - Momentum);
        Tensor ahead = gradient * (1 - Momentum) + hidden.Momentum * Momentum;
        int parts = hidden.Name.EndsWith("c_attn.weight", StringComparison.Ordinal) ? 3 : 1;
        long width = ahead.shape[1] / parts;
        for (int part = 0; part < parts; part++)
        {
            Tensor value = ahead.narrow(1, part * width, width), target = hidden.Value.narrow(1, part * width, width);
            bool isTall = value.shape[0] > value.shape[1];
            yield return new Direction(isTall ? value.t() : value, target, isTall);
        }
    }

    private static bool IsHidden(string name, Parameter value) => value.dim() == 2 && name.StartsWith("h.", StringComparison.Ordinal);

    private sealed record Hidden(string Name, Parameter Value, Tensor Momentum);

    private sealed record Direction(Tensor Value, Tensor Target, bool IsTransposed);
}
