using System.Globalization;

namespace Foreword.Data.Tables;

/// <summary>Where the wanted columns lie in rows of fields.</summary>
internal static class TableColumns
{
    /// <summary>Whether a column is given by its number.</summary>
    public static bool IsNumber(string column) => int.TryParse(column, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    /// <summary>Places of the columns among the names; a name wins over a number.</summary>
    /// <exception cref="InvalidDataException">There is no such column.</exception>
    public static int[] Places(IReadOnlyList<string> columns, IReadOnlyList<string> names, string file) => [.. columns.Select(column =>
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] == column)
                return i;
        }

        if (IsNumber(column))
            return Place(column, names.Count, file);
        throw new InvalidDataException($"{file}: there is no column '{column}'; the columns are {string.Join(", ", names)}{NearestName.Suggestion(column, names)}");
    })];

    /// <summary>Places of columns given by number alone.</summary>
    /// <exception cref="InvalidDataException">A column is a name, or a number that is too large.</exception>
    public static int[] Places(IReadOnlyList<string> columns, int count, string file) => [.. columns.Select(column => IsNumber(column)
        ? Place(column, count, file)
        : throw new InvalidDataException($"{file}: column '{column}' is a name, but the file is read without a header; give numbers from 0 to {count - 1}"))];

    private static int Place(string column, int count, string file)
    {
        int place = int.Parse(column, CultureInfo.InvariantCulture);
        return place < count ? place : throw new InvalidDataException($"{file}: there is no column {column}; there are {count}, numbered from 0");
    }
}
