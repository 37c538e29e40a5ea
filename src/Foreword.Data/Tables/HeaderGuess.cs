using System.Globalization;

namespace Foreword.Data.Tables;

/// <summary>
/// Guesses whether the first row of CSV or TSV holds names. It is used if the options do not specify it and all columns are requested by number,
/// because numbers are valid with and without a header.
/// </summary>
internal static class HeaderGuess
{
    /// <summary>The number of rows to examine after the first one.</summary>
    public const int SampleSize = 1000;

    private const int LongestName = 40, MostWords = 3;

    /// <summary>Usual names of columns in labeled data, in lowercase.</summary>
    private static readonly HashSet<string> UsualNames = new(StringComparer.Ordinal)
    {
        "text", "texts", "sentence", "sentences", "sentence1", "sentence2", "premise", "hypothesis", "question", "question1", "question2", "context", "choice", "answer",
        "label", "labels", "category", "class", "target", "score", "gold_label", "similarity", "sentiment", "tags", "topics", "intent", "rating", "stars",
        "title", "description", "body", "content", "message", "comment", "review", "query", "tweet", "document", "id", "idx", "index",
    };

    /// <summary>Words for a missing value, which are not names.</summary>
    private static readonly HashSet<string> Missing = new(StringComparer.OrdinalIgnoreCase) { "na", "n/a", "nan", "null", "none", "inf", "-inf" };

    /// <summary>
    /// Returns whether the first row is a header. There are three cases. The row consists of the numbers of the columns from 0. Or it consists of
    /// names, and in at least one column all other rows have a number. Or it consists of names that include a usual name, and no usual name occurs
    /// again in its column.
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

    /// <summary>Returns whether a field may be the name of a column: a few words that are not a number.</summary>
    private static bool IsName(string field) => field.Trim() is { Length: > 0 and <= LongestName } name
        && name.Any(char.IsLetter) && !Missing.Contains(name) && name.Split(' ').Length <= MostWords && name[^1] is not ('.' or '!' or '?');

    private static bool IsNumber(string field) => double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
