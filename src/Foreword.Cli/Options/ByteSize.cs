using System.CommandLine.Parsing;
using System.Globalization;

namespace Foreword.Cli.Options;

/// <summary>Reads sizes such as <c>1GB</c>, <c>512MB</c> and <c>0</c>. Units are decimal.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, long Bytes)[] _units = [("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1), ("", 1)];

    /// <summary>Reads the value of an option.</summary>
    public static long Parse(ArgumentResult result)
    {
        string text = result.Tokens.Single().Value;
        if (Parse(text) is { } size)
            return size;
        result.AddError($"{(result.Parent as OptionResult)?.IdentifierToken?.Value ?? "the size"} is {text}; it must be a size such as 512MB or 2GB, or 0");
        return 0;
    }

    /// <summary>Returns the number of bytes, or null if the text is no size.</summary>
    public static long? Parse(string text)
    {
        foreach ((string unit, long bytes) in _units)
        {
            if (!text.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
                continue;
            bool valid = decimal.TryParse(text.AsSpan(0, text.Length - unit.Length).TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number);
            return valid && number <= long.MaxValue / bytes ? (long)(number * bytes) : null;
        }

        return null;
    }
}
