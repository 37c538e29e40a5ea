using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>The part of an existing model's weights that a training changes: all of them, the upper blocks, or low-rank adapters.</summary>
/// <param name="Freeze">The first N blocks, which stay unchanged together with the embeddings; 0 trains everything.</param>
/// <param name="LoraRank">Rank of low-rank adapters (Hu et al. 2022), which are then all that trains; 0 trains the weights.</param>
/// <param name="LoraAlpha">The adapters' product is scaled by alpha / rank; above 0.</param>
/// <param name="LoraTargets">Projections that get adapters: names of <see cref="AdapterTargets"/>.</param>
public sealed record TrainedPart(int Freeze, int LoraRank, double LoraAlpha, IReadOnlyList<string> LoraTargets)
{
    /// <summary>The projections that a LoRA may adapt.</summary>
    public static IReadOnlyList<string> AdapterTargets { get; } = ["c_attn", "attn.c_proj", "c_fc", "mlp.c_proj"];

    /// <summary>Trains all weights.</summary>
    public static TrainedPart All { get; } = new(0, 0, 16, AdapterTargets);

    /// <summary>Whether only adapters train.</summary>
    public bool IsAdapter => LoraRank > 0;

    /// <summary>Adds what is wrong with the values; the keys are those of the section that holds them.</summary>
    internal void Check(RecipeProblems problems)
    {
        problems.AtLeast(0, Freeze);
        problems.AtLeast(0, LoraRank);
        problems.Above(0, LoraAlpha);
        if (LoraRank > 0 && LoraTargets.Count == 0)
            problems.Add(nameof(LoraTargets), "is empty; an adapter needs a projection");
        foreach (string target in LoraTargets.Where(target => !AdapterTargets.Contains(target)))
            problems.Add(nameof(LoraTargets), $"holds '{target}'; expected {string.Join(" | ", AdapterTargets)}{NearestName.Suggestion(target, AdapterTargets)}");
    }
}
