using Foreword.Data.Shards;

namespace Foreword.Data.Preparing;

/// <summary>The progress of a preparation.</summary>
/// <param name="Documents">The number of documents written.</param>
/// <param name="Tokens">The number of tokens written.</param>
/// <param name="TextBytes">The number of UTF-8 bytes of text that these tokens represent.</param>
public readonly record struct PreparationProgress(long Documents, long Tokens, long TextBytes);

/// <summary>The result of a preparation.</summary>
/// <param name="Manifest">The manifest of the finished directory.</param>
/// <param name="Elapsed">The elapsed time.</param>
public sealed record PreparationReport(ShardManifest Manifest, TimeSpan Elapsed)
{
    /// <summary>Gets the number of UTF-8 bytes of text in all splits.</summary>
    public long TextBytes => Manifest.Splits.Values.Sum(split => split.TextBytes);

    /// <summary>Gets a sentence about text that the tokenizer does not know; null if it knows all.</summary>
    public string? UnknownText { get; init; }

    /// <summary>Gets the speed in millions of bytes of text per second, from the first read to the last byte on disk.</summary>
    public double MegabytesPerSecond => TextBytes / 1e6 / Elapsed.TotalSeconds;
}
