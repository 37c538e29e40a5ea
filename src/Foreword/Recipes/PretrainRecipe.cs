namespace Foreword.Recipes;

/// <summary>
/// A pre-training run: what model, on which tokens, trained how. The defaults are nanoGPT's reproduction of
/// GPT-2 124M (config/train_gpt2.py); the data has no default.
/// </summary>
public sealed record PretrainRecipe : IRecipe
{
    /// <summary>The architecture: a preset, single numbers, or both.</summary>
    public ModelSection Model { get; init; } = new();

    /// <summary>Where the tokens come from.</summary>
    public DataSection Data { get; init; } = new();

    /// <summary>Optimizer, schedule, and what happens how often.</summary>
    public TrainingConfig Train { get; init; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        problems.AddSection(Model);
        problems.AddSection(Data);
        problems.AddSection(Train);
        if (problems.Count == 0 && Train.SequenceLength > Model.ContextLengthInUse)
            problems.AddTo("train.sequence_length", $"is {Train.SequenceLength}; the model's context_length is {Model.ContextLengthInUse}");
        return problems;
    }

    /// <summary>
    /// The recipe with everything spelt out that presets, shorthands and the tokenizer decide, as it is saved beside
    /// a run: each number of the model, and the sequence length.
    /// </summary>
    /// <param name="tokenizerVocabSize">Number of ids of the tokenizer that made the tokens.</param>
    /// <exception cref="ArgumentException">A value is impossible, or the tokenizer has more ids than the model.</exception>
    public PretrainRecipe Resolve(int tokenizerVocabSize)
    {
        ModelSection model = this.Validate().Model.Resolve(tokenizerVocabSize);
        int length = Train.SequenceLength == 0 ? model.ContextLengthInUse : Train.SequenceLength;
        return this with { Model = model, Train = Train with { SequenceLength = length } };
    }
}
