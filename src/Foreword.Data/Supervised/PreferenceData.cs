using System.Globalization;
using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Data.FineTuning;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Sampling;
using Foreword.Data.Shards;
using Foreword.Tokenization;

namespace Foreword.Data.Supervised;

/// <summary>The pairs of answers of a run, encoded: see <see cref="PreferenceExamples.Examples"/>.</summary>
/// <param name="Train">The training sequences, two for each pair, in the order of the files.</param>
/// <param name="Validation">The sequences that select the best epoch.</param>
/// <param name="Files">The files with their hashes.</param>
/// <param name="Notes">What was left out or shortened, in sentences for the user.</param>
internal sealed record PreferenceData(IReadOnlyList<SupervisedExample> Train, IReadOnlyList<SupervisedExample> Validation, TrainingFiles Files, IReadOnlyList<string> Notes)
{
    /// <summary>Reads and encodes the pairs of a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokenizer">The tokenizer, with the template's tokens.</param>
    /// <param name="template">How messages become text.</param>
    /// <param name="contextLength">The length of a sequence in tokens.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is malformed, or there are too few pairs.</exception>
    public static PreferenceData Open(PreferenceRecipe recipe, Tokenizer tokenizer, ChatTemplate template, int contextLength, CancellationToken cancellationToken = default)
    {
        DialogueDataSection data = recipe.Data;
        List<string> notes = [];
        (IReadOnlyList<Preference> train, IReadOnlyList<Preference> validation) = recipe.Task.Rejected == RejectedAnswers.Shuffled
            ? Parts(Dialogues(data), dialogues => Preference.Shuffled(dialogues, recipe.Train.Seed), "dialogue", least: 2)
            : Parts(Pairs(data), pairs => pairs, "pair", least: 1);
        IReadOnlyList<SupervisedExample> learned = Encode(train, "training", data.Train[0], tokenizer, template, contextLength, notes, cancellationToken);
        IReadOnlyList<SupervisedExample> held = Encode(validation, "validation", (data.Validation.Count > 0 ? data.Validation : data.Train)[0], tokenizer, template, contextLength, notes, cancellationToken);
        return new PreferenceData(learned, held, new TrainingFiles
        {
            Train = ManifestFile.Describe(data.Paths(data.Train), cancellationToken),
            Validation = ManifestFile.Describe(data.Paths(data.Validation), cancellationToken),
        }, notes);

        (IReadOnlyList<Preference> Train, IReadOnlyList<Preference> Validation) Parts<T>(Func<string, IEnumerable<T>> read, Func<List<T>, IReadOnlyList<Preference>> pairsOf, string item, int least)
        {
            List<T> train = [.. data.Paths(data.Train).SelectMany(read).Take(data.Limit ?? int.MaxValue)], validation = [.. data.Paths(data.Validation).SelectMany(read)];
            if (data.Validation.Count == 0)
            {
                Need(2 * least, train.Count, data.Train[0], $"training and validation need at least {least} each");
                (train, validation) = HeldOut.Split(train, data.ValidationShare, recipe.Train.Seed, least);
            }
            else
            {
                Need(least, train.Count, data.Train[0], $"the training needs at least {least}");
                Need(least, validation.Count, data.Validation[0], $"the validation needs at least {least}");
            }

            return (PairsOf(train, "training"), PairsOf(validation, "validation"));

            IReadOnlyList<Preference> PairsOf(List<T> items, string part)
            {
                IReadOnlyList<Preference> pairs = pairsOf(items);
                if (pairs.Count < items.Count)
                    notes.Add(string.Create(CultureInfo.InvariantCulture, $"{items.Count - pairs.Count:N0} of {items.Count:N0} {part} dialogues have no answer that differs from another one's, and are left out"));
                return pairs;
            }

            void Need(int needed, int count, string file, string rule)
            {
                if (count < needed)
                    throw new InvalidDataException($"{file} holds {count} {item}{(count == 1 ? "" : "s")}; {rule}");
            }
        }
    }

    /// <summary>Reads and encodes pairs to measure a model on.</summary>
    /// <param name="recipe">The recipe of the model's training.</param>
    /// <param name="files">The files.</param>
    /// <param name="tokenizer">The tokenizer, with the template's tokens.</param>
    /// <param name="template">How messages become text.</param>
    /// <param name="contextLength">The length of a sequence in tokens.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <returns>The sequences, two for each pair, and what was left out or shortened.</returns>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is malformed, or there is no pair.</exception>
    public static (IReadOnlyList<SupervisedExample> Examples, IReadOnlyList<string> Notes) ForTest(
        PreferenceRecipe recipe, IReadOnlyList<string> files, Tokenizer tokenizer, ChatTemplate template, int contextLength, CancellationToken cancellationToken = default)
    {
        List<string> notes = [];
        IReadOnlyList<Preference> pairs = recipe.Task.Rejected == RejectedAnswers.Shuffled
            ? Preference.Shuffled([.. files.SelectMany(Dialogues(recipe.Data))], recipe.Train.Seed)
            : [.. files.SelectMany(Pairs(recipe.Data))];
        return (Encode(pairs, "test", files[0], tokenizer, template, contextLength, notes, cancellationToken), notes);
    }

    private static Func<string, IEnumerable<Dialogue>> Dialogues(DialogueDataSection data) => path => DialogueReader.Read(path, data.Layout, data.TextEncoding);

    private static Func<string, IEnumerable<Preference>> Pairs(DialogueDataSection data) => path => PreferenceReader.Read(path, data.TextEncoding);

    private static IReadOnlyList<SupervisedExample> Encode(
        IReadOnlyList<Preference> pairs, string part, string file, Tokenizer tokenizer, ChatTemplate template, int contextLength, List<string> notes, CancellationToken cancellationToken)
    {
        PreferenceExamples examples = new(tokenizer, template, contextLength);
        foreach (Preference pair in pairs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            examples.Add(pair);
        }

        if (examples.Examples.Count == 0)
            throw new InvalidDataException($"{file}: there is no {part} pair of two different answers that fit into {contextLength} tokens ({pairs.Count} were read)");
        notes.AddRange(Describe(examples, part, contextLength));
        if (UnknownTokens.Describe(tokenizer, examples.Examples.Select(example => example.Ids), $"{part} ") is { } unknown)
            notes.Add(unknown);
        return examples.Examples;
    }

    private static IEnumerable<string> Describe(PreferenceExamples examples, string part, int contextLength)
    {
        string of = string.Create(CultureInfo.InvariantCulture, $"of {examples.Pairs:N0} {part} pairs");
        if (examples.Shortened.Pairs > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.Shortened.Pairs:N0} {of} are longer than {contextLength} tokens: their {examples.Shortened.Messages:N0} oldest messages are left out");
        if (examples.TooLong > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.TooLong:N0} {of} have an answer that does not fit into {contextLength} tokens with the message before it, and are left out");
        if (examples.Empty > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.Empty:N0} {of} have a chosen answer without text and are left out");
        if (examples.Same > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.Same:N0} {of} have the same answer twice and are left out");
    }
}
