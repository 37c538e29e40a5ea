namespace Foreword.Weights;

/// <summary>
/// A directory as <c>transformers</c> writes it: <c>config.json</c> and <c>model.safetensors</c>, or several files that
/// <c>model.safetensors.index.json</c> lists.
/// </summary>
internal sealed class SafetensorsFormat : WeightsFormat
{
    public const string FileName = "model.safetensors";
    private const string IndexName = FileName + ".index.json";

    public override string Name => "hf";

    public override string Files => $"{HuggingFaceConfig.FileName} + {FileName} (or {IndexName})";

    public override bool IsAt(string path) => File.Exists(Path.Combine(path, HuggingFaceConfig.FileName))
        && (File.Exists(Path.Combine(path, FileName)) || File.Exists(Path.Combine(path, IndexName)));

    internal override (GptConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
    {
        GptConfig config = HuggingFaceConfig.Read(path);
        string single = Path.Combine(path, FileName);
        return File.Exists(single)
            ? (config, HuggingFaceNameMap.Match(single, [.. files.Keep(SafetensorsFile.Open(single)).Stored()], config))
            : (config, HuggingFaceNameMap.Match(path, ShardIndex.Read(Path.Combine(path, IndexName)).Tensors(shard => files.Keep(SafetensorsFile.Open(shard)).Stored()), config));
    }
}
