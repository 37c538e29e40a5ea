using Foreword.Data.Shards;

namespace Foreword.Data.Preparing;

/// <summary>How far a preparation has come.</summary>
/// <param name="Documents">Documents written.</param>
/// <param name="Tokens">Tokens written.</param>
/// <param name="TextBytes">UTF-8 bytes of text that they stand for.</param>
public readonly record struct PreparationProgress(long Documents, long Tokens, long TextBytes);

/// <summary>What a preparation did.</summary>
/// <param name="Manifest">The manifest of the finished directory.</param>
/// <param name="Elapsed">Time it took.</param>
public sealed record PreparationReport(ShardManifest Manifest, TimeSpan Elapsed)
{
    /// <summary>UTF-8 bytes of text in all splits.</summary>
    public long TextBytes => Manifest.Splits.Values.Sum(split => split.TextBytes);

    /// <summary>Millions of bytes of text a second, from reading to the last byte on disk.</summary>
    public double MegabytesPerSecond => TextBytes / 1e6 / Elapsed.TotalSeconds;
}
