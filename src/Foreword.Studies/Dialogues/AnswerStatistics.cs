using Foreword.Tokenization.Normalization;

namespace Foreword.Studies.Dialogues;

/// <summary>Describes a set of answers as a whole.</summary>
/// <param name="Distinct1">The number of different words divided by the number of words (Li et al. 2016).</param>
/// <param name="Distinct2">The same for pairs of neighboring words.</param>
/// <param name="Words">The mean number of words of an answer.</param>
/// <param name="Repeated">The share of the answers that equal the answer to another dialogue.</param>
/// <remarks>Words are split as by BERT's tokenizer, in lower case: punctuation marks and Chinese characters are words of their own.</remarks>
internal readonly record struct AnswerStatistics(double Distinct1, double Distinct2, double Words, double Repeated)
{
    private static readonly BasicSplit Split = BasicSplit.Of(lowerCase: true, stripAccents: false, separateIdeographs: true);

    /// <summary>Computes the statistics of answers, at least one.</summary>
    public static AnswerStatistics Of(IReadOnlyList<string> answers)
    {
        string[][] words = [.. answers.Select(WordsOf)];
        string[] keys = [.. words.Select(list => string.Join(' ', list))];
        Dictionary<string, int> counts = keys.CountBy(key => key).ToDictionary();
        return new AnswerStatistics(
            Distinct([.. words.SelectMany(list => list)]),
            Distinct([.. words.SelectMany(list => list.Zip(list.Skip(1), (first, second) => $"{first} {second}"))]),
            words.Average(list => (double)list.Length),
            keys.Count(key => counts[key] > 1) / (double)keys.Length);
    }

    private static double Distinct(string[] grams) => grams.Length == 0 ? double.NaN : grams.Distinct().Count() / (double)grams.Length;

    private static string[] WordsOf(string text)
    {
        List<string> words = [];
        Split.Words(text, word => words.Add(word.ToString()));
        return [.. words];
    }
}
