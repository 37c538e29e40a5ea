using System.Globalization;
using System.Runtime.InteropServices;
using Foreword.Torch.Kernels;
using Foreword.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>Reads and writes the weights of a Hugging Face model directory, from and to a <see cref="GptModel"/>.</summary>
public static class ModelFiles
{
    /// <summary>The weights' file in a model directory.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>The model of a directory with <c>config.json</c> and <c>model.safetensors</c>.</summary>
    /// <param name="directory">A model directory or a checkpoint.</param>
    /// <param name="precision">Number format of the products.</param>
    /// <param name="device">Where the model is to lie.</param>
    /// <exception cref="InvalidDataException">A file is broken, or tensors are missing, too many or misshapen; all are named.</exception>
    public static GptModel Load(string directory, Precision precision, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        GptConfig config = HuggingFaceConfig.Read(directory);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(directory, WeightsFile));
        IReadOnlyDictionary<string, string> names = HuggingFaceNameMap.CheckTensors(file, config); // before memory is spent on the model
        GptModel model = new(config, precision: precision);
        CopyInto(model, file, names);
        model.to(device);
        return model;
    }

    /// <summary>
    /// Copies a model directory's weights into a model of the same shape whose vocabulary may be larger: the rows of the further
    /// ids, and whatever is not transferred, keep their values.
    /// </summary>
    /// <param name="directory">A model directory or a checkpoint.</param>
    /// <param name="model">The model that takes them.</param>
    /// <param name="blocks">Transfers the embeddings and so many blocks from the bottom (GPT-1 paper, section 5); all and <c>ln_f</c> where not less than the model has.</param>
    /// <exception cref="InvalidDataException">A file is broken, or its tensors do not fit its configuration.</exception>
    internal static void Transfer(string directory, GptModel model, int blocks)
    {
        using var noGradient = no_grad();
        GptConfig config = HuggingFaceConfig.Read(directory);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(directory, WeightsFile));
        foreach (var (name, fileName) in HuggingFaceNameMap.CheckTensors(file, config))
        {
            bool isTransferred = name.Split('.') is ["h", var layer, ..] ? int.Parse(layer, CultureInfo.InvariantCulture) < blocks
                : blocks >= config.NLayer || !name.StartsWith("ln_f", StringComparison.Ordinal);
            if (!isTransferred)
                continue;
            using var scope = NewDisposeScope();
            Tensor parameter = model.get_parameter(name)!;
            Copy(file, fileName, name == HuggingFaceNameMap.TokenEmbedding ? parameter.narrow(0, 0, config.VocabSize) : parameter);
        }
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c> (float32) into an existing directory, adapters merged into the weights.</summary>
    public static void Save(GptModel model, string directory, int? endOfTextId)
    {
        ArgumentNullException.ThrowIfNull(model);
        HuggingFaceConfig.Write(directory, model.Config, endOfTextId);
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in HuggingFaceNameMap.Parameters(model.Config))
            Add(writer, parameter.FileName, parameter.Shape, () => model.Merged(parameter.Name));
        writer.Save(Path.Combine(directory, WeightsFile));
    }

    /// <summary>Copies a file's tensors over the model's parameters; shapes are checked.</summary>
    internal static void CopyInto(GptModel model, string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        CopyInto(model, file, HuggingFaceNameMap.CheckTensors(file, model.Config));
    }

    /// <summary>Adds a tensor to a file; its bytes are fetched when the file is written.</summary>
    internal static void Add(SafetensorsWriter writer, string name, Tensor values) => Add(writer, name, values.shape, values.detach);

    private static void Add(SafetensorsWriter writer, string name, long[] shape, Func<Tensor> values) => writer.Add(name, TensorDType.F32, shape, stream =>
    {
        using var scope = NewDisposeScope();
        stream.Write(TensorMemory.Bytes(values().cpu().contiguous()));
    });

    /// <summary>Overwrites a float32 tensor with the file's tensor of that name, which must have its shape.</summary>
    internal static void Copy(SafetensorsFile file, string name, Tensor destination)
    {
        if (!file.Tensors.TryGetValue(name, out TensorInfo? info))
            throw new InvalidDataException($"{file.Path}: tensor '{name}' is missing");
        if (!info.Shape.AsSpan().SequenceEqual(destination.shape))
            throw new InvalidDataException($"{file.Path}: tensor '{name}' has the shape {info.ShapeText}; expected {TensorInfo.Format(destination.shape)}");
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor values = empty(destination.shape, ScalarType.Float32);
        file.CopyTo(name, MemoryMarshal.Cast<byte, float>(TensorMemory.Bytes(values)));
        destination.copy_(values);
    }

    private static void CopyInto(GptModel model, SafetensorsFile file, IReadOnlyDictionary<string, string> names)
    {
        foreach (var (name, parameter) in model.named_parameters())
            Copy(file, names[name], parameter);
    }
}
