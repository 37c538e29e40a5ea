using Foreword.IO;
using Foreword.Models;
using Foreword.Weights.HuggingFace;

namespace Foreword.Weights.PyTorch;

/// <summary>
/// Reads a directory that an older version of <c>transformers</c> wrote. It holds <c>config.json</c> and either <c>pytorch_model.bin</c> or several
/// files that <c>pytorch_model.bin.index.json</c> lists.
/// </summary>
internal sealed class PyTorchFormat : WeightsFormat
{
    private const string FileName = "pytorch_model.bin";
    private const string IndexName = FileName + ".index.json";

    public override string Name => "pytorch";

    public override string Files => $"{HuggingFaceConfig.FileName} + {FileName} (or {IndexName})";

    public override bool IsAt(string path) => File.Exists(Path.Combine(path, HuggingFaceConfig.FileName))
        && (File.Exists(Path.Combine(path, FileName)) || File.Exists(Path.Combine(path, IndexName)));

    protected override (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
    {
        ModelConfig config = HuggingFaceConfig.Read(path);
        string single = Path.Combine(path, FileName);
        return File.Exists(single)
            ? HuggingFaceNameMap.Match(single, PyTorchFile.Read(files.Map(single)), config)
            : HuggingFaceNameMap.Match(path, ShardIndex.Read(Path.Combine(path, IndexName)).Tensors(shard => PyTorchFile.Read(files.Map(shard))), config);
    }
}
