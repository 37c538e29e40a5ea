using Foreword.Tasks.HuggingFace;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tasks;

/// <summary>The linear layer of a fine-tuned model, as it is stored. It computes y = W x + b in float32 (GPT-1 paper, equation 3).</summary>
/// <param name="Weight">W, row-major [n, C].</param>
/// <param name="Bias">b [n]; zeros if the layer has no bias.</param>
public sealed record TaskHeadWeights(float[] Weight, float[] Bias)
{
    private const string WeightName = "clf.weight", BiasName = "clf.bias";

    /// <summary>
    /// Reads the head of a fine-tuned model from <see cref="TaskDescription.HeadFile"/>, or from the weights of a <c>transformers</c> classifier.
    /// </summary>
    /// <param name="directory">The model's directory.</param>
    /// <param name="task">The task, which determines n.</param>
    /// <param name="width">The number of channels C.</param>
    /// <exception cref="InvalidDataException">The head is missing, or its shape or element type does not match the task.</exception>
    public static TaskHeadWeights Read(string directory, TaskDescription task, int width)
    {
        ArgumentNullException.ThrowIfNull(task);
        string path = Path.Combine(directory, TaskDescription.HeadFile);
        if (!File.Exists(path) && HuggingFaceTask.IsIn(directory))
            return OfClassifier(directory, task, width);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return new TaskHeadWeights(Tensor(file, WeightName, task.Outputs, width), Tensor(file, BiasName, task.Outputs));
    }

    /// <summary>Writes <see cref="TaskDescription.HeadFile"/> into an existing directory.</summary>
    /// <param name="directory">The model's directory.</param>
    public void Save(string directory)
    {
        SafetensorsWriter writer = new();
        writer.Add(WeightName, TensorDType.F32, [Bias.Length, Weight.Length / Bias.Length], Bytes(Weight));
        writer.Add(BiasName, TensorDType.F32, [Bias.Length], Bytes(Bias));
        writer.Save(Path.Combine(directory, TaskDescription.HeadFile));

        static byte[] Bytes(float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }

    private static TaskHeadWeights OfClassifier(string directory, TaskDescription task, int width)
    {
        using ModelWeights model = WeightsCatalog.Open(directory);
        WeightTensor tensor = model.LeftOut.FirstOrDefault(tensor => tensor.Name == HuggingFaceTask.HeadWeight)
            ?? throw new InvalidDataException($"{model.Path}: the head of the classifier, tensor '{HuggingFaceTask.HeadWeight}', is missing");
        long[] shape = [task.Outputs, width];
        if (!tensor.Shape.AsSpan().SequenceEqual(shape) || tensor is StoredTensor stored && !stored.DType.IsFloat())
            throw new InvalidDataException($"{model.Path}: tensor '{tensor.FileName}' is {tensor.Type} {TensorInfo.Format(tensor.Shape)}; {HuggingFaceConfig.FileName} requires {TensorInfo.Format(shape)}");
        float[] weight = new float[tensor.ElementCount];
        tensor.Read(0, weight);
        return new TaskHeadWeights(weight, new float[task.Outputs]);
    }

    private static float[] Tensor(SafetensorsFile file, string name, params long[] shape)
    {
        if (!file.Tensors.TryGetValue(name, out TensorInfo? tensor))
            throw new InvalidDataException($"{file.Path}: tensor '{name}' is missing");
        if (!tensor.Shape.AsSpan().SequenceEqual(shape) || tensor.DType != TensorDType.F32)
            throw new InvalidDataException($"{file.Path}: tensor '{name}' is {tensor.DType.HeaderName()} {tensor.ShapeText}; expected F32 {TensorInfo.Format(shape)}");
        float[] values = new float[tensor.ElementCount];
        file.CopyTo(name, values);
        FiniteNumbers.Check(values, file.Path, name);
        return values;
    }
}
