namespace Foreword.Evaluation.Benchmarks;

/// <summary>A detail of a benchmark's protocol that a user can choose, as in <c>lambada:target=token</c>.</summary>
/// <param name="Name">The switch's name.</param>
/// <param name="Values">The allowed values, the default first.</param>
/// <param name="Meaning">A description of what the switch decides.</param>
public sealed record BenchmarkSwitch(string Name, IReadOnlyList<string> Values, string Meaning)
{
    /// <summary>Gets the value that is used unless another one is given.</summary>
    public string Default => Values[0];
}
