using System.Globalization;
using Foreword.IO;
using Foreword.Models;
using Foreword.Weights;
using Foreword.Weights.Catalog;

namespace Foreword.Tests.Weights;

/// <summary>A format of a program's own opens wherever the built-in ones do.</summary>
public sealed class CustomFormatTests
{
    [Fact]
    public void ARegisteredFormatOpensAModel()
    {
        WeightsCatalog.Register(new ConstantFormat());
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string file = directory.Write("model.constant", "0.25");
        using StoredModel stored = StoredModel.Open(file);
        using ModelWeights model = WeightsCatalog.Open(file);
        Assert.Equal("constant", model.Format.Name);
        Assert.Equal(stored.Config, model.Config);
        float[] row = new float[8];
        model.Tensor(GptParameter.TokenEmbedding).Read(16, row);
        Assert.All(row, value => Assert.Equal(0.25f, value));

        directory.Write("model.constant", "x");
        Assert.Contains("is not a number", Assert.Throws<InvalidDataException>(() => WeightsCatalog.Open(file)).Message);
    }

    /// <summary>A file whose single number is every weight.</summary>
    private sealed class ConstantFormat : WeightsFormat
    {
        public override string Name => "constant";

        public override string Files => "*.constant";

        public override bool IsAt(string path) => path.EndsWith(".constant", StringComparison.Ordinal) && File.Exists(path);

        protected override (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
        {
            using StreamReader reader = new(files.Keep(File.OpenRead(path)), leaveOpen: true);
            if (!float.TryParse(reader.ReadToEnd(), CultureInfo.InvariantCulture, out float value))
                throw new InvalidDataException($"{path} is not a number");
            GptConfig config = Validated(path, GptConfig.Preset("gpt2") with { NLayer = 1, NHead = 1, NEmbd = 16, ContextLength = 8, VocabSize = 10 });
            return (config, GptParameter.Of(config).Select(parameter => new Constant(parameter, value)));
        }
    }

    private sealed class Constant(GptParameter parameter, float value) : WeightTensor(parameter.Name, parameter.Name, parameter.Shape, "F32")
    {
        protected override void ReadInside(long first, Span<float> destination) => destination.Fill(value);
    }
}
