using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Foreword.Cpu.Forward;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;
using Foreword.IO;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;
using Foreword.Weights.Quantized;
using Microsoft.Win32.SafeHandles;

namespace Foreword.Cpu.Quantized;

/// <summary>
/// Writes and reads quantized model directories, which contain <c>config.json</c>, the tokenizer's files, <c>quantized.safetensors</c> and its manifest
/// <c>quantization.json</c>.
/// </summary>
/// <remarks>
/// Matrices are stored in the layout in which they are multiplied, so they are used directly from the mapped file. <c>h.N.attn.c_attn.weight</c> is U8
/// [N / 16, blocks, block bytes / 4, 16, 4], with its scales in <c>h.N.attn.c_attn.weight.scales</c>, BF16 [N / 16, blocks, 16]. The output layer is
/// stored as <c>lm_head.weight</c>, whether tied or not. Embeddings, biases and norms are F32 under Foreword's names.
/// </remarks>
public static class QuantizedModel
{
    private const string ScalesOf = ".scales";

    /// <summary>Writes a model's quantized weights, manifest and configuration into an existing directory.</summary>
    /// <param name="model">The model, in any format. It is not disposed.</param>
    /// <param name="type"><see cref="WeightType.Int8"/> or <see cref="WeightType.Int4"/>.</param>
    /// <param name="directory">The directory to write to; it must exist.</param>
    /// <param name="ends">The ids of the tokens that begin and end a text.</param>
    /// <param name="cancellationToken">Cancels the work between two matrices. The directory then has no weights.</param>
    /// <exception cref="ArgumentException">The type does not quantize.</exception>
    /// <exception cref="InvalidDataException">A weight is not finite or is too large to quantize. The message names its matrix.</exception>
    public static void Write(ModelWeights model, WeightType type, string directory, TextEnds ends, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (type.Format(isHead: true) is null)
            throw new ArgumentException($"{type} is not a quantized type; choose {WeightType.Int8} or {WeightType.Int4}", nameof(type));
        _ = model.Config.AsGpt("quantization");
        using Workers workers = new(Environment.ProcessorCount);
        StoredParameters parameters = new(model); // not disposed: the caller owns the model
        SafetensorsWriter writer = new();
        foreach (MatrixShape shape in MatrixShape.Of(parameters.Config))
        {
            QuantizedFormat format = type.Format(shape.IsHead)!;
            string name = StoredName(shape);
            QuantizedMatrix? matrix = null;
            writer.Add(name, TensorDType.U8, WeightShape(shape, format), stream =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                matrix = QuantizedMatrix.Read(shape.Reader(parameters), format, workers);
                if (matrix.Scales.ContainsAnyInRange<ushort>(0x7f80, 0x7fff) || matrix.Scales.ContainsAnyInRange<ushort>(0xff80, 0xffff)) // infinity or NaN
                    throw new InvalidDataException($"{model.Path}: {shape.Name} holds a weight that is infinite, not a number, or too large to quantize");
                stream.Write(matrix.Weights);
            });
            writer.Add(name + ScalesOf, TensorDType.Bf16, ScaleShape(shape, format), stream =>
            {
                stream.Write(MemoryMarshal.AsBytes(matrix!.Scales));
                matrix.Dispose();
            });
        }

