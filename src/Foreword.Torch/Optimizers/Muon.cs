using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Optimizers;

/// <summary>
/// Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"): the blocks' matrices step along their
/// momentum made orthogonal, so that all its directions count alike; embeddings, biases and norms step as with AdamW.
/// Neither paper of the GPT line used it; a small model learns from far fewer tokens with it (docs/results.md).
/// </summary>
/// <remarks>
/// The update's size is 0.2 sqrt(max(rows, columns)) per unit of learning rate, which makes its root mean square that of
/// AdamW (Liu et al. 2025, "Muon is scalable for LLM training", section 2.2): one learning rate serves both.
/// Queries, keys and values, which share the matrix <c>c_attn</c>, are three matrices here.
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

    /// <summary>An optimizer with zero momentum over the model's parameters.</summary>
    /// <param name="parameters">By name; the matrices of the blocks are those named <c>h.N...</c> with two dimensions.</param>
    /// <param name="options">AdamW's numbers; the decay is that of the matrices too.</param>
    /// <param name="precision">Number format of the orthogonalisation.</param>
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
    /// The nearest matrices with singular values around 1, by Newton and Schulz's iteration with Jordan's coefficients, which
    /// bring every singular value between 0.7 and 1.2 in five steps.
    /// </summary>
    /// <param name="matrices">[n, rows, columns], rows at most columns.</param>
    public static Tensor Orthogonalize(Tensor matrices)
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

    private protected override void Update(double rate, double gradientScale)
    {
        foreach (AdamWMoments moments in _others)
            moments.Update(_options, rate, gradientScale, StepCount);

        // Matrices of one shape are made orthogonal together: many small products cost more than a batch of them.
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

    /// <summary>Momentum with Nesterov's look ahead, cut into the matrices that act on their own, lying (rows at most columns).</summary>
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
