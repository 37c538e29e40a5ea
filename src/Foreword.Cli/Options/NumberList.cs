using System.CommandLine;
using System.Globalization;

namespace Foreword.Cli.Options;

/// <summary>Parses options with whole numbers separated by commas.</summary>
internal static class NumberList
{
    /// <summary>Returns the numbers, each once and in order; null if the option is not given.</summary>
    /// <exception cref="UsageException">A word is not a whole number from 0 on.</exception>
    public static int[]? Of<T>(ParseResult parsed, Option<T> option)
    {
        if (parsed.GetValue(option) is not string text)
            return null;
        string[] words = text.Split(',', StringSplitOptions.TrimEntries);
        string? wrong = words.FirstOrDefault(word => !int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        return wrong is null ? [.. words.Select(word => int.Parse(word, CultureInfo.InvariantCulture)).Distinct().Order()] : throw new UsageException($"{option.Name} has '{wrong}'; expected whole numbers separated by commas");
    }
}
