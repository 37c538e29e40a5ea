using System.Globalization;

namespace Foreword.Data.Tables;

/// <summary>
/// Tells whether the first row of CSV or TSV holds names where the options do not say so: columns given by number are read from files with and without a header.
/// </summary>
internal static class HeaderGuess
{
    /// <summary>Rows that are looked at besides the first.</summary>
    public const int SampleSize = 1000;

    private const int LongestName = 40, MostWords = 3;

    /// <summary>What columns of labelled data are usually called, in small letters.</summary>
    private static readonly HashSet<string> UsualNames = new(StringComparer.Ordinal)
    {
        "text", "texts", "sentence", "sentences", "sentence1", "sentence2", "premise", "hypothesis", "question", "question1", "question2", "context", "choice", "answer",
        "label", "labels", "category", "class", "target", "score", "gold_label", "similarity", "sentiment", "intent", "rating", "stars",
        "title", "description", "body", "content", "message", "comment", "review", "query", "tweet", "document", "id", "idx", "index",
    };

    /// <summary>Words for a missing value, which are no names.</summary>
    private static readonly HashSet<string> Missing = new(StringComparer.OrdinalIgnoreCase) { "na", "n/a", "nan", "null", "none", "inf", "-inf" };

    /// <summary>
    /// Whether the first row is a header: it counts the columns from 0; or it has a name where all other rows have a number; or it has one of the
    /// usual names, which does not come again in its column, and nothing but names.
    /// </summary>
    /// <param name="first">The first row.</param>
    /// <param name="others">The rows after it, or the first <see cref="SampleSize"/> of them.</param>
    public static bool IsHeader(string[] first, IReadOnlyList<string[]> others)
    {
        if (first.Length > 1 && first.Select((field, i) => field == i.ToString(CultureInfo.InvariantCulture)).All(isPlace => isPlace))
            return true;
        if (!first.All(field => field.Length == 0 || IsName(field)))
            return false;
        int[] places = [.. Enumerable.Range(0, first.Length)];
        if (others.Count > 0 && places.Any(i => IsName(first[i]) && others.All(row => i < row.Length && IsNumber(row[i]))))
            return true;
        int[] usual = [.. places.Where(i => UsualNames.Contains(first[i].Trim().ToLowerInvariant()))];
        return usual.Length > 0 && (first.Length > 1 || others.Count > 0) && !usual.Any(i => others.Any(row => i < row.Length && row[i] == first[i]));
    }

    /// <summary>A few words that are no number: what a column may be called.</summary>
    private static bool IsName(string field) => field.Trim() is { Length: > 0 and <= LongestName } name
        && name.Any(char.IsLetter) && !Missing.Contains(name) && name.Split(' ').Length <= MostWords && name[^1] is not ('.' or '!' or '?');

    private static bool IsNumber(string field) => double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
