using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;

namespace Foreword.Tests.Tokenization.Catalog;

/// <summary>
/// Compares parts of tokenizer.json with Hugging Face's tokenizers 0.23.2 (Rust, in its package for Node), which returned the ids for the texts with
/// <c>addSpecialTokens</c>. The parts are added tokens with all their switches, normalizers, pre-tokenizers and templates. The references are in
/// golden/tokenizers/huggingface.jsonl.
/// </summary>
public sealed class HuggingFaceReferenceTests : IDisposable
{
    private static readonly Lazy<Dictionary<string, JsonObject>> Bases = new(() => new()
    {
        ["gpt2"] = BaseOf("gpt2-vocab"),
        ["gpt1"] = BaseOf("gpt1-vocab"),
        ["bert"] = BaseOf("bert-chinese-vocab"),
    });

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public static TheoryData<int> Lines => [.. Enumerable.Range(0, Reference().Length)];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Lines))]
    public void TextsHaveTheirIds(int line)
    {
        JsonObject reference = JsonNode.Parse(Reference()[line])!.AsObject();
        Tokenizer tokenizer = Load(reference);
        foreach (JsonNode? entry in reference["cases"]!.AsArray())
        {
            string text = (string)entry!["text"]!;
            int[] wanted = [.. entry["ids"]!.AsArray().Select(id => (int)id!)];
            Assert.True(wanted.AsSpan().SequenceEqual(tokenizer.EncodeWithTemplate(text, allowSpecial: true)),
                $"'{text}': wanted {string.Join(' ', wanted)}, got {string.Join(' ', tokenizer.EncodeWithTemplate(text, allowSpecial: true))}; {reference["parts"]!.ToJsonString()}");
        }
    }

    /// <summary>Saves with tokenizer.json and, if the other files can express the tokenizer, without it.</summary>
    [Theory]
    [MemberData(nameof(Lines))]
    public void ASavedTokenizerIsTheSame(int line)
    {
        JsonObject reference = JsonNode.Parse(Reference()[line])!.AsObject();
        Tokenizer tokenizer = Load(reference);
        string saved = Directory.CreateDirectory(_directory.File("saved")).FullName;
        tokenizer.Save(saved);
        Assert.Equal(tokenizer.Fingerprint, TokenizerFiles.Load(saved).Fingerprint);
        if (tokenizer is ByteLevelBpe { Text.IsGpt2: false } || tokenizer.TemplateEnd.Count > 0)
            return;
        File.Delete(Path.Combine(saved, "tokenizer.json"));
        Tokenizer again = TokenizerFiles.Load(saved);
        Assert.Equal(tokenizer.Fingerprint, again.Fingerprint);
        foreach (JsonNode? entry in reference["cases"]!.AsArray())
            Assert.Equal(tokenizer.EncodeWithTemplate((string)entry!["text"]!, allowSpecial: true), again.EncodeWithTemplate((string)entry["text"]!, allowSpecial: true));
    }

    private static string[] Reference() => File.ReadAllLines(Fixtures.Path("golden/tokenizers/huggingface.jsonl"));

    private Tokenizer Load(JsonObject reference)
    {
        JsonObject whole = Bases.Value[(string)reference["kind"]!].DeepClone().AsObject();
        foreach ((string part, JsonNode? value) in reference["parts"]!.AsObject())
            whole[part] = value?.DeepClone();
        string directory = Directory.CreateDirectory(_directory.File("read")).FullName;
        File.WriteAllText(Path.Combine(directory, "tokenizer.json"), whole.ToJsonString(new JsonSerializerOptions { WriteIndented = false }));
        return TokenizerFiles.Load(directory);
    }

    private static JsonObject BaseOf(string vocabulary)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        TokenizerFiles.Load(Fixtures.Path(vocabulary)).Save(directory.Path);
        return JsonNode.Parse(File.ReadAllText(directory.File("tokenizer.json")))!.AsObject();
    }
}
