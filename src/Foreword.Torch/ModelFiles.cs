using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Foreword.Models;
using Foreword.Torch.Kernels;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>Reads and writes the weights of a Hugging Face model directory, from and to a <see cref="GptModel"/>.</summary>
public static class ModelFiles
{
    /// <summary>The weights' file in a model directory.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>The model that a path names, in any of the formats of <see cref="WeightsFormat"/>.</summary>
    /// <param name="path">A model, a checkpoint or a run directory.</param>
    /// <param name="precision">Number format of the products.</param>
    /// <param name="device">Where the model is to lie.</param>
    /// <exception cref="InvalidDataException">A file is broken, or tensors are missing, too many or misshapen; all are named.</exception>
    public static GptModel Load(string path, Precision precision, Device device)
    {
        using ModelWeights weights = WeightsFormat.Open(path);
        return Load(weights, precision, device);
    }

    /// <summary>The model of opened weights.</summary>
    /// <inheritdoc cref="Load(string, Precision, Device)"/>
    public static GptModel Load(ModelWeights weights, Precision precision, Device device)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(device);
        GptModel model = new(weights.Config, precision: precision);
        try
        {
            foreach (var (name, parameter) in model.named_parameters())
                Copy(weights.Tensor(name), parameter);
            model.to(device);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Copies stored weights into a model of the same shape whose vocabulary may be larger and whose context may be shorter: the rows of
    /// the further ids, and whatever is not transferred, keep their values; further positions are left out.
    /// </summary>
    /// <param name="path">A model, a checkpoint or a run directory.</param>
    /// <param name="model">The model that takes them.</param>
    /// <param name="blocks">Transfers the embeddings and so many blocks from the bottom (GPT-1 paper, section 5); all, <c>ln_f</c> and a separate output layer where not less than the model has.</param>
    /// <exception cref="InvalidDataException">A file is broken, or its tensors do not fit its configuration.</exception>
    internal static void Transfer(string path, GptModel model, int blocks)
    {
        using var noGradient = no_grad();
        using ModelWeights weights = WeightsFormat.Open(path);
        foreach (WeightTensor tensor in weights.Tensors)
        {
            bool isTransferred = tensor.Name.Split('.') is ["h", var layer, ..] ? int.Parse(layer, CultureInfo.InvariantCulture) < blocks
                : blocks >= weights.Config.NLayer || tensor.Name is GptParameter.TokenEmbedding or GptParameter.PositionEmbedding;
            if (!isTransferred)
                continue;
            using var scope = NewDisposeScope();
            Tensor parameter = model.get_parameter(tensor.Name)!;
            Copy(tensor, tensor.Name is GptParameter.TokenEmbedding or GptParameter.SeparateHead ? parameter.narrow(0, 0, weights.Config.VocabSize) : parameter);
        }
    }

    /// <summary>SHA-256, in lower-case hexadecimal, of a model's weights in float32.</summary>
    internal static string Fingerprint(GptModel model)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, parameter) in model.named_parameters())
        {
            using var scope = NewDisposeScope();
            hash.AppendData(TensorMemory.Bytes(parameter.detach().cpu().contiguous()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c> (float32) into an existing directory, adapters merged into the weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="directory">An existing directory.</param>
    /// <param name="endOfTextId">The id that begins and ends a text, or null.</param>
    public static void Save(GptModel model, string directory, int? endOfTextId) => Save(model, directory, TextEnds.FromNullable(endOfTextId));

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c> (float32) into an existing directory, adapters merged into the weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="directory">An existing directory.</param>
    /// <param name="ends">The ids that begin and end a text.</param>
    public static void Save(GptModel model, string directory, TextEnds ends)
    {
        ArgumentNullException.ThrowIfNull(model);
        HuggingFaceConfig.Write(directory, model.Config, ends);
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in GptParameter.Of(model.Config))
            Add(writer, HuggingFaceNameMap.FileName(parameter.Name, model.Config.Architecture), parameter.Shape, () => model.Merged(parameter.Name));
        writer.Save(Path.Combine(directory, WeightsFile));
    }

    /// <summary>Copies a file's tensors over the model's parameters; shapes are checked.</summary>
    internal static void CopyInto(GptModel model, string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        (GptConfig config, IReadOnlyList<StoredTensor> tensors) = HuggingFaceNameMap.Match(path, [.. file.Stored()], model.Config);
        if (config != model.Config)
            throw new InvalidDataException($"{path}: holds a separate output layer, {GptParameter.SeparateHead}; the model's is tied to its embedding");
        foreach (StoredTensor tensor in tensors)
        {
            if (model.get_parameter(tensor.Name) is { } parameter) // else a task's head, which is none of the model's
                Copy(tensor, parameter);
        }
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
        Fill(destination, values =>
        {
            file.CopyTo(name, values);
            FiniteNumbers.Check(values, file.Path, name);
        });
    }

    private static void Copy(WeightTensor tensor, Tensor destination) => Fill(destination, values => tensor.Read(0, values));

    /// <summary>Lets the values be written in place where the tensor lies in memory so, else beside and copied.</summary>
    private static void Fill(Tensor destination, ReadValues read)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        bool inPlace = destination.device_type == DeviceType.CPU && destination.dtype == ScalarType.Float32 && destination.is_contiguous();
        Tensor values = inPlace ? destination.detach() : empty(destination.shape, ScalarType.Float32);
        read(MemoryMarshal.Cast<byte, float>(TensorMemory.Bytes(values)));
        if (!inPlace)
            destination.copy_(values);
    }

    private delegate void ReadValues(Span<float> values);
}
