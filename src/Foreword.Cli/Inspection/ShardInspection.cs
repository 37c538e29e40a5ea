using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.Cli.Output;
using Foreword.Data.Shards;
using Foreword.Tokenization;

namespace Foreword.Cli.Inspection;

/// <summary>Shows token shards for <c>inspect</c>.</summary>
internal static class ShardInspection
{
    private const int TokensShown = 32;
    private const int FrequentShown = 12, SamplesShown = 3, SampleTokens = 48, BarLength = 40;

    public static bool IsDirectory(string path) => File.Exists(Path.Combine(path, ShardManifest.FileName));

    public static bool IsShard(string path) => path.EndsWith(".bin", StringComparison.OrdinalIgnoreCase) && File.Exists(path);

    /// <summary>Shows the counts of a prepared directory, after every split has been opened and checked against the manifest.</summary>
    public static void ShowDirectory(string directory, bool json, Terminal terminal)
    {
        ShardManifest manifest = ShardManifest.Load(directory);
        foreach (string split in manifest.Splits.Keys)
            TokenDataset.Open(directory, split).Dispose();
        using TokenDataset train = TokenDataset.Open(directory, TokenDataset.Train);
        Tokenizer tokenizer = train.LoadTokenizer();
        ShardStatistics statistics = ShardStatistics.Compute(train, FrequentShown);
        if (json)
            JsonOutput.WriteLine(terminal, writer => Write(writer, manifest, train, statistics, tokenizer));
        else
            Print(terminal, manifest, train, statistics, tokenizer);
    }

    private static void Print(Terminal terminal, ShardManifest manifest, TokenDataset train, ShardStatistics statistics, Tokenizer tokenizer)
    {
        terminal.Out.Write(SplitTable.Of(manifest));
        terminal.Out.WriteLine($"tokenizer  {tokenizer.Kind}, {manifest.Tokenizer.VocabSize} ids, fingerprint {manifest.Tokenizer.Fingerprint}");
        terminal.Out.WriteLine(manifest.Validation.Divides == "nothing"
            ? "validation nothing held out"
            : Invariant($"validation {manifest.Validation.Share} of the {manifest.Validation.Divides}, seed {manifest.Validation.Seed}"));
        terminal.Out.WriteLine($"inputs     {string.Join(", ", manifest.Inputs)}");
        if (manifest.Reading is { } reading)
            terminal.Out.WriteLine($"read as    --document {reading.Document}, encoding {reading.Encoding}, text field {reading.TextField}");
        foreach (ManifestFile file in manifest.Files?.Take(SamplesShown) ?? [])
            terminal.Out.WriteLine(Invariant($"           {file.Path}, {file.Bytes:N0} bytes, sha256 {file.Sha256}"));
        if (manifest.Files?.Count > SamplesShown)
            terminal.Out.WriteLine(Invariant($"           and {manifest.Files.Count - SamplesShown:N0} more files; {ShardManifest.FileName} lists all of them"));
        if (manifest.Cleaning is { } cleaning)
            terminal.Out.WriteLine(Invariant($"left out   {cleaning.TooShort:N0} documents under {cleaning.MinCharacters} characters, {cleaning.Duplicates:N0} duplicates ({cleaning.Deduplication}); normalized: {cleaning.Normalization}"));
        PrintTokens(terminal, First(train), tokenizer);

        terminal.Out.WriteLine();
        terminal.Out.WriteLine(Invariant($"documents of the training split by length in tokens; the longest has {statistics.Longest:N0}"));
        long most = statistics.Lengths.Max(bin => bin.Documents);
        foreach (LengthBin bin in statistics.Lengths)
            terminal.Out.WriteLine(Invariant($"  {bin.From,9:N0} to {bin.To,9:N0}  {bin.Documents,10:N0}  {new string('█', (int)Math.Ceiling((double)BarLength * bin.Documents / most))}"));
        terminal.Out.WriteLine(Invariant($"most frequent tokens; {statistics.DistinctTokens:N0} of {train.VocabSize:N0} ids occur"));
        foreach (TokenCount token in statistics.MostFrequent)
            terminal.Out.WriteLine(Invariant($"  {100.0 * token.Count / train.Count,5:F2} %  {token.Id,6}  {Quoted(tokenizer.Decode([token.Id]))}"));
        terminal.Out.WriteLine("documents");
        foreach ((long document, int[] ids) in ShardStatistics.Samples(train, SamplesShown, SampleTokens))
            terminal.Out.WriteLine(Invariant($"  {document,9:N0}  {Quoted(tokenizer.Decode(ids))}"));
    }

