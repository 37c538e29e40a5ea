using Foreword.IO;
using Foreword.Models;
using Foreword.Weights.HuggingFace;

namespace Foreword.Weights.PyTorch;

/// <summary>
/// Reads a file that a training script wrote with <c>torch.save</c>, such as nanoGPT's <c>ckpt.pt</c>. The file holds the model alone, or the model
/// under <c>model</c>, <c>state_dict</c> or <c>model_state_dict</c> together with the optimizer.
/// </summary>
/// <remarks>
/// The sizes are read from the <c>config.json</c> in the same directory or from nanoGPT's <c>model_args</c>. nanoGPT computes GELU with erf. A
/// nanoGPT model without biases (<c>bias=False</c>) is read with biases of 0.
/// </remarks>
internal sealed class TorchCheckpointFormat : WeightsFormat
{
    /// <summary>
    /// The names that scripts give the file. A path can also name the file itself, which can then have any name with one of the
    /// <see cref="Extensions"/>.
    /// </summary>
    private static readonly string[] FileNames = ["ckpt.pt", "model.pt", "model.pth", "pytorch_model.pt"];

    private const string Arguments = "model_args";

    private static readonly string[] Extensions = [".pt", ".pth", ".ckpt"];

    public override string Name => "torch";

    public override string Files => $"nanoGPT's {FileNames[0]}, or {HuggingFaceConfig.FileName} + a {Extensions[0]} file";

    public override bool IsAt(string path) => FileAt(path) is not null;

    protected override (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
    {
        string file = FileAt(path)!, directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        IReadOnlyList<StoredTensor> tensors = PyTorchFile.Read(files.Map(file), out IReadOnlyDictionary<object, object?> whole);
        if (File.Exists(Path.Combine(directory, HuggingFaceConfig.FileName)))
            return HuggingFaceNameMap.Match(file, tensors, HuggingFaceConfig.Read(directory));
        if (!whole.TryGetValue(Arguments, out object? entry) || entry is not Dictionary<object, object?> arguments)
            throw new InvalidDataException($"{file}: its sizes are unknown: it has no '{Arguments}' as nanoGPT's files do, and there is no {HuggingFaceConfig.FileName} beside it");
        GptConfig config = Validated(file, Config(file, arguments));
        ParameterMatch.CheckLayers(file, config, tensors.Count);
        bool hasBiases = arguments.GetValueOrDefault("bias") is not false;
        return HuggingFaceNameMap.Match(file, hasBiases ? tensors : [.. tensors, .. Biases(config)], config);
    }

    /// <summary>Returns the architecture that nanoGPT's GPTConfig (model.py) describes, with nanoGPT's GELU and LayerNorm.</summary>
    private static GptConfig Config(string file, Dictionary<object, object?> arguments)
    {
        double dropout = arguments.GetValueOrDefault("dropout") switch { double rate => rate, long rate => rate, _ => 0 };
        return new GptConfig
        {
            NLayer = Size("n_layer"),
            NHead = Size("n_head"),
            NEmbd = Size("n_embd"),
            ContextLength = Size("block_size"),
            VocabSize = Size("vocab_size"),
            EmbdDropout = dropout,
            AttnDropout = dropout,
            ResidDropout = dropout,
            Activation = Activation.Gelu,
        };

        int Size(string name) => arguments.GetValueOrDefault(name) is long value and >= 0 and <= int.MaxValue
            ? (int)value
            : throw new InvalidDataException($"{file}: {Arguments} has no whole number '{name}'");
    }

    /// <summary>Returns biases of 0 for a model without biases, including those of the LayerNorms.</summary>
    private static IEnumerable<StoredTensor> Biases(GptConfig config) =>
        GptParameter.Of(config).Where(parameter => parameter.Name.EndsWith(".bias", StringComparison.Ordinal)).Select(parameter => StoredTensor.Zeros(parameter.Name, parameter.Shape));

    private static string? FileAt(string path)
    {
        if (File.Exists(path))
            return Extensions.Contains(Path.GetExtension(path)) && (FirstBytes.Are(path, "PK"u8) || FirstBytes.Are(path, [0x80])) ? path : null;
        return FileNames.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists);
    }
}
