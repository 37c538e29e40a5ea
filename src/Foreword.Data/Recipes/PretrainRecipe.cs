using Foreword.Models;
using Foreword.Settings;
using Foreword.Weights.Catalog;

namespace Foreword.Data.Recipes;

/// <summary>
/// A recipe for pre-training: the model, the tokens and the training. The defaults are those of nanoGPT's reproduction of GPT-2 124M
/// (config/train_gpt2.py). The data has no default.
/// </summary>
public sealed record PretrainRecipe : IRecipe
{
    /// <summary>Gets the model: an architecture with random weights, or an existing model to train.</summary>
    public ModelSection Model { get; init; } = new();

    /// <summary>Gets the source of the tokens.</summary>
    public DataSection Data { get; init; } = new();

    /// <summary>Gets the optimizer, the schedule, and the intervals of logging, validation, samples and checkpoints.</summary>
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

    /// <summary>Gets the data section, with the tokenizer of <see cref="ModelSection.Path"/> if it does not name a tokenizer itself.</summary>
    public DataSection DataInUse => Model.Path is null || Data.Tokenizer is not null ? Data : Data with { Tokenizer = Model.Path, VocabSize = null };

    /// <summary>
    /// Returns the recipe with a value for everything that follows from presets, shorthands, the existing model and the tokenizer. These are each
    /// number of the model, and the sequence length. A run stores the recipe in this form.
    /// </summary>
    /// <param name="tokenizerVocabSize">The number of ids of the tokenizer that produced the tokens.</param>
    /// <param name="source">The architecture of the model at <see cref="ModelSection.Path"/>; null if there is no path.</param>
    /// <exception cref="ArgumentException">
    /// A value is not valid or differs from that of the existing model, the tokenizer has more ids than the model, or the model has too many more ids
    /// than the tokenizer.
    /// </exception>
    public PretrainRecipe Resolve(int tokenizerVocabSize, ModelConfig? source = null)
    {
        ModelSection model = this.Validate().Model.Resolve(tokenizerVocabSize, source);
        if (model.VocabSize - tokenizerVocabSize > ModelDirectory.MostUnusedIds)
            throw new ArgumentException($"model.vocab_size is {model.VocabSize}; the tokenizer has {tokenizerVocabSize} ids, and a model may have at most {ModelDirectory.MostUnusedIds} more", nameof(tokenizerVocabSize));
        int context = model.ContextLength!.Value; // Resolve always sets it
        if (Train.SequenceLength > context)
            throw new ArgumentException($"train.sequence_length is {Train.SequenceLength}; the model's context_length is {context}");
        return this with { Model = model, Train = Train with { SequenceLength = Train.SequenceLength == 0 ? context : Train.SequenceLength } };
    }
}
