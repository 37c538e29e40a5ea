using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tokenization.Files;
using Foreword.Torch.Kernels;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>Reads a <see cref="LanguageModule"/> from any weights format, and writes it as a Hugging Face model directory.</summary>
public static class ModelFiles
{
    /// <summary>The name of the weights file in a model directory.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>Loads the model at a path, in any of the formats of <see cref="WeightsFormat"/>.</summary>
    /// <param name="path">A model, a checkpoint or a run directory.</param>
    /// <param name="precision">Number format of the matrix products.</param>
    /// <param name="device">The device that holds the model.</param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <exception cref="InvalidDataException">A file is broken, or tensors are missing, extra or misshapen. The message lists all of them.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    public static LanguageModule Load(string path, Precision precision, Device device, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using ModelWeights weights = WeightsCatalog.Open(path);
        return Load(weights, precision, device, progress, cancellationToken);
    }

    /// <summary>Loads the model of opened weights.</summary>
    /// <inheritdoc cref="Load(string, Precision, Device, IProgress{LoadingProgress}, CancellationToken)"/>
    public static LanguageModule Load(ModelWeights weights, Precision precision, Device device, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(device);
        cancellationToken.ThrowIfCancellationRequested();
        LoadingCounter counter = new(weights.Tensors.Sum(tensor => tensor.ByteCount), progress, cancellationToken);
        LanguageModule model = LanguageModule.Create(weights.Config, precision: precision);
        try
        {
            foreach (var (name, parameter) in model.named_parameters())
            {
                WeightTensor tensor = weights.Tensor(name);
                Copy(tensor, parameter);
                counter.Add(tensor.ByteCount);
            }

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
    /// Copies stored weights into a model of the same shape. The model's vocabulary may be larger and its context shorter. The rows of
    /// additional ids and all parameters that are not transferred keep their values. Positions beyond the model's context are skipped.
    /// </summary>
    /// <param name="path">A model, a checkpoint or a run directory.</param>
    /// <param name="model">The model that receives the weights.</param>
    /// <param name="layers">
    /// Number of layers to transfer, counted from the bottom (GPT-1 paper, section 5). The embeddings are always transferred. <c>ln_f</c>, the
    /// projection of an LSTM and a separate output layer are transferred only if this is at least the number of stored layers.
    /// </param>
    /// <param name="cancellationToken">Cancels the work between two tensors.</param>
    /// <exception cref="InvalidDataException">A file is broken, or its tensors do not fit its configuration.</exception>
    internal static void Transfer(string path, LanguageModule model, int layers, CancellationToken cancellationToken = default)
    {
        using var noGradient = no_grad();
        using ModelWeights weights = WeightsCatalog.Open(path);
        foreach (WeightTensor tensor in weights.Tensors)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool isTransferred = weights.Config.LayerOf(tensor.Name) is { } layer ? layer < layers
                : layers >= weights.Config.LayerCount || tensor.Name is GptParameter.TokenEmbedding or GptParameter.PositionEmbedding;
            if (!isTransferred)
                continue;
            using var scope = NewDisposeScope();
            Tensor parameter = model.get_parameter(tensor.Name)!;
            Copy(tensor, tensor.Name is GptParameter.TokenEmbedding or GptParameter.SeparateHead or GptParameter.HeadBias ? parameter.narrow(0, 0, weights.Config.VocabSize) : parameter);
        }
    }

    /// <summary>Returns the SHA-256, in lowercase hexadecimal, of a model's weights in float32.</summary>
    internal static string Fingerprint(LanguageModule model)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, parameter) in model.named_parameters())
        {
            using var scope = NewDisposeScope();
            hash.AppendData(TensorMemory.Bytes(parameter.detach().cpu().contiguous()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c> (float32). Adapters are merged into the weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="directory">An existing directory.</param>
    /// <param name="ends">The ids that begin and end a text.</param>
    public static void Save(LanguageModule model, string directory, TextEnds ends)
    {
        ArgumentNullException.ThrowIfNull(model);
        HuggingFaceConfig.Write(directory, model.Config, ends);
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in GptParameter.Of(model.Config))
            Add(writer, HuggingFaceNameMap.FileName(parameter.Name, model.Config.Architecture), parameter.Shape, () => model.Merged(parameter.Name));
        writer.Save(Path.Combine(directory, WeightsFile));
    }

    /// <summary>Overwrites the model's parameters with the tensors of a file. Checks their names and shapes.</summary>
    internal static void CopyInto(LanguageModule model, string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        (ModelConfig config, IReadOnlyList<StoredTensor> tensors) = HuggingFaceNameMap.Match(path, [.. file.Stored()], model.Config);
        if (config != model.Config)
            throw new InvalidDataException($"{path}: holds a separate output layer, {GptParameter.SeparateHead}; the model's is tied to its embedding");
        foreach (StoredTensor tensor in tensors)
        {
            if (model.get_parameter(tensor.Name) is { } parameter) // otherwise it is part of a task's head, which the model does not contain
                Copy(tensor, parameter);
        }
    }

    /// <summary>Adds a tensor to a file. Its values are read only when the file is written.</summary>
    internal static void Add(SafetensorsWriter writer, string name, Tensor values) => Add(writer, name, values.shape, values.detach);

    private static void Add(SafetensorsWriter writer, string name, long[] shape, Func<Tensor> values) => writer.Add(name, TensorDType.F32, shape, stream =>
    {
        using var scope = NewDisposeScope();
        stream.Write(TensorMemory.Bytes(values().cpu().contiguous()));
    });

    /// <summary>Overwrites a float32 tensor with the file's tensor of the given name. The shapes must be equal.</summary>
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

    /// <summary>Reads values directly into the tensor if it is contiguous float32 on the CPU; otherwise reads them into a new tensor and copies it.</summary>
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
