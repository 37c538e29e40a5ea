using Foreword.Chat;
using Foreword.Data.FineTuning;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Tokenization;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Training;

namespace Foreword.Torch.Supervised;

/// <summary>The data of a run and what makes its steps. Both depend on the kind of the recipe.</summary>
/// <param name="Tokenizer">The tokenizer, with the tokens that were added for the template.</param>
/// <param name="Template">How messages become text, which is saved with the model; null if the model does not read messages.</param>
/// <param name="Train">The training examples.</param>
/// <param name="Validation">The examples that select the best epoch.</param>
/// <param name="Files">The files with their hashes.</param>
/// <param name="Notes">What was left out or shortened, in sentences for the user.</param>
/// <param name="CreateTrainer">Creates what makes the steps. It disposes the weights that it is given, unless it throws.</param>
internal sealed record SupervisedContent(
    Tokenizer Tokenizer, ChatTemplate? Template, IReadOnlyList<SupervisedExample> Train, IReadOnlyList<SupervisedExample> Validation, TrainingFiles Files, IReadOnlyList<string> Notes, Func<LanguageModule, TrainedWeights, OptimizerFactory?, ISupervisedTrainer> CreateTrainer)
{
    /// <summary>Reads and encodes the data of a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="source">The model that the run starts or goes on with.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="InvalidDataException">A file is malformed, or there are too few examples.</exception>
    public static SupervisedContent Open(ISupervisedRecipe recipe, StartingModel source, CancellationToken cancellationToken = default)
    {
        int length = Length(recipe, source);
        switch (recipe)
        {
            case DialogueRecipe dialogues:
                (ChatTemplate template, Tokenizer tokenizer) = TemplateOf(dialogues.Task.Template, source, dialogues.Task.Reverse);
                DialogueData data = DialogueData.Open(dialogues, tokenizer, template, length, cancellationToken);
                return new SupervisedContent(
                    tokenizer, template, data.Train, data.Validation, data.Files, data.Notes, (model, trained, optimizer) => new SupervisedTrainer(model, data.Train, data.Validation, dialogues.Train, trained, optimizer));
            case PreferenceRecipe preferences:
                if (ChatTemplateFile.ReadOwn(source.Path)?.Reverse == true)
                    throw new InvalidDataException($"{recipe.Model.Path} was trained on dialogues from their end, so it writes no answers; preferences need a model that answers");
                (ChatTemplate chat, Tokenizer known) = TemplateOf(preferences.Task.Template, source, reverse: false);
                PreferenceData pairs = PreferenceData.Open(preferences, known, chat, length, cancellationToken);
                return new SupervisedContent(
                    known, chat, pairs.Train, pairs.Validation, pairs.Files, pairs.Notes, (model, trained, optimizer) => new PreferenceTrainer(model, pairs, preferences.Task, preferences.Train, trained, optimizer));
            case QuestionRecipe questions:
                QuestionData mix = QuestionData.Open(questions, source.Tokenizer, length, cancellationToken);
                return new SupervisedContent(
                    source.Tokenizer, null, mix.Train, [.. mix.Validation.SelectMany(task => task.Examples)], mix.Files, mix.Notes,
                    (model, trained, optimizer) => new SupervisedTrainer(model, new QuestionBatches(model, mix, questions.Train), mix.Validation, questions.Train, trained, optimizer));
            default:
                throw new NotSupportedException($"{recipe.GetType().Name} is not a kind of recipe that is known here");
        }
    }

    /// <summary>Returns the recipe as YAML without the settings that may change between two parts of a run.</summary>
    public static string Comparable(ISupervisedRecipe recipe)
    {
        BaseModelSection model = recipe.Model with { Path = "model" };
        SupervisedConfig train = recipe.Train with { LogEvery = 1, Keep = 1, Patience = 0, Threads = 0, Device = DeviceChoice.Auto, Recompute = false };
        return Recipe.ToYaml(recipe switch
        {
            DialogueRecipe dialogues => dialogues with { Model = model, Train = train, Data = dialogues.Data.WithoutPlaces() },
            PreferenceRecipe preferences => preferences with { Model = model, Train = train, Data = preferences.Data.WithoutPlaces() },
            QuestionRecipe questions => questions with { Model = model, Train = train, Data = questions.Data with { Directory = "", Train = [] } },
            _ => throw new NotSupportedException($"{recipe.GetType().Name} is not a kind of recipe that is known here"),
        });
    }

    /// <summary>Returns the recipe that an earlier run saved.</summary>
    /// <param name="kind">A recipe of the same kind.</param>
    /// <param name="path">The run's <c>recipe.yaml</c>.</param>
    public static ISupervisedRecipe ReadSaved(ISupervisedRecipe kind, string path) => kind switch
    {
        DialogueRecipe => Recipe.ReadSaved<DialogueRecipe>(path),
        PreferenceRecipe => Recipe.ReadSaved<PreferenceRecipe>(path),
        QuestionRecipe => Recipe.ReadSaved<QuestionRecipe>(path),
        _ => throw new NotSupportedException($"{kind.GetType().Name} is not a kind of recipe that is known here"),
    };

    /// <summary>Returns the length of a row in tokens.</summary>
    /// <exception cref="ArgumentException">It is longer than the model's context.</exception>
    public static int Length(ISupervisedRecipe recipe, StartingModel source)
    {
        int length = recipe.Train.SequenceLength == 0 ? source.Config.ContextLength : recipe.Train.SequenceLength;
        return length <= source.Config.ContextLength
            ? length
            : throw new ArgumentException($"train.sequence_length is {length}; the model's context length is {source.Config.ContextLength}", nameof(recipe));
    }

    /// <summary>Returns a template, and the model's tokenizer with the tokens that the template needs.</summary>
    /// <param name="name">The name or the file of the template; null for the one in the model's directory, or a usual one.</param>
    /// <param name="source">The model.</param>
    /// <param name="reverse">Whether dialogues are read from their end.</param>
    public static (ChatTemplate Template, Tokenizer Tokenizer) TemplateOf(string? name, StartingModel source, bool reverse)
    {
        ChatTemplate template = ChatTemplateFile.Choose(name, source.Path, source.Tokenizer) with { Reverse = reverse };
        return (template, source.Tokenizer.WithSpecialTokens(template.Tokens));
    }
}
