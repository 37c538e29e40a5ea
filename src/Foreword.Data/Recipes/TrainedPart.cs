using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>The part of an existing model's weights that training changes: all of them, the upper blocks, or low-rank adapters.</summary>
/// <param name="Freeze">The number of first blocks that do not change; the embeddings do not change either. 0 trains everything.</param>
/// <param name="LoraRank">
/// The rank of low-rank adapters (Hu et al. 2022). With adapters, nothing else is trained. 0 trains the weights without adapters.
/// </param>
/// <param name="LoraAlpha">Alpha, above 0. The product of the adapter matrices is scaled by alpha / rank.</param>
/// <param name="LoraTargets">The projections that get adapters, which are names in <see cref="AdapterTargets"/>.</param>
internal sealed record TrainedPart(int Freeze, int LoraRank, double LoraAlpha, IReadOnlyList<string> LoraTargets)
{
    /// <summary>Gets the names of the projections that may have adapters.</summary>
    public static IReadOnlyList<string> AdapterTargets { get; } = ["c_attn", "attn.c_proj", "c_fc", "mlp.c_proj"];

    /// <summary>Gets the value that trains all weights.</summary>
    public static TrainedPart All { get; } = new(0, 0, 16, AdapterTargets);

    /// <summary>Gets whether only adapters are trained.</summary>
    public bool IsAdapter => LoraRank > 0;

    /// <summary>Adds the problems of these values. The keys are those of the section that contains them.</summary>
    internal void Check(RecipeProblems problems)
    {
        problems.AtLeast(0, Freeze);
        problems.AtLeast(0, LoraRank);
        problems.Above(0, LoraAlpha);
        if (LoraRank > 0 && LoraTargets.Count == 0)
            problems.Add(nameof(LoraTargets), "is empty; an adapter needs a projection");
        foreach (string target in LoraTargets.Where(target => !AdapterTargets.Contains(target)))
            problems.Add(nameof(LoraTargets), $"contains '{target}'; expected {string.Join(" | ", AdapterTargets)}{NearestName.Suggestion(target, AdapterTargets)}");
    }
}
