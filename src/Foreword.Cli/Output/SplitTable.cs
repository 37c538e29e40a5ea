using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.Data.Shards;

namespace Foreword.Cli.Output;

/// <summary>Formats the counts of a prepared directory for <c>prepare</c> and <c>inspect</c>.</summary>
internal static class SplitTable
{
    /// <summary>Returns one paragraph for each split.</summary>
    public static string Of(ShardManifest manifest)
    {
        StringBuilder table = new();
        foreach ((string name, ManifestSplit split) in manifest.Splits)
        {
            string counts = string.Create(CultureInfo.InvariantCulture,
                $"{CountText.Of(split.Documents, "document")}, {CountText.Of(split.Tokens, "token")}, {split.TextBytes:N0} bytes, {split.BytesPerToken:F2} a token, {CountText.Of(split.Shards.Count, "shard")}{(split.UnknownTokens > 0 ? $", {split.UnknownTokens:N0} unknown" : "")}");
            foreach (string line in FittedText.Wrap(counts, first: $"{name,-10} "))
                table.AppendLine(line);
        }

        return table.ToString();
    }

    /// <summary>Writes the counts and the tokenizer as JSON fields of the current object.</summary>
    public static void Write(Utf8JsonWriter writer, ShardManifest manifest)
    {
        writer.WriteStartObject("tokenizer");
        writer.WriteString("fingerprint", manifest.Tokenizer.Fingerprint);
        writer.WriteNumber("vocabulary_size", manifest.Tokenizer.VocabSize);
        writer.WriteEndObject();
        writer.WriteStartObject("validation");
        writer.WriteNumber("share", manifest.Validation.Share);
        writer.WriteNumber("seed", manifest.Validation.Seed);
        writer.WriteString("divides", manifest.Validation.Divides);
        writer.WriteEndObject();
        if (manifest.Cleaning is { } cleaning)
        {
            writer.WriteStartObject("left_out");
            writer.WriteNumber("too_short", cleaning.TooShort);
            writer.WriteNumber("duplicates", cleaning.Duplicates);
            writer.WriteEndObject();
        }

        writer.WriteStartObject("splits");
        foreach ((string name, ManifestSplit split) in manifest.Splits)
        {
            writer.WriteStartObject(name);
            writer.WriteNumber("documents", split.Documents);
            writer.WriteNumber("tokens", split.Tokens);
            writer.WriteNumber("text_bytes", split.TextBytes);
            writer.WriteNumber("bytes_per_token", Math.Round(split.BytesPerToken, 4));
            writer.WriteNumber("unknown_tokens", split.UnknownTokens);
            writer.WriteNumber("shards", split.Shards.Count);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
