using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>The initial weights of a fine-tuning run.</summary>
public enum StartFrom
{
    /// <summary>The pre-trained weights.</summary>
    Pretrained,

    /// <summary>Random weights in the same network. This is the ablation "without pre-training" (GPT-1 paper, table 5).</summary>
    Scratch,
}

/// <summary>The <c>model</c> section of a fine-tuning recipe.</summary>
public sealed record BaseModelSection : IRecipe
{
    /// <summary>
    /// Gets the path of a model directory, a checkpoint, or a run (of which the best checkpoint is used). It also determines architecture and
    /// tokenizer.
    /// </summary>
    [AlsoCalled("base", "checkpoint", "name", "model", "directory")]
    public string Path { get; init; } = "";

    /// <summary>Gets whether the weights of the model are used, or only its architecture and tokenizer.</summary>
    public StartFrom From { get; init; } = StartFrom.Pretrained;

    /// <summary>
    /// Gets the number of blocks, from the bottom, that are transferred in addition to the embeddings. 0 transfers only the embeddings, null
    /// transfers everything (GPT-1 paper, figure 2).
    /// </summary>
    [AlsoCalled("transfer_layers", "layers")]
    public int? NTransfer { get; init; }

    /// <summary>
    /// Gets the number of blocks, from the bottom, that do not change in training. The embeddings do not change either, except those of the task
    /// tokens. 0 trains everything.
    /// </summary>
    [AlsoCalled("freeze_layers", "n_freeze")]
    public int Freeze { get; init; }

    /// <summary>Gets the dropout rate on embeddings, attention, residual branches and the head's input, from 0 to below 1.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>
    /// Gets the rank of low-rank adapters (Hu et al. 2022) on <see cref="LoraTargets"/>. The weights themselves then do not change. 0 trains the
    /// weights without adapters.
    /// </summary>
    [AlsoCalled("lora", "lora_r", "rank")]
    public int LoraRank { get; init; }

    /// <summary>Gets alpha, above 0. The product of the adapter matrices is scaled by alpha / rank.</summary>
    [AlsoCalled("alpha")]
    public double LoraAlpha { get; init; } = 16;

    /// <summary>
    /// Gets the projections that get adapters: <c>c_attn</c> (queries, keys, values), <c>attn.c_proj</c>, <c>c_fc</c>, <c>mlp.c_proj</c>.
    /// </summary>
    [AlsoCalled("target_modules", "lora_modules")]
    public IReadOnlyList<string> LoraTargets { get; init; } = TrainedPart.AdapterTargets;

    /// <summary>Gets the part of the model that is trained.</summary>
    internal TrainedPart Trained => new(Freeze, LoraRank, LoraAlpha, LoraTargets);

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (string.IsNullOrWhiteSpace(Path))
            problems.Add(nameof(Path), "is missing; set a model directory, a checkpoint or a run (it is needed even if it only defines the network's shape)");
        if (NTransfer is { } transferred)
            problems.AtLeast(0, transferred, nameof(NTransfer));
        if (NTransfer is not null && From == StartFrom.Scratch)
            problems.Add(nameof(NTransfer), $"is {NTransfer}; with from: scratch, nothing is transferred");
        Trained.Check(problems);
        if (Freeze > 0 && From == StartFrom.Scratch)
            problems.Add(nameof(Freeze), $"is {Freeze}; with from: scratch, the frozen blocks would stay random");
        if (Freeze > (NTransfer ?? int.MaxValue))
            problems.Add(nameof(Freeze), $"is {Freeze}; only {NTransfer} blocks are transferred, and the others would stay random");
        problems.Within(0, 1, Dropout);
        if (LoraRank > 0 && (From == StartFrom.Scratch || NTransfer is not null))
            problems.Add(nameof(LoraRank), $"is {LoraRank}; adapters need all of the pre-trained weights, which from: scratch and n_transfer do not load");
        return problems;
    }
}