        foreach (GptParameter parameter in Kept(parameters.Config))
            writer.Add(parameter.Name, TensorDType.F32, parameter.Shape, stream => Copy(parameters, parameter, stream));
        HuggingFaceConfig.Write(directory, model.Config, ends);
        writer.Save(Path.Combine(directory, QuantizedModelFormat.WeightsFile), new Dictionary<string, string> { ["format"] = "foreword" });
        QuantizationManifest.Write(directory, type);
    }

    /// <summary>Returns the size in bytes of the matrices that every token is multiplied with, including the output layer.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="type">The number format of the matrices.</param>
    internal static long MatrixBytes(GptConfig config, WeightType type) => MatrixShape.Of(config).Sum(shape => type.Format(shape.IsHead) is { } format
        ? format.WeightBytes(shape.Inputs, shape.Outputs) + format.ScaleCount(shape.Inputs, shape.Outputs) * sizeof(ushort)
        : (long)shape.Inputs * shape.Outputs * (type == WeightType.F32 ? sizeof(float) : sizeof(ushort)));

    /// <summary>Reads the weight type of a quantized model.</summary>
    /// <param name="directory">The model's directory.</param>
    /// <returns><see cref="WeightType.Int8"/> or <see cref="WeightType.Int4"/>.</returns>
    /// <exception cref="InvalidDataException">The manifest is malformed. The message names the path and the field.</exception>
    public static WeightType TypeOf(string directory) => QuantizationManifest.Read(directory).Type;

    /// <summary>Opens a quantized model by mapping its file; the matrices are used in the mapping.</summary>
    /// <exception cref="InvalidDataException">
    /// A file is malformed or damaged, or its tensors do not match configuration and manifest. The message lists the mismatches.
    /// </exception>
    internal static NetworkWeights Open(string directory, IProgress<LoadingProgress>? progress, CancellationToken cancellationToken)
    {
        GptConfig config = HuggingFaceConfig.Read(directory).AsGpt("quantization");
        QuantizationManifest manifest = QuantizationManifest.Read(directory);
        WeightType type = manifest.Type;
        QuantizedParameters parameters = new(config, Path.Combine(directory, QuantizedModelFormat.WeightsFile));
        try
        {
            SafetensorsFile file = parameters.File;
            Check(file, config, type);
            HashSet<string> matrices = [.. MatrixShape.Of(config).SelectMany(shape => (string[])[StoredName(shape), StoredName(shape) + ScalesOf])];
            manifest.Verify(file, parameters.Handle, matrices.Contains, progress, cancellationToken);
            return new NetworkWeights(parameters, shape => Matrix(file, shape, type.Format(shape.IsHead)!));
        }
        catch
        {
            parameters.Dispose();
            throw;
        }
    }

    private static unsafe QuantizedMatrix Matrix(SafetensorsFile file, MatrixShape shape, QuantizedFormat format)
    {
        string name = StoredName(shape);
        ReadOnlySpan<byte> weights = file.Bytes(name), scales = file.Bytes(name + ScalesOf);
        // The file stays mapped at the same address as long as the parameters that own it.
        return new QuantizedMatrix(shape.Inputs, shape.Outputs, format, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(weights)), (ushort*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(scales)), memory: null);
    }

    private static void Check(SafetensorsFile file, GptConfig config, WeightType type)
    {
        if (config.NLayer > file.Tensors.Count) // also keeps a nonsensical n_layer from filling the memory with names
            throw new InvalidDataException($"{file.Path}: the file holds {file.Tensors.Count} tensors, too few for the configuration's {config.NLayer} layers");
        Dictionary<string, (TensorDType DType, long[] Shape)> expected = Kept(config).ToDictionary(parameter => parameter.Name, parameter => (TensorDType.F32, parameter.Shape), StringComparer.Ordinal);
        foreach (MatrixShape shape in MatrixShape.Of(config))
        {
            QuantizedFormat format = type.Format(shape.IsHead)!;
            expected.Add(StoredName(shape), (TensorDType.U8, WeightShape(shape, format)));
            expected.Add(StoredName(shape) + ScalesOf, (TensorDType.Bf16, ScaleShape(shape, format)));
        }

        string[] faults =
        [
            .. expected.Keys.Where(name => !file.Tensors.ContainsKey(name)).Select(name => $"{name} is missing"),
            .. file.Tensors.Keys.Where(name => !expected.ContainsKey(name)).Select(name => $"{name} is unexpected"),
            .. file.Tensors.Values.Where(tensor => expected.TryGetValue(tensor.Name, out var wanted) && (wanted.DType != tensor.DType || !wanted.Shape.AsSpan().SequenceEqual(tensor.Shape)))
                .Select(tensor => $"{tensor.Name} is {tensor.DType.HeaderName()} {tensor.ShapeText}, not {expected[tensor.Name].DType.HeaderName()} {TensorInfo.Format(expected[tensor.Name].Shape)}"),
        ];
        if (faults.Length > 0)
            throw new InvalidDataException($"{file.Path}: the tensors do not match the configuration and the manifest: {string.Join("; ", faults.Take(10))}{(faults.Length > 10 ? $" and {faults.Length - 10} more" : "")}");
    }

    /// <summary>Returns the parameters that are not quantized: embeddings, biases and norms.</summary>
    private static IEnumerable<GptParameter> Kept(GptConfig config)
    {
        HashSet<string> quantized = [.. MatrixShape.Of(config).Select(StoredName)];
        return GptParameter.Of(config).Where(parameter => !quantized.Contains(parameter.Name));
    }

    private static string StoredName(MatrixShape shape) => shape.IsHead ? GptParameter.SeparateHead : shape.Name;

    private static long[] WeightShape(MatrixShape shape, QuantizedFormat format) =>
        [Panels.Count(shape.Outputs), format.Blocks(shape.Inputs), format.Block * format.Bits / 32, Panels.Width, 4];

    private static long[] ScaleShape(MatrixShape shape, QuantizedFormat format) => [Panels.Count(shape.Outputs), format.Blocks(shape.Inputs), Panels.Width];

    private static void Copy(StoredParameters parameters, GptParameter parameter, Stream stream)
    {
        long count = 1;
        foreach (long size in parameter.Shape)
            count *= size;
        float[] chunk = ArrayPool<float>.Shared.Rent((int)Math.Min(count, 1 << 20));
        for (long first = 0; first < count;)
        {
            Span<float> values = chunk.AsSpan(0, (int)Math.Min(chunk.Length, count - first));
            parameters.Read(parameter.Name, first, values);
            stream.Write(MemoryMarshal.AsBytes(values));
            first += values.Length;
        }

        ArrayPool<float>.Shared.Return(chunk);
    }

    /// <summary>
    /// Reads the parameters that are not quantized. They are read from the file and not from the mapping, because a page that is touched there brings
    /// its neighbors into the process's memory, up to 2 MB for a row of 3 kB. File and mapping use the same open handle, because another file may take
    /// the path at any time.
    /// </summary>
    private sealed class QuantizedParameters : IParameters
    {
        private readonly SafeFileHandle _handle;

        public QuantizedParameters(GptConfig config, string path)
        {
            Config = config;
            _handle = MappedFile.OpenHandle(path);
            try
            {
                File = SafetensorsFile.Open(path, _handle);
            }
            catch
            {
                _handle.Dispose();
                throw;
            }
        }

        public GptConfig Config { get; }

        public SafetensorsFile File { get; }

        /// <summary>Gets the open file that is mapped.</summary>
        public SafeFileHandle Handle => _handle;

        public void Read(string name, long first, Span<float> destination)
        {
            Span<byte> bytes = MemoryMarshal.AsBytes(destination);
            if (RandomAccess.Read(_handle, bytes, File.Tensor(name).Offset + first * sizeof(float)) < bytes.Length)
                throw new InvalidDataException($"{File.Path}: tensor '{name}' is incomplete: the file was changed while it was open");
            FiniteNumbers.Check(destination, File.Path, name, first);
        }

        public void Dispose()
        {
            _handle.Dispose();
            File.Dispose();
        }
    }
}
