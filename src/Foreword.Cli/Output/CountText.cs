using System.Globalization;

namespace Foreword.Cli.Output;

/// <summary>Writes a number of things.</summary>
internal static class CountText
{
    /// <summary>Returns the number with the name of the things, such as "1 shard" or "2,000 shards".</summary>
    /// <param name="count">The number.</param>
    /// <param name="name">The name of one thing. Its plural ends with s.</param>
    public static string Of(long count, string name) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {name}{(count == 1 ? "" : "s")}");
}
