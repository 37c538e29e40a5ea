using Foreword.Generation.Constraints.Grammars;

namespace Foreword.Generation.Constraints.Json;

/// <summary>
/// The string formats of JSON Schema as regular expressions. Every text that they describe has the format. Some unusual texts with the format are left
/// out, such as leap seconds.
/// </summary>
internal static class JsonFormats
{
    private const string LeapOfCentury = "(?:0[48]|[2468][048]|[13579][26])";
    private const string Year = @"(?:\d{3}[1-9]|\d{2}[1-9]0|\d[1-9]00|[1-9]000)";
    private const string Days = "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
    private const string Date = $@"(?:{Year}-{Days}|(?:\d\d{LeapOfCentury}|{LeapOfCentury}00)-02-29)";
    private const string Time = @"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)";
    private const string DurationTime = "T(?:\\d{1,4}H(?:\\d{1,4}M(?:\\d{1,4}S)?)?|\\d{1,4}M(?:\\d{1,4}S)?|\\d{1,4}S)";
    private const string DurationDate = @"(?:\d{1,4}Y(?:\d{1,4}M(?:\d{1,4}D)?)?|\d{1,4}M(?:\d{1,4}D)?|\d{1,4}D)";
    private const string Label = "[A-Za-z0-9](?:-?[A-Za-z0-9]){0,19}"; // RFC 1123 allows 63 characters in a label, and 253 in a name
    private const string Local = "[A-Za-z0-9](?:[._+-]?[A-Za-z0-9]){0,24}"; // RFC 5321 allows 64 characters
    private const string Byte = @"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";
    private const string Group = "[0-9A-Fa-f]{1,4}";

    private static readonly Dictionary<string, string> Patterns = new()
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = $"{Date}T{Time}",
        ["duration"] = $@"P(?:{DurationDate}(?:{DurationTime})?|{DurationTime}|\d{{1,4}}W)",
        ["email"] = $@"{Local}@{Label}(?:\.{Label}){{0,2}}\.[A-Za-z]{{2,10}}",
        ["hostname"] = $@"{Label}(?:\.{Label}){{0,4}}",
        ["ipv4"] = $@"{Byte}(?:\.{Byte}){{3}}",
        ["ipv6"] = string.Join('|', IPv6Forms()),
        ["uuid"] = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    };

    /// <summary>Gets the names of the formats.</summary>
    public static IReadOnlyCollection<string> Names => Patterns.Keys;

    /// <summary>Returns the texts of a format, or null if it is not known.</summary>
    public static Expression? Find(string name) => Patterns.TryGetValue(name, out string? pattern) ? RegexParser.Parse(pattern) : null;

    /// <summary>Returns the forms of an IPv6 address: all eight groups, or <c>::</c> in place of at least one group (RFC 4291, section 2.2).</summary>
    private static IEnumerable<string> IPv6Forms()
    {
        yield return $"(?:{Group}:){{7}}{Group}";
        yield return "::";
        for (int before = 1; before <= 7; before++)
            yield return $"(?:{Group}:){{{before}}}:";
        for (int before = 0; before <= 6; before++)
        {
            string left = before == 0 ? "::" : $"(?:{Group}:){{{before}}}:";
            yield return $"{left}{Group}(?::{Group}){{0,{6 - before}}}";
        }
    }
}
