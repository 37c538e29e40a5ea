using System.Runtime.InteropServices;
using Foreword.Torch;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Cli.Commands.Verify;

/// <summary>A safetensors file with <c>input_ids</c> I64 [B, T] and <c>logits</c> F32 [B, T, V] that another program computed.</summary>
internal sealed class RecordedLogits : IDisposable
{
    private const string Ids = "input_ids";
    private const string Logits = "logits";

    private readonly SafetensorsFile _file;
    private readonly long[] _shape;

    private RecordedLogits(SafetensorsFile file)
    {
        _file = file;
        TensorInfo ids = Required(Ids, TensorDType.I64, "[B, T]", 2), logits = Required(Logits, TensorDType.F32, "[B, T, V]", 3);
        _shape = logits.Shape;
        if (ids.Shape[0] != _shape[0] || ids.Shape[1] != _shape[1])
            throw new InvalidDataException($"{file.Path}: {Ids} has the shape {ids.ShapeText} but {Logits} {logits.ShapeText}");
        if (logits.ElementCount == 0)
            throw new InvalidDataException($"{file.Path}: {Logits} has the shape {logits.ShapeText}, which holds nothing to compare");
    }

    /// <summary>Gets the number of positions compared, B T.</summary>
    public long Positions => _shape[0] * _shape[1];

    public static RecordedLogits Open(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"--against: there is no file {path}", path);
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            return new RecordedLogits(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Returns the largest absolute difference between the model's logits and the recorded ones; NaN if any of them is NaN.</summary>
    public double MaxAbsDifference(LanguageModule model)
    {
        long T = _shape[1], V = _shape[2];
        if (V != model.Config.VocabSize)
            throw new InvalidDataException($"{_file.Path}: {Logits} has {V} columns but the model's vocab_size is {model.Config.VocabSize}");
        ReadOnlySpan<long> ids = MemoryMarshal.Cast<byte, long>(_file.Bytes(Ids));
        foreach (long id in ids)
        {
            if (id < 0 || id >= V)
                throw new InvalidDataException($"{_file.Path}: {Ids} holds {id}, which is outside the vocabulary of {V}");
        }

        using var noGradient = no_grad();
        model.eval();
        double largest = 0;
        float[] row = new float[T * V];
        for (int b = 0; b < _shape[0]; b++)
        {
            using var scope = NewDisposeScope();
            _file.CopyTo(Logits, b * T * V, row);
            Tensor computed = model.call(tensor(ids.Slice((int)(b * T), (int)T).ToArray(), [1, T]));
            double difference = (computed - tensor(row, [1, T, V])).abs().max().ToDouble(); // max returns NaN if there is one
            largest = double.IsNaN(difference) ? double.NaN : Math.Max(largest, difference);
        }

        return largest;
    }

    public void Dispose() => _file.Dispose();

    private TensorInfo Required(string name, TensorDType type, string shape, int dimensions)
    {
        if (!_file.Tensors.TryGetValue(name, out TensorInfo? info))
            throw new InvalidDataException($"{_file.Path}: tensor '{name}' is missing; expected {Ids} I64 [B, T] and {Logits} F32 [B, T, V]");
        if (info.DType != type || info.Shape.Length != dimensions)
            throw new InvalidDataException($"{_file.Path}: tensor '{name}' is {info.DType.HeaderName()} {info.ShapeText}; expected {type.HeaderName()} {shape}");
        return info;
    }
}
