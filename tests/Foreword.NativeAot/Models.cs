using Foreword.Cpu;
using Foreword.Cpu.Quantized;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.Quantized;

namespace Foreword.NativeAot;

/// <summary>Reads models in every format, with every type of weights. Writes every format that can be written, and quantized models.</summary>
internal static class Models
{
    private static readonly string[] Given =
    [
        "golden/gpt2-tiny", "golden/gpt1-tiny", "golden/gpt2-untied", "golden/gpt1-untied", "formats/pytorch-zip", "formats/pytorch-legacy", "formats/pytorch-sharded",
        "formats/pytorch-untied", "formats/openai-gpt1", "formats/openai-gpt2", "formats/llm.c/gpt2_tiny.bin", "formats/llm.c/gpt2_tiny_bf16.bin",
    ];

    public static void Run(Report report)
    {
        foreach (string model in Given)
        {
            foreach (WeightType type in Enum.GetValues<WeightType>())
                SayLogits(report, $"{model} as {type}", report.Fixture(model), type);
        }

        Tokenizer tokenizer = new BpeTrainer { VocabSize = 297 }.Train([File.ReadAllText(report.Fixture("golden/tokenizers/bpe-train-corpus.txt"))]);
        foreach ((string name, WeightsFormat format) in WeightsCatalog.All.SelectMany(format => (IEnumerable<(string, WeightsFormat)>)[("golden/gpt2-tiny", format), ("golden/gpt1-tiny", format)]))
        {
            foreach (string type in format.WrittenTypes)
                Convert(report, name, format, type, tokenizer);
        }

        foreach (WeightType type in (WeightType[])[WeightType.Int8, WeightType.Int4])
        {
            string directory = report.NewDirectory($"quantized-{type}");
            using (ModelWeights weights = WeightsCatalog.Open(report.Fixture("golden/gpt2-tiny")))
                QuantizedModel.Write(weights, type, directory, new TextEnds(299, [299]));
            report.SayFiles($"quantized {type}", directory);
            SayLogits(report, $"quantized {type}", directory, null);
            report.SayRefusal($"quantized {type} as bf16", () => CpuLanguageModel.Load(directory, WeightType.Bf16));
            File.WriteAllText(Path.Combine(directory, QuantizedModelFormat.ManifestFile), "{}");
            report.SayRefusal($"quantized {type} without manifest", () => CpuLanguageModel.Load(directory));
        }

        string damaged = report.NewDirectory("damaged");
        foreach (string file in Directory.GetFiles(report.Fixture("golden/gpt2-tiny")))
            File.Copy(file, Path.Combine(damaged, Path.GetFileName(file)));
        File.WriteAllBytes(Path.Combine(damaged, "model.safetensors"), File.ReadAllBytes(report.Fixture("golden/gpt2-tiny/model.safetensors"))[..5000]);
        report.SayRefusal("cut off", () => CpuLanguageModel.Load(damaged));
        File.WriteAllText(Path.Combine(damaged, "config.json"), """{"model_type": "gpt2", "n_layer": "three"}""");
        report.SayRefusal("broken configuration", () => CpuLanguageModel.Load(damaged));
        report.SayRefusal("nothing there", () => CpuLanguageModel.Load(report.Work("nowhere")));
    }

    private static void SayLogits(Report report, string what, string path, WeightType? type)
    {
        try
        {
            using CpuLanguageModel model = CpuLanguageModel.Load(path, type, threads: 2);
            using IDecoder decoder = model.CreateDecoder();
            int[] tokens = [.. Enumerable.Range(0, 20).Select(i => i * 17 % model.Config.VocabSize)];
            report.Say(what, [.. decoder.Append(tokens).ToArray(), .. decoder.Append([4]).ToArray(), .. model.LogProbs([tokens, tokens[..7]]).SelectMany(row => row)]);
        }
        catch (NotSupportedException refusal)
        {
            report.Say(what, refusal.Message);
        }
    }

    private static void Convert(Report report, string name, WeightsFormat format, string type, Tokenizer tokenizer)
    {
        string what = $"{name} as {format.Name} {type}", target = report.Work($"{name.Replace('/', '-')}-{format.Name}-{type}{(format.WritesFile ? $".{format.Name}" : "")}");
        using ModelWeights weights = WeightsCatalog.Open(report.Fixture(name));
        if (!format.WritesFile)
            Directory.CreateDirectory(target);
        try
        {
            format.Write(weights, tokenizer, type, target);
        }
        catch (NotSupportedException refusal)
        {
            report.Say(what, refusal.Message);
            return;
        }

        report.SayFiles(what, target);
        SayLogits(report, what, target, WeightType.F32);
        using ModelWeights written = WeightsCatalog.Open(target);
        if (written.HasTokenizer)
            report.Say($"{what}: tokens", ModelDirectory.LoadTokenizer(written.Path).Encode("a tokenizer of its own"));
    }
}
