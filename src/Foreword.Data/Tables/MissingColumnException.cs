using Foreword.Settings;

namespace Foreword.Data.Tables;

/// <summary>
/// The cause of an <see cref="InvalidDataException"/> about a file that lacks a requested column or field. That type is sealed, so a caller recognizes
/// the case by this inner exception.
/// </summary>
internal sealed class MissingColumnException : Exception
{
    private MissingColumnException(string message) : base(message)
    {
    }

    /// <summary>Returns whether an exception says that a column or field is missing.</summary>
    public static bool Caused(InvalidDataException problem)
    {
        Exception? cause = problem;
        while (cause is not (null or MissingColumnException))
            cause = cause.InnerException;
        return cause is not null;
    }

    /// <summary>Creates the exception for a column that is not among the names.</summary>
    /// <param name="where">The file, or the file and the row.</param>
    /// <param name="column">The requested column.</param>
    /// <param name="names">The columns that exist.</param>
    public static InvalidDataException Named(string where, string column, IReadOnlyCollection<string> names) =>
        Of($"{where}: there is no column '{column}'; the columns are {string.Join(", ", names)}{NearestName.Suggestion(column, names)}");

    /// <summary>Creates the exception for a column or field that is described by a whole sentence.</summary>
    public static InvalidDataException Of(string message) => new(message, new MissingColumnException(message));
}
