using System.Globalization;
using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Data.FineTuning;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Sampling;
using Foreword.Data.Shards;
using Foreword.Tokenization;

namespace Foreword.Data.Supervised;

/// <summary>The dialogues of a run, encoded.</summary>
/// <param name="Train">The training examples, in the order of the files.</param>
/// <param name="Validation">The examples that select the best epoch.</param>
/// <param name="Files">The files with their hashes.</param>
/// <param name="Notes">What was left out or shortened, in sentences for the user.</param>
internal sealed record DialogueData(IReadOnlyList<SupervisedExample> Train, IReadOnlyList<SupervisedExample> Validation, TrainingFiles Files, IReadOnlyList<string> Notes)
{
    /// <summary>Reads and encodes the dialogues of a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokenizer">The tokenizer, with the template's tokens.</param>
    /// <param name="template">How messages become text.</param>
    /// <param name="contextLength">The length of a row in tokens.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is malformed, or there are too few dialogues.</exception>
    public static DialogueData Open(DialogueRecipe recipe, Tokenizer tokenizer, ChatTemplate template, int contextLength, CancellationToken cancellationToken = default)
    {
        DialogueDataSection data = recipe.Data;
        List<Dialogue> train = [.. Read(data, data.Paths(data.Train)).Take(data.Limit ?? int.MaxValue)], validation = [.. Read(data, data.Paths(data.Validation))];
        if (data.Validation.Count == 0)
            (train, validation) = HeldOut.Split(train, data.ValidationShare, recipe.Train.Seed);
        if (train.Count == 0 || validation.Count == 0)
            throw new InvalidDataException($"{data.Train[0]} holds {train.Count + validation.Count} dialogue{(train.Count + validation.Count == 1 ? "" : "s")}; training and validation need at least one each");
        List<string> notes = [];
        DialogueExamples learned = Encode(train, "training", recipe.Task.LossOn), held = Encode(validation, "validation", recipe.Task.LossOn);
        if (!held.Examples.Any(example => example.IsAnswer.AsSpan(1).Contains(true)))
            throw new InvalidDataException($"no validation dialogue has an answer; the first one is {validation[0].Place}");
        return new DialogueData(learned.Examples, held.Examples, new TrainingFiles
        {
            Train = ManifestFile.Describe(data.Paths(data.Train), cancellationToken),
            Validation = ManifestFile.Describe(data.Paths(data.Validation), cancellationToken),
        }, notes);

        DialogueExamples Encode(List<Dialogue> dialogues, string part, LossOn lossOn) => DialogueData.Encode(dialogues, part, lossOn, recipe.Task.Reverse, tokenizer, template, contextLength, notes, cancellationToken);
    }

    /// <summary>Reads and encodes dialogues to measure a model on.</summary>
    /// <param name="recipe">The recipe of the model's training.</param>
    /// <param name="files">The files.</param>
    /// <param name="tokenizer">The tokenizer, with the template's tokens.</param>
    /// <param name="template">How messages become text.</param>
    /// <param name="contextLength">The length of a row in tokens.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <returns>The dialogues that have an answer, and what was left out or shortened.</returns>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is malformed, or no dialogue has an answer.</exception>
    public static (IReadOnlyList<SupervisedExample> Examples, IReadOnlyList<string> Notes) ForTest(
        DialogueRecipe recipe, IEnumerable<string> files, Tokenizer tokenizer, ChatTemplate template, int contextLength, CancellationToken cancellationToken = default)
    {
        List<string> notes = [];
        return (Encode([.. Read(recipe.Data, files)], "test", LossOn.Assistant, recipe.Task.Reverse, tokenizer, template, contextLength, notes, cancellationToken).Examples, notes);
    }

    private static IEnumerable<Dialogue> Read(DialogueDataSection data, IEnumerable<string> paths) => paths.SelectMany(path => DialogueReader.Read(path, data.Layout, data.TextEncoding));

    private static DialogueExamples Encode(
        List<Dialogue> dialogues, string part, LossOn lossOn, bool isReversed, Tokenizer tokenizer, ChatTemplate template, int contextLength, List<string> notes, CancellationToken cancellationToken)
    {
        DialogueExamples examples = new(tokenizer, template, contextLength, lossOn, isReversed);
        foreach (Dialogue dialogue in dialogues)
        {
            cancellationToken.ThrowIfCancellationRequested();
            examples.Add(dialogue);
        }

        if (examples.Examples.Count == 0)
            throw new InvalidDataException($"no {part} dialogue has an answer; the first one is {dialogues[0].Place}{(part == "training" ? " (task.loss_on: all counts every token)" : "")}");
        notes.AddRange(Describe(examples, part, contextLength));
        if (UnknownTokens.Describe(tokenizer, examples.Examples.Select(example => example.Ids), $"{part} ") is { } unknown)
            notes.Add(unknown);
        return examples;
    }

    private static IEnumerable<string> Describe(DialogueExamples examples, string part, int contextLength)
    {
        string of = string.Create(CultureInfo.InvariantCulture, $"of {examples.Dialogues:N0} {part} dialogues");
        if (examples.EmptyMessages > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.EmptyMessages:N0} {part} messages have no text and are left out");
        if (examples.Shortened.Dialogues > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.Shortened.Dialogues:N0} {of} are longer than {contextLength} tokens: their {examples.Shortened.Messages:N0} oldest messages are left out ({(double)examples.Shortened.Messages / examples.Messages:P1} of all messages)");
        if (examples.Cut > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.Cut:N0} {of} end with a message that is longer than {contextLength} tokens: its beginning is left out");
        if (examples.WithoutAnswer > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.WithoutAnswer:N0} {of} have no answer and are left out");
    }
}
