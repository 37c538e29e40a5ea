using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.Data;
using Foreword.Tokenization;

namespace Foreword.Cli;

/// <summary>What <c>inspect</c> tells about token shards.</summary>
internal static class ShardInspection
{
    private const int TokensShown = 32;

    public static bool IsDirectory(string path) => File.Exists(Path.Combine(path, ShardManifest.FileName));

    public static bool IsShard(string path) => path.EndsWith(".bin", StringComparison.OrdinalIgnoreCase) && File.Exists(path);

    /// <summary>Counts of a prepared directory, after every split has been opened and checked against the manifest.</summary>
    public static void ShowDirectory(string directory, bool json, Terminal terminal)
    {
        ShardManifest manifest = ShardManifest.Load(directory);
        foreach (string split in manifest.Splits.Keys)
            TokenDataset.Open(directory, split).Dispose();
        using TokenDataset train = TokenDataset.Open(directory, TokenDataset.Train);
        int[] first = new int[Math.Min(TokensShown, train.Count)];
        train.Read(0, first);
        Tokenizer tokenizer = train.LoadTokenizer();
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteString("kind", "shards");
                SplitTable.Write(writer, manifest);
                writer.WriteStartArray("inputs");
                foreach (string input in manifest.Inputs)
                    writer.WriteStringValue(input);
                writer.WriteEndArray();
                WriteTokens(writer, first, tokenizer);
            });
            return;
        }

        terminal.Out.Write(SplitTable.Of(manifest));
        terminal.Out.WriteLine($"tokenizer  {manifest.Tokenizer.VocabularySize} ids, fingerprint {manifest.Tokenizer.Fingerprint}");
        terminal.Out.WriteLine(manifest.Validation.Divides == "nothing"
            ? "validation nothing held out"
            : string.Create(CultureInfo.InvariantCulture, $"validation {manifest.Validation.Share} of the {manifest.Validation.Divides}, seed {manifest.Validation.Seed}"));
        terminal.Out.WriteLine($"inputs     {string.Join(", ", manifest.Inputs)}");
        PrintTokens(terminal, first, tokenizer);
    }

    /// <summary>A single shard, ours or llm.c's; decoded where it lies beside its tokenizer.</summary>
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

        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"token shard, version {shard.Version}: {shard.Count:N0} tokens of {shard.BytesPerToken} bytes"));
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
            terminal.Out.WriteLine($"           {JsonEncodedText.Encode(tokenizer.Decode(ids), JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}");
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
