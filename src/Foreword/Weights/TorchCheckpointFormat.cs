namespace Foreword.Weights;

/// <summary>
/// A file that a training script wrote with <c>torch.save</c>, such as nanoGPT's <c>ckpt.pt</c>: the model alone, or under <c>model</c>,
/// <c>state_dict</c> or <c>model_state_dict</c> beside the optimizer. Its <c>config.json</c> lies beside it.
/// </summary>
internal sealed class TorchCheckpointFormat : WeightsFormat
{
    /// <summary>Names that scripts give the file; a path may name a file of any name with <see cref="Extensions"/>.</summary>
    private static readonly string[] FileNames = ["ckpt.pt", "model.pt", "model.pth", "pytorch_model.pt"];

    private static readonly string[] Extensions = [".pt", ".pth", ".ckpt"];

    public override string Name => "torch";

    public override string Files => $"{HuggingFaceConfig.FileName} + {FileNames[0]} (or another {Extensions[0]} file)";

    public override bool IsAt(string path) => FileAt(path) is not null;

    internal override (GptConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
    {
        string file = FileAt(path)!, directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        if (!File.Exists(Path.Combine(directory, HuggingFaceConfig.FileName)))
            throw new InvalidDataException($"{file}: there is no {HuggingFaceConfig.FileName} beside it, which has the model's sizes");
        return HuggingFaceNameMap.Match(file, PyTorchFile.Read(files.Map(file)), HuggingFaceConfig.Read(directory));
    }

    private static string? FileAt(string path)
    {
        if (File.Exists(path))
            return Extensions.Contains(Path.GetExtension(path)) && (FirstBytes.Are(path, "PK"u8) || FirstBytes.Are(path, [0x80])) ? path : null;
        return FileNames.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists);
    }
}
