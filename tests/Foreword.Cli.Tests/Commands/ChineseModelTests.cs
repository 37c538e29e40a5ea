using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Cli.Tests.Commands;

/// <summary>
/// Uses a tiny model in the layout of uer/gpt2-chinese-cluecorpussmall: config.json, pytorch_model.bin, vocab.txt with BERT's 21,128 entries,
/// tokenizer_config.json and special_tokens_map.json, with the names and fields of transformers 3. The weights are random.
/// </summary>
public sealed class ChineseModelTests : IDisposable
{
    private const int Cls = 101, Sep = 102, Context = 64;

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly string _model;

    public ChineseModelTests()
    {
        _model = _directory.File("gpt2-chinese-cluecorpussmall");
        Directory.CreateDirectory(_model);
        File.Copy(Fixtures.Path("bert-chinese-vocab/vocab.txt"), Path.Combine(_model, "vocab.txt"));
        Write("config.json", """
            {
              "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "embd_pdrop": 0.1, "gradient_checkpointing": false,
              "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 64, "n_embd": 16, "n_head": 2, "n_inner": null,
              "n_layer": 2, "n_positions": 64, "output_past": true, "resid_pdrop": 0.1,
              "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 320}}, "tokenizer_class": "BertTokenizer", "vocab_size": 21128
            }
            """);
        Write("tokenizer_config.json", """
            {"do_lower_case": false, "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]", "tokenize_chinese_chars": true, "strip_accents": null, "model_max_length": 1024}
            """);
        Write("special_tokens_map.json", """{"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}""");
        WriteWeights(Path.Combine(_model, "pytorch_model.bin"));
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AnEvaluationSaysWhatTheTokenizerDoesNotKnow()
    {
        Cli unknown = Cli.Run("evaluate", _model, "--tasks", _directory.Write("u.txt", "天😀地\n")), known = Cli.Run("evaluate", _model, "--tasks", _directory.Write("k.txt", "天地\n"));
        Assert.True(unknown.ExitCode == 0, unknown.Err);
        Assert.Contains("warning: u.txt: 1 of 3 tokens (33.3 %) are [UNK]", unknown.Err.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.DoesNotContain("[UNK]", known.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void APromptBeginsWithClsAndATextEndsWithSep()
    {
        Tokenizer tokenizer = ModelDirectory.LoadTokenizer(_model);
        Assert.Equal((Sep, Cls, 21_128, 100), (tokenizer.EndOfTextId!.Value, tokenizer.StartOfTextId!.Value, tokenizer.VocabSize, tokenizer.UnknownId!.Value));
        using FakeModel model = new(tokenizer.VocabSize, Context, _ => FakeModel.Certain(tokenizer.VocabSize, Sep));
        TextGenerator generator = new(model, tokenizer);
        Assert.Equal([Cls, .. tokenizer.Encode("梅山如积翠，")], generator.PromptIds("梅山如积翠，", new SamplingOptions()));
        Assert.Equal([Cls, .. tokenizer.Encode("梅")], generator.PromptIds("[CLS]梅", new SamplingOptions { AllowSpecial = true })); // as their pages write it
        Assert.Equal([Cls], generator.PromptIds("", new SamplingOptions()));

        string[] arguments = ["generate", _model, "--max-tokens", "12", "--seed", "5", "--json", "--prompt"];
        string text = Cli.Run([.. arguments, "梅山"]).Out;
        Assert.Equal(Completion(text), Completion(Cli.Run([.. arguments, "[CLS]梅山", "--allow-special"]).Out));
        Cli plain = Cli.Run([.. arguments, "[CLS]梅山"]);
        Assert.NotEqual(Completion(text), Completion(plain.Out));
        Assert.Contains("[CLS] in the prompt is plain text; --allow-special makes it that token\n", plain.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("plain text", Cli.Run([.. arguments, "梅山"]).Err, StringComparison.Ordinal);
    }

    [Fact]
    public void BothEnginesWriteEightDifferentTextsInOneBatchWithoutUnk()
    {
        string[] arguments = ["generate", _model, "--prompt", "春", "--n", "8", "--max-tokens", "20", "--logit-bias", "100=60", "--json", "--engine"];
        Cli cpu = Cli.Run([.. arguments, "cpu"]), torch = Cli.Run([.. arguments, "torch"]);
        Assert.True(cpu.ExitCode == 0, cpu.Err);
        Assert.True(torch.ExitCode == 0, torch.Err);
        JsonElement[] texts = [.. JsonDocument.Parse(cpu.Out).RootElement.GetProperty("completions").EnumerateArray()];
        Assert.Equal(8, texts.Select(text => text.GetProperty("text").GetString()).Distinct().Count());
        Assert.All(texts, text => Assert.DoesNotContain(100, text.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())));
        Assert.Contains("\"ids\":[100,100", Cli.Run([.. arguments, "cpu", "--allow-unknown"]).Out, StringComparison.Ordinal);
    }

    /// <summary>In GPT2-Chinese's articles, [SEP] is a line break and [CLS] is the end.</summary>
    [Fact]
    public void AnArticleEndsAtTheTokenThatIsGiven()
    {
        string[] arguments = ["generate", _model, "--prompt", "春", "--max-tokens", "3", "--temperature", "0", "--json", "--logit-bias"];
        Assert.Contains("\"text\":\"\",\"ids\":[],\"finish_reason\":\"stop\"", Cli.Run([.. arguments, $"{Sep}=100"]).Out, StringComparison.Ordinal);
        Assert.Contains($"\"text\":\"\\n\\n\\n\",\"ids\":[{Sep},{Sep},{Sep}],\"finish_reason\":\"length\"", Cli.Run([.. arguments, $"{Sep}=100", "--end-token", "[CLS]"]).Out, StringComparison.Ordinal);
        Assert.Contains("\"text\":\"\",\"ids\":[],\"finish_reason\":\"stop\"", Cli.Run([.. arguments, $"{Cls}=100", "--end-token", "[CLS]"]).Out, StringComparison.Ordinal);
        Cli refused = Cli.Run([.. arguments, "1=1", "--end-token", "[EOS]"]);
        Assert.Equal((1, ""), (refused.ExitCode, refused.Out));
        Assert.Contains("--end-token '[EOS]' is not a special token of the model's tokenizer, which has [PAD], [UNK], [CLS], [SEP], [MASK]", refused.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void ItAnswersInAChat()
    {
        string template = _directory.Write("chat.yaml", "start: \"[CLS]\"\nuser: {suffix: \"[SEP]\"}\nassistant: {suffix: \"[SEP]\"}\n");
        Cli chat = Cli.RunWithInput("你好\n再见\n/exit\n", "chat", _model, "--template", template, "--max-tokens", "8");
        Assert.True(chat.ExitCode == 0, chat.Err);
        Assert.DoesNotContain("[", chat.Out, StringComparison.Ordinal);
        Assert.Matches(@"\p{L}", chat.Out);
    }

    [Fact]
    public void ItIsTrainedOnExportedAndReadBack()
    {
        string poems = _directory.Write("poems.txt", string.Concat(Enumerable.Repeat("床前明月光，疑是地上霜。\n\n举头望明月，低头思故乡。\n\n", 30)));
        string recipe = _directory.Write("poems.yaml", $$"""
            model: {path: {{_model}}}
            data: {text: [{{poems}}], document: blank-line, validation: 0.1}
            train: {steps: 1, batch_size: 2, sequence_length: 32, lr: 1e-3, warmup_steps: 0, schedule: constant, log_every: 1, threads: 1}
            """);
        string run = _directory.File("run"), exported = _directory.File("exported");
        Cli trained = Cli.Run("pretrain", recipe, "--out", run, "--json");
        Assert.True(trained.ExitCode == 0, trained.Err);
        Cli converted = Cli.Run("convert", run, exported, "--format", "hf");
        Assert.True(converted.ExitCode == 0, converted.Err);
        Assert.True(File.Exists(Path.Combine(exported, "vocab.txt")));
        using JsonDocument tokenizer = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(exported, "tokenizer_config.json")));
        Assert.Equal("BertTokenizer", tokenizer.RootElement.GetProperty("tokenizer_class").GetString());
        Assert.False(tokenizer.RootElement.GetProperty("do_lower_case").GetBoolean());

        Tokenizer before = ModelDirectory.LoadTokenizer(_model), after = ModelDirectory.LoadTokenizer(exported);
        Assert.Equal((before.Fingerprint, before.StartOfTextId, before.EndOfTextId), (after.Fingerprint, after.StartOfTextId, after.EndOfTextId));
        Assert.Equal([Cls, .. before.Encode("明月"), Sep], after.EncodeWithTemplate("明月"));
        string[] arguments = ["--prompt", "床前", "--max-tokens", "10", "--temperature", "0", "--json"];
        Assert.Equal(Completion(Cli.Run(["generate", run, .. arguments]).Out), Completion(Cli.Run(["generate", exported, .. arguments]).Out));
    }

    private static string Completion(string json) => JsonDocument.Parse(json).RootElement.GetProperty("completions").GetRawText();

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_model, name), text);

    /// <summary>
    /// Writes the zip archive of torch.save: a pickle of protocol 2 with an OrderedDict of tensors, and their elements in files of their own. As in
    /// transformers 3, the buffers of attention and the tied output layer are there, too.
    /// </summary>
    private static void WriteWeights(string path)
    {
        GptConfig config = new() { NLayer = 2, NHead = 2, NEmbd = 16, ContextLength = Context, VocabSize = 21_128 };
        Random random = new(3);
        List<(string Name, string Type, long[] Shape, byte[] Bytes, int Storage)> tensors = [];
        foreach (GptParameter parameter in GptParameter.Of(config))
        {
            bool isNorm = parameter.Name.Contains("ln_", StringComparison.Ordinal), isWeight = parameter.Name.EndsWith("weight", StringComparison.Ordinal);
            float[] values = [.. Enumerable.Range(0, (int)parameter.Shape.Aggregate(1L, (product, size) => product * size)).Select(_ => isNorm ? (isWeight ? 1f : 0f) : random.NextSingle() - 0.5f)];
            Add(HuggingFaceNameMap.FileName(parameter.Name, config.Architecture), "Float", [.. parameter.Shape], MemoryMarshal.AsBytes<float>(values).ToArray());
        }

        string prefix = tensors[0].Name.StartsWith("transformer.", StringComparison.Ordinal) ? "" : "transformer.";
        tensors = [.. tensors.Select(tensor => tensor with { Name = prefix + tensor.Name })];
        for (int block = 0; block < config.NLayer; block++)
        {
            byte[] causal = [.. from row in Enumerable.Range(0, Context) from column in Enumerable.Range(0, Context) select (byte)(column <= row ? 1 : 0)];
            Add($"transformer.h.{block}.attn.bias", "Byte", [1, 1, Context, Context], causal);
            Add($"transformer.h.{block}.attn.masked_bias", "Float", [], BitConverter.GetBytes(-1e4f));
        }

        tensors.Add(tensors.Single(tensor => tensor.Name == "transformer.wte.weight") with { Name = "lm_head.weight" });
        StringBuilder pickle = new("\u0080\u0002ccollections\nOrderedDict\n)R(");
        foreach ((string name, string type, long[] shape, byte[] bytes, int storage) in tensors)
        {
            long[] strides = [.. shape.Select((_, i) => shape[(i + 1)..].Aggregate(1L, (product, size) => product * size))];
            pickle.Append(CultureInfo.InvariantCulture, $"{Text(name)}ctorch._utils\n_rebuild_tensor_v2\n(({Text("storage")}ctorch\n{type}Storage\n{Text($"{storage}")}{Text("cpu")}{Number(bytes.Length / (type == "Byte" ? 1 : 4))}tQ")
                .Append(CultureInfo.InvariantCulture, $"{Number(0)}({string.Concat(shape.Select(Number))}t({string.Concat(strides.Select(Number))}t\u0089ccollections\nOrderedDict\n)RtR");
        }

        pickle.Append("u.");
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        Entry("data.pkl", Encoding.Latin1.GetBytes(pickle.ToString()));
        foreach ((_, _, _, byte[] bytes, int storage) in tensors.DistinctBy(tensor => tensor.Storage))
            Entry($"data/{storage}", bytes);
        Entry("version", "3\n"u8.ToArray());

        void Add(string name, string type, long[] shape, byte[] bytes) => tensors.Add((name, type, shape, bytes, tensors.Count));

        void Entry(string name, byte[] content)
        {
            using Stream entry = archive.CreateEntry($"archive/{name}", CompressionLevel.NoCompression).Open();
            entry.Write(content);
        }

        static string Text(string text) => "X" + Encoding.Latin1.GetString(BitConverter.GetBytes(text.Length)) + text;

        static string Number(long number) => "J" + Encoding.Latin1.GetString(BitConverter.GetBytes((int)number));
    }
}
