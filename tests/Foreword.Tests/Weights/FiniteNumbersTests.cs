using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.Weights;

/// <summary>Infinite and NaN weights are rejected when they are read, whichever component reads them.</summary>
public sealed class FiniteNumbersTests : IDisposable
{
    private const string Broken = "transformer.h.1.mlp.c_fc.weight";

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(float.NaN, false)]
    [InlineData(float.PositiveInfinity, false)]
    [InlineData(float.NegativeInfinity, false)]
    [InlineData(float.MaxValue, true)]
    [InlineData(float.MinValue, true)]
    [InlineData(float.Epsilon, true)]
    [InlineData(-0f, true)]
    public void OneNumberIsFoundAtEveryPlace(float number, bool isFinite)
    {
        float[] values = new float[70];
        for (int length = 1; length <= values.Length; length++)
        {
            for (int at = 0; at < length; at++)
            {
                values[at] = number;
                Assert.Equal(isFinite, FiniteNumbers.Are(values.AsSpan(0, length)));
                values[at] = 0;
            }
        }

        Assert.True(FiniteNumbers.Are([]));
        Assert.False(FiniteNumbers.Are([BitConverter.Int32BitsToSingle(unchecked((int)0xFF800001))])); // a signaling NaN
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "infinity")]
    [InlineData(float.NegativeInfinity, "-infinity")]
    public void FileTensorElementAndValueAreNamed(float weight, string value)
    {
        using ModelWeights model = WeightsCatalog.Open(With(Broken, 5, weight));
        WeightTensor tensor = model.Tensor("h.1.mlp.c_fc.weight");
        string expected = $"{_directory.File("model.safetensors")}: tensor '{Broken}' contains {value} (element 5); all weights must be finite";
        Assert.Equal(expected, Assert.Throws<InvalidDataException>(() => tensor.Read(0, new float[tensor.ElementCount])).Message);
        Assert.Equal(expected, Assert.Throws<InvalidDataException>(() => tensor.Read(3, new float[4])).Message);
        tensor.Read(6, new float[100]); // elements that are not read are not checked
    }

    [Theory]
    [InlineData("hf", "f32")]
    [InlineData("hf", "f16")]
    [InlineData("gguf", "f32")]
    [InlineData("gguf", "q8_0")]
    public void TheyAreNotConverted(string format, string type)
    {
        using ModelWeights model = WeightsCatalog.Open(With(Broken, 5, float.NaN));
        string target = _directory.File("target");
        if (format == "hf")
            Directory.CreateDirectory(target);
        Assert.Contains($"tensor '{Broken}' contains NaN", Assert.Throws<InvalidDataException>(() =>
            WeightsCatalog.All.Single(candidate => candidate.Name == format).Write(model, null, type, target)).Message);
    }

    /// <summary>
    /// 65,520 is the smallest number that rounds to infinity in half precision (IEEE 754: 11 bits of significand, largest value 65,504).
    /// </summary>
    [Theory]
    [InlineData("hf", "f16", 65_520f, "transformer.h.1.mlp.c_fc.weight contains 65520, more than f16 can represent; use bf16 or f32")]
    [InlineData("hf", "f16", 65_519f, null)]
    [InlineData("hf", "bf16", float.MaxValue, "transformer.h.1.mlp.c_fc.weight contains 3.4028235E+38, more than bf16 can represent; use f32")]
    [InlineData("gguf", "f16", -70_000f, "transformer.h.1.mlp.c_fc.weight contains -70000, more than f16 can represent; use bf16 or f32")]
    [InlineData("gguf", "q8_0", 65_520f * 127, "transformer.h.1.mlp.c_fc.weight: a weight of 8321040 is too large for q8_0; use bf16 or f32")]
    public void ANumberThatTheWrittenTypeCannotHoldIsRefused(string format, string type, float weight, string? fault)
    {
        using ModelWeights model = WeightsCatalog.Open(With(Broken, 5, weight));
        string target = _directory.File("target");
        if (format == "hf")
            Directory.CreateDirectory(target);
        Exception? problem = Record.Exception(() => WeightsCatalog.All.Single(candidate => candidate.Name == format).Write(model, null, type, target));
        Assert.Equal(fault, problem?.Message);
    }

    /// <summary>Writes the golden GPT-2 with one weight changed.</summary>
    private string With(string tensor, int element, float weight)
    {
        string golden = Fixtures.Path("golden/gpt2-tiny");
        byte[] bytes = File.ReadAllBytes(Path.Combine(golden, "model.safetensors"));
        using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(golden, "model.safetensors")))
            BitConverter.TryWriteBytes(bytes.AsSpan((int)file.Tensor(tensor).Offset + 4 * element), weight);
        File.WriteAllBytes(_directory.File("model.safetensors"), bytes);
        File.Copy(Path.Combine(golden, "config.json"), _directory.File("config.json"));
        return _directory.Path;
    }
}
