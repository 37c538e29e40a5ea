using Foreword.Chat;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Tokenization;
using Foreword.Torch.Paths;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;
using Foreword.Weights.Catalog;
using TorchSharp;

namespace Foreword.Torch.Supervised;

/// <summary>The measures of a model that was trained on dialogues or preferences, on files that it need not have seen.</summary>
/// <param name="Kind">The kind of the training, such as <see cref="DialogueRecipe.Kind"/>.</param>
/// <param name="Count">The number of dialogues or pairs.</param>
/// <param name="Metrics">The metrics of the training's validation that need no reference, by name, and for dialogues the loss in nats a token.</param>
/// <param name="Notes">What was left out or shortened, in sentences for the user.</param>
internal sealed record AnswerEvaluation(string Kind, int Count, IReadOnlyList<(string Name, double Value)> Metrics, IReadOnlyList<string> Notes)
{
    /// <summary>The name of the loss among the metrics.</summary>
    public const string Loss = "loss";

    /// <summary>Returns the kind of training on messages that made a model; null if it was another one.</summary>
    /// <param name="path">The run, or one of its models.</param>
    public static string? KindOf(string path) => Recipe.TaskKind(RecipeOf(path)) is { } kind && kind is DialogueRecipe.Kind or PreferenceRecipe.Kind ? kind : null;

    /// <summary>Measures a model.</summary>
    /// <param name="path">The run, or one of its models.</param>
    /// <param name="files">Files in the layout of the training files.</param>
    /// <param name="precision">The number format of the matrix products.</param>
    /// <param name="device">The device.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is malformed or holds no answer, or the model is broken.</exception>
    public static AnswerEvaluation Measure(string path, IReadOnlyList<string> files, PrecisionChoice precision, DeviceChoice device, CancellationToken cancellationToken = default)
    {
        ISupervisedRecipe recipe = KindOf(path) == DialogueRecipe.Kind ? Recipe.ReadSaved<DialogueRecipe>(RecipeOf(path)) : Recipe.ReadSaved<PreferenceRecipe>(RecipeOf(path));
        StartingModel source = StartingModel.Open(path);
        (ChatTemplate template, Tokenizer tokenizer) = SupervisedContent.TemplateOf(null, source, recipe is DialogueRecipe { Task.Reverse: true });
        int length = SupervisedContent.Length(recipe, source);
        (IReadOnlyList<SupervisedExample> examples, IReadOnlyList<string> notes) = recipe is DialogueRecipe dialogues
            ? DialogueData.ForTest(dialogues, files, tokenizer, template, length, cancellationToken)
            : PreferenceData.ForTest((PreferenceRecipe)recipe, files, tokenizer, template, length, cancellationToken);
        torch.Device place = Compute.Device(device);
        using LanguageModule model = LanguageModule.Create(source.Config.WithDropout(0), 0, Compute.Precision(precision, place));
        source.ReadInto(model, source.Config.VocabSize, null, cancellationToken);
        model.to(place);
        using IModelPath modelPath = ModelPath.Create(model);
        AnswerMeasurement measurement = new(model, modelPath, recipe.Train);
        if (recipe is DialogueRecipe)
        {
            (double loss, double accuracy) = measurement.Predictions(examples, cancellationToken);
            return new AnswerEvaluation(DialogueRecipe.Kind, examples.Count, [(Loss, loss), (SupervisedTrainer.Perplexity, Math.Exp(loss)), (SupervisedTrainer.TokenAccuracy, accuracy)], notes);
        }

        (double whole, double perToken) = PreferenceTrainer.Accuracies(examples, measurement.LogProbabilities(examples, cancellationToken));
        return new AnswerEvaluation(PreferenceRecipe.Kind, examples.Count / 2, [(PreferenceTrainer.Accuracy, whole), (PreferenceTrainer.AccuracyPerToken, perToken)], notes);
    }

    private static string RecipeOf(string path) => Path.Combine(ModelDirectory.Resolve(path), RunDirectory.RecipeName);
}
