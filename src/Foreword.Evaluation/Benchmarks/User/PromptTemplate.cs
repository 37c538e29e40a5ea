using System.Text.RegularExpressions;
using Foreword.Data.Tables;

namespace Foreword.Evaluation.Benchmarks.User;

/// <summary>A text that names columns of a table in double braces, as in <c>Question: {{question}}</c>.</summary>
internal sealed partial class PromptTemplate(string text)
{
    /// <summary>Gets the columns that the text names.</summary>
    public IReadOnlyList<string> Columns { get; } = [.. Column().Matches(text).Select(match => match.Groups[1].Value).Distinct()];

    /// <summary>Returns the text with the values of a row.</summary>
    /// <exception cref="InvalidDataException">A column holds several texts.</exception>
    public string Fill(NamedRow row) => Column().Replace(text, match => row[match.Groups[1].Value]);

    /// <summary>Returns one text for each element if a column holds a list, otherwise one text.</summary>
    public IEnumerable<string> FillEach(NamedRow row)
    {
        string? list = Columns.FirstOrDefault(column => row.List(column).Count != 1);
        return list is null ? [Fill(row)] : row.List(list).Select(element => Column().Replace(text, match => match.Groups[1].Value == list ? element : row[match.Groups[1].Value]));
    }

    [GeneratedRegex(@"\{\{\s*([^{}]+?)\s*\}\}")]
    private static partial Regex Column();
}
