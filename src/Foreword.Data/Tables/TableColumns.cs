using System.Globalization;
using Foreword.Settings;

namespace Foreword.Data.Tables;

/// <summary>
/// Where the wanted columns lie in rows of fields. A wanted column is a name, a number from 0, or several joined by <c>+</c>
/// (<c>Title+Description</c>); a column whose own name is the whole of it wins.
/// </summary>
internal static class TableColumns
{
    /// <summary>What stands between the texts of joined columns.</summary>
    private const string Separator = " ";

    /// <summary>Whether a column is given by its number, or joined columns by theirs.</summary>
    public static bool IsNumber(string column) => Parts(column).All(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _));

    /// <summary>The columns that are joined; one alone where none are.</summary>
    public static string[] Parts(string column) => column.Split('+', StringSplitOptions.TrimEntries);

    /// <summary>The text of joined columns: the texts with a space between; empty ones are left out.</summary>
    public static string Join(IReadOnlyList<string> texts) => texts is [var only] ? only : string.Join(Separator, texts.Select(text => text.Trim()).Where(text => text.Length > 0));

    /// <summary>The one text that a part of joined columns holds.</summary>
    /// <exception cref="InvalidDataException">It holds a list.</exception>
    public static string One(IReadOnlyList<string> texts, string part, string where) => texts is [var only] ? only
        : throw new InvalidDataException($"{where}: '{part}' holds a list of {texts.Count}; joined columns hold one text each");

    /// <summary>Places of the columns among the names; a name wins over a number.</summary>
    /// <exception cref="InvalidDataException">There is no such column, or there are two of that name.</exception>
    public static int[][] Places(IReadOnlyList<string> columns, IReadOnlyList<string> names, string file) =>
        [.. columns.Select(column => Named(column, names, file) is { } whole ? [whole] : Parts(column).Select(part => Place(part, names, file)).ToArray())];

    /// <summary>Places of columns given by number alone.</summary>
    /// <exception cref="InvalidDataException">A column is a name, or a number that is too large.</exception>
    public static int[][] Places(IReadOnlyList<string> columns, int count, string file) => [.. columns.Select(column => IsNumber(column)
        ? Parts(column).Select(part => Place(part, count, file)).ToArray()
        : throw new InvalidDataException($"{file}: column '{column}' is a name, but the file is read without a header; give numbers from 0 to {count - 1}"))];

    /// <summary>The place of the name; null where it is none of them.</summary>
    private static int? Named(string column, IReadOnlyList<string> names, string file)
    {
        int[] places = [.. Enumerable.Range(0, names.Count).Where(i => names[i] == column)];
        if (places.Length == 0)
            places = [.. Enumerable.Range(0, names.Count).Where(i => names[i].Trim() == column.Trim())];
        return places.Length switch
        {
            0 => null,
            1 => places[0],
            _ => throw new InvalidDataException($"{file}: {places.Length} columns are called '{column}'; give the number of the one that is meant: {string.Join(" or ", places)}"),
        };
    }

    private static int Place(string column, IReadOnlyList<string> names, string file)
    {
        if (Named(column, names, file) is { } place)
            return place;
        if (IsNumber(column))
            return Place(column, names.Count, file);
        throw new InvalidDataException($"{file}: there is no column '{column}'; the columns are {string.Join(", ", names)}{NearestName.Suggestion(column, names)}");
    }

    private static int Place(string column, int count, string file)
    {
        int place = int.Parse(column, CultureInfo.InvariantCulture);
        return place < count ? place : throw new InvalidDataException($"{file}: there is no column {column}; there are {count}, numbered from 0");
    }
}
