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
        (IReadOnlyList<Preference> train, IReadOnlyList<Preference> validation) = recipe.Task.Rejected == RejectedAnswers.Shuffled
            ? Parts(path => DialogueReader.Read(path, data.Layout, data.TextEncoding), dialogues => Preference.Shuffled(dialogues, recipe.Train.Seed))
            : Parts(path => PreferenceReader.Read(path, data.TextEncoding), pairs => pairs);
        List<string> notes = [];
        IReadOnlyList<SupervisedExample> learned = Encode(train, "training"), held = Encode(validation, "validation");
        return new PreferenceData(learned, held, new TrainingFiles
        {
            Train = ManifestFile.Describe(data.Paths(data.Train), cancellationToken),
            Validation = ManifestFile.Describe(data.Paths(data.Validation), cancellationToken),
        }, notes);

        (IReadOnlyList<Preference> Train, IReadOnlyList<Preference> Validation) Parts<T>(Func<string, IEnumerable<T>> read, Func<List<T>, IReadOnlyList<Preference>> pairsOf)
        {
            List<T> train = [.. data.Paths(data.Train).SelectMany(read).Take(data.Limit ?? int.MaxValue)], validation = [.. data.Paths(data.Validation).SelectMany(read)];
            if (data.Validation.Count == 0)
                (train, validation) = HeldOut.Split(train, data.ValidationShare, recipe.Train.Seed);
            return (pairsOf(train), pairsOf(validation));
        }

        IReadOnlyList<SupervisedExample> Encode(IReadOnlyList<Preference> pairs, string part)
        {
            PreferenceExamples examples = new(tokenizer, template, contextLength);
            foreach (Preference pair in pairs)
            {
                cancellationToken.ThrowIfCancellationRequested();
                examples.Add(pair);
            }

            if (examples.Examples.Count == 0)
                throw new InvalidDataException($"{(part == "validation" && data.Validation.Count > 0 ? data.Validation : data.Train)[0]}: there is no {part} pair of two different answers that fit into {contextLength} tokens ({pairs.Count} were read)");
            notes.AddRange(Describe(examples, part, contextLength));
            return examples.Examples;
        }
    }

    private static IEnumerable<string> Describe(PreferenceExamples examples, string part, int contextLength)
    {
        string of = string.Create(CultureInfo.InvariantCulture, $"of {examples.Pairs:N0} {part} pairs");
        if (examples.Shortened.Pairs > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.Shortened.Pairs:N0} {of} are longer than {contextLength} tokens: their {examples.Shortened.Messages:N0} oldest messages are left out");
        if (examples.TooLong > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.TooLong:N0} {of} have an answer that does not fit into {contextLength} tokens with the message before it, and are left out");
        if (examples.Same > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"{examples.Same:N0} {of} have the same answer twice and are left out");
    }
}
