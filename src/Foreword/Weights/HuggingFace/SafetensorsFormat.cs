using System.Text.Json;
using Foreword.IO;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// Reads and writes a directory in the form of <c>transformers</c>. It holds <c>config.json</c> and either <c>model.safetensors</c> or several files
/// that <c>model.safetensors.index.json</c> lists.
/// </summary>
internal sealed class SafetensorsFormat : WeightsFormat
{
    public const string FileName = "model.safetensors";
    private const string IndexName = FileName + ".index.json";

    public override string Name => "hf";

    public override string Files => $"{HuggingFaceConfig.FileName} + {FileName} (or {IndexName})";

    public override IReadOnlyList<string> WrittenTypes => ["f32", "f16", "bf16"];

    public override bool IsAt(string path) => File.Exists(Path.Combine(path, HuggingFaceConfig.FileName))
        && (File.Exists(Path.Combine(path, FileName)) || File.Exists(Path.Combine(path, IndexName)));

    public override void Write(ModelWeights model, Tokenizer? tokenizer, string type, string target)
    {
        if (!TensorDTypes.TryParse(type.ToUpperInvariant(), out TensorDType dtype))
            throw new ArgumentException($"{type} is not an element type", nameof(type));
        TextEnds ends = (tokenizer is null ? TextEnds.Read(model.Path) : TextEnds.FromTokenizer(tokenizer)).Within(model.Config.VocabSize); // without a tokenizer, the ids that the source model declares
        HuggingFaceConfig.Write(target, model.Config, ends, dtype);
        WriteGenerationConfig(Path.Combine(target, TextEnds.GenerationConfig), ends);
        tokenizer?.Save(target);
        SafetensorsWriter writer = new();
        foreach (WeightTensor tensor in model.Tensors)
            writer.Add(HuggingFaceNameMap.FileName(tensor.Name, model.Config.Architecture), dtype, tensor.Shape, stream => TensorBytes.Write(tensor, dtype, stream));
        writer.Save(Path.Combine(target, FileName));
    }

    /// <summary>
    /// Writes generation_config.json with the content that transformers would derive from config.json. Without this file, transformers prints a
    /// warning.
    /// </summary>
    private static void WriteGenerationConfig(string path, TextEnds ends) => DurableFile.Replace(path, stream =>
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteBoolean("_from_model_config", true);
        ends.Write(json);
        json.WriteEndObject();
    });

    protected override (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
    {
        ModelConfig config = HuggingFaceConfig.Read(path);
        string single = Path.Combine(path, FileName);
        return File.Exists(single)
            ? HuggingFaceNameMap.Match(single, [.. files.Keep(SafetensorsFile.Open(single)).Stored()], config)
            : HuggingFaceNameMap.Match(path, ShardIndex.Read(Path.Combine(path, IndexName)).Tensors(shard => files.Keep(SafetensorsFile.Open(shard)).Stored()), config);
    }
}
