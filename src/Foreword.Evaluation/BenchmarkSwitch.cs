namespace Foreword.Evaluation;

/// <summary>A detail of a benchmark's protocol that can be chosen, as in <c>lambada:target=token</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Values">What it may be, the default first.</param>
/// <param name="Meaning">What it decides.</param>
public sealed record BenchmarkSwitch(string Name, IReadOnlyList<string> Values, string Meaning)
{
    /// <summary>Its value unless given.</summary>
    public string Default => Values[0];
}
