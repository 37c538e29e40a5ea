using Foreword.Models;
using Foreword.Settings;
using Foreword.Weights;

namespace Foreword.Data.Recipes;

/// <summary>
/// A pre-training run: what model, on which tokens, trained how. The defaults are nanoGPT's reproduction of
/// GPT-2 124M (config/train_gpt2.py); the data has no default.
/// </summary>
public sealed record PretrainRecipe : IRecipe
{
    /// <summary>The model: an architecture with random weights, or an existing model to train on.</summary>
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
        problems.AddSection(DataInUse, nameof(Data));
        problems.AddSection(Train);
        if (Model.Path is not null && Data.VocabSize is not null)
            problems.AddTo("data.vocab_size", $"is {Data.VocabSize}; the tokenizer comes with model.path, {Model.Path}");
        if (problems.Count == 0 && Train.SequenceLength > Model.ContextLengthInUse)
            problems.AddTo("train.sequence_length", $"is {Train.SequenceLength}; the model's context_length is {Model.ContextLengthInUse}");
        return problems;
    }

    /// <summary>The data section with the tokenizer that comes with <see cref="ModelSection.Path"/>.</summary>
    public DataSection DataInUse => Model.Path is null || Data.Tokenizer is not null ? Data : Data with { Tokenizer = Model.Path, VocabSize = null };

    /// <summary>
    /// The recipe with everything spelt out that presets, shorthands, the model to train on and the tokenizer decide, as it is saved
    /// beside a run: each number of the model, and the sequence length.
    /// </summary>
    /// <param name="tokenizerVocabSize">Number of ids of the tokenizer that made the tokens.</param>
    /// <param name="source">The architecture of the model at <see cref="ModelSection.Path"/>; null where there is no path.</param>
    /// <exception cref="ArgumentException">A value is impossible or not that of the model to train on, or the tokenizer has more ids than the model.</exception>
    public PretrainRecipe Resolve(int tokenizerVocabSize, GptConfig? source = null)
    {
        ModelSection model = this.Validate().Model.Resolve(tokenizerVocabSize, source);
        if (model.VocabSize - tokenizerVocabSize > ModelDirectory.MostUnusedIds)
            throw new ArgumentException($"model.vocab_size is {model.VocabSize}; the tokenizer has {tokenizerVocabSize} ids, and a model may have {ModelDirectory.MostUnusedIds} more at most");
        int context = model.ContextLength!.Value; // Resolve spells it out
        if (Train.SequenceLength > context)
            throw new ArgumentException($"train.sequence_length is {Train.SequenceLength}; the model's context_length is {context}");
        return this with { Model = model, Train = Train with { SequenceLength = Train.SequenceLength == 0 ? context : Train.SequenceLength } };
    }
}