    private static void Write(Utf8JsonWriter writer, ShardManifest manifest, TokenDataset train, ShardStatistics statistics, Tokenizer tokenizer)
    {
        writer.WriteString("kind", "shards");
        SplitTable.Write(writer, manifest);
        writer.WriteStartArray("inputs");
        foreach (string input in manifest.Inputs)
            writer.WriteStringValue(input);
        writer.WriteEndArray();
        WriteTokens(writer, First(train), tokenizer);
        writer.WriteStartArray("lengths");
        foreach (LengthBin bin in statistics.Lengths)
        {
            writer.WriteStartObject();
            writer.WriteNumber("from", bin.From);
            writer.WriteNumber("to", bin.To);
            writer.WriteNumber("documents", bin.Documents);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("longest", statistics.Longest);
        writer.WriteNumber("distinct_tokens", statistics.DistinctTokens);
        writer.WriteStartArray("most_frequent");
        foreach (TokenCount token in statistics.MostFrequent)
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", token.Id);
            writer.WriteString("text", tokenizer.Decode([token.Id]));
            writer.WriteNumber("count", token.Count);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("samples");
        foreach ((long document, int[] ids) in ShardStatistics.Samples(train, SamplesShown, SampleTokens))
        {
            writer.WriteStartObject();
            writer.WriteNumber("document", document);
            WriteTokens(writer, ids, tokenizer);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static int[] First(TokenDataset data)
    {
        int[] first = new int[Math.Min(TokensShown, data.Count)];
        data.Read(0, first);
        return first;
    }

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Shows a single shard, ours or llm.c's. Decodes it if its tokenizer is in the same directory.</summary>
    public static void ShowShard(string path, bool json, Terminal terminal)
    {
        using TokenShard shard = TokenShard.Open(path);
        int[] first = new int[Math.Min(TokensShown, shard.Count)];
        shard.Read(0, first);
        Tokenizer? tokenizer = TokenizerBeside(path);
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteString("kind", "shard");
                writer.WriteNumber("version", shard.Version);
                writer.WriteNumber("tokens", shard.Count);
                writer.WriteNumber("id_bytes", shard.BytesPerToken);
                WriteTokens(writer, first, tokenizer);
            });
            return;
        }

        terminal.Out.WriteLine(Invariant($"token shard, version {shard.Version}: {shard.Count:N0} tokens of {shard.BytesPerToken} bytes"));
        PrintTokens(terminal, first, tokenizer);
    }

    private static Tokenizer? TokenizerBeside(string shard)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(shard))!;
        if (!IsDirectory(directory))
            return null;
        using TokenDataset train = TokenDataset.Open(directory, TokenDataset.Train);
        return train.LoadTokenizer();
    }

    private static void PrintTokens(Terminal terminal, int[] ids, Tokenizer? tokenizer)
    {
        terminal.Out.WriteLine($"begins     {string.Join(' ', ids)}");
        if (tokenizer is not null)
            terminal.Out.WriteLine($"           {Quoted(tokenizer.Decode(ids))}");
    }

    private static void WriteTokens(Utf8JsonWriter writer, int[] ids, Tokenizer? tokenizer)
    {
        writer.WriteStartArray("first_ids");
        foreach (int id in ids)
            writer.WriteNumberValue(id);
        writer.WriteEndArray();
        if (tokenizer is not null)
            writer.WriteString("first_text", tokenizer.Decode(ids));
    }
}
