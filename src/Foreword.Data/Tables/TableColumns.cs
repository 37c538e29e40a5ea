using System.Globalization;

namespace Foreword.Data.Tables;

/// <summary>
/// Finds the positions of the requested columns in rows of fields. A requested column is a name, a number from 0, or several of these joined by
/// <c>+</c> (<c>Title+Description</c>). A column whose own name is the whole text has priority.
/// </summary>
internal static class TableColumns
{
    /// <summary>The text between the texts of joined columns.</summary>
    private const string Separator = " ";

    /// <summary>Returns whether a column, or each of several joined columns, is requested by number.</summary>
    public static bool IsNumber(string column) => Parts(column).All(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _));

    /// <summary>Returns the columns that are joined, or the column itself.</summary>
    public static string[] Parts(string column) => column.Split('+', StringSplitOptions.TrimEntries);

    /// <summary>Joins the texts of columns with a space between them. Empty texts are omitted.</summary>
    public static string Join(IReadOnlyList<string> texts) => texts is [var only] ? only : string.Join(Separator, texts.Select(text => text.Trim()).Where(text => text.Length > 0));

    /// <summary>Returns the single text of one of several joined columns.</summary>
    /// <exception cref="InvalidDataException">The column holds a list.</exception>
    public static string One(IReadOnlyList<string> texts, string part, string where) => texts is [var only] ? only
        : throw new InvalidDataException($"{where}: '{part}' holds a list of {texts.Count}; joined columns hold one text each");

    /// <summary>Returns the positions of the columns among the names. A name has priority over a number.</summary>
    /// <exception cref="InvalidDataException">There is no such column, or there are several columns with this name.</exception>
    public static int[][] Places(IReadOnlyList<string> columns, IReadOnlyList<string> names, string file) =>
        [.. columns.Select(column => Named(column, names, file) is { } whole ? [whole] : Parts(column).Select(part => Place(part, names, file)).ToArray())];

    /// <summary>Returns the positions of columns that are requested only by number.</summary>
    /// <exception cref="InvalidDataException">A column is a name, or a number that is too large.</exception>
    public static int[][] Places(IReadOnlyList<string> columns, int count, string file) => [.. columns.Select(column => IsNumber(column)
        ? Parts(column).Select(part => Place(part, count, file)).ToArray()
        : throw new InvalidDataException($"{file}: column '{column}' is a name, but the file is read without a header; use numbers from 0 to {count - 1}"))];

    /// <summary>Returns the position of a name; null if there is no such name.</summary>
    private static int? Named(string column, IReadOnlyList<string> names, string file)
    {
        int[] places = [.. Enumerable.Range(0, names.Count).Where(i => names[i] == column)];
        if (places.Length == 0)
            places = [.. Enumerable.Range(0, names.Count).Where(i => names[i].Trim() == column.Trim())];
        return places.Length switch
        {
            0 => null,
            1 => places[0],
            _ => throw new InvalidDataException($"{file}: {places.Length} columns are called '{column}'; use the column's number instead: {string.Join(" or ", places)}"),
        };
    }

    private static int Place(string column, IReadOnlyList<string> names, string file)
    {
        if (Named(column, names, file) is { } place)
            return place;
        if (IsNumber(column))
            return Place(column, names.Count, file);
        throw MissingColumnException.Named(file, column, names);
    }

    private static int Place(string column, int count, string file)
    {
        int place = int.Parse(column, CultureInfo.InvariantCulture);
        return place < count ? place : throw MissingColumnException.Of($"{file}: there is no column {column}; there are {count}, numbered from 0");
    }
}
