using Foreword.Models;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using Foreword.Torch.Paths.Fused;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch.Tests.Paths.Fused;

// Legend: B sequences, T tokens, C channels, nh heads, hs head size.

public sealed class DropoutMaskTests
{
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void TheRateIsKeptInRowsColumnsAndOnTheWhole(double rate)
    {
        const int Rows = 400, Columns = 400;
        DropoutMask mask = new(rate, seed: 5, place: 2);
        bool[,] dropped = new bool[Rows, Columns];
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                float factor = mask.Factor(row, column);
                dropped[row, column] = factor == 0;
                Assert.True(factor == 0 || factor == (float)(1 / (1 - rate)));
            }
        }

        double deviation = Math.Sqrt(rate * (1 - rate));
        double Share(Func<int, int, bool> which) => Enumerable.Range(0, Rows).Average(r => Enumerable.Range(0, Columns).Count(c => which(r, c)) / (double)Columns);
        Assert.Equal(rate, Share((r, c) => dropped[r, c]), 4 * deviation / Rows);
        for (int i = 0; i < Rows; i++)
        {
            Assert.Equal(rate, Enumerable.Range(0, Columns).Count(c => dropped[i, c]) / (double)Columns, 5 * deviation / Math.Sqrt(Columns));
            Assert.Equal(rate, Enumerable.Range(0, Rows).Count(r => dropped[r, i]) / (double)Rows, 5 * deviation / Math.Sqrt(Rows));
        }

        // Neighbors in both directions are dropped independently of each other.
        Assert.Equal(rate * rate, Share((r, c) => dropped[r, c] && dropped[(r + 1) % Rows, c]), 4 * deviation / Rows);
        Assert.Equal(rate * rate, Share((r, c) => dropped[r, c] && dropped[r, (c + 1) % Columns]), 4 * deviation / Rows);
    }

    [Fact]
    public void SeedPlaceAndRowChangeTheMask()
    {
        float[] Row(long seed, int place, long row) => [.. Enumerable.Range(0, 256).Select(column => new DropoutMask(0.3, seed, place).Factor(row, column))];
        float[] first = Row(1, 0, 0);
        Assert.Equal(first, Row(1, 0, 0));
        Assert.NotEqual(first, Row(2, 0, 0));
        Assert.NotEqual(first, Row(1, 1, 0));
        Assert.NotEqual(first, Row(1, 0, 1));
    }

    /// <summary>Compares the fused kernels, which draw the masks themselves, with the whole model in libtorch's operators and explicit masks.</summary>
    [Theory]
    [InlineData(ModelArchitecture.Gpt1, 64, 2, 128)]
    [InlineData(ModelArchitecture.Gpt2, 64, 2, 128)]
    [InlineData(ModelArchitecture.Gpt1, 24, 2, 70)]
    [InlineData(ModelArchitecture.Gpt2, 40, 3, 33)]
    public void AModelWithDropoutEqualsTheSameMasksOnAutograd(ModelArchitecture architecture, int headSize, int batch, int length)
    {
        Assert.SkipUnless(MicroKernel.Has(Precision.Fp32), "this processor or libtorch has no micro-kernels");
        using var scope = NewDisposeScope();
        GptConfig config = new()
        {
            Architecture = architecture,
            NLayer = 2,
            NHead = 2,
            NEmbd = 2 * headSize,
            ContextLength = 128,
            VocabSize = 90,
            EmbdDropout = 0.2,
            AttnDropout = 0.3,
            ResidDropout = 0.1,
        };
        using GptModel fused = new(config, seed: 2), plain = new(config, seed: 2);
        Tensor ids = randint(0, 90, [batch, length], int64), weights = randn([batch, length, config.NEmbd]);
        using IModelPath path = FusedPath.Create(fused, recompute: false);
        Tensor hidden = path.Forward(ids, dropoutSeed: 77);
        path.Backward(weights);

        Tensor expected = Hidden(plain, ids, 77);
        expected.backward([weights]);
        Assert.InRange(Golden.Difference(hidden, expected.detach()), 0, 1e-4f);
        foreach (var (name, parameter) in plain.named_parameters())
            Assert.True(Golden.Difference(fused.get_parameter(name)!.grad!, parameter.grad!) < 1e-4f * Math.Max(1, parameter.grad!.abs().max().item<float>()), name);
    }

    private static Tensor Hidden(GptModel model, Tensor ids, long seed)
    {
        GptConfig config = model.Config;
        int B = (int)ids.shape[0], T = (int)ids.shape[1], C = config.NEmbd, nh = config.NHead, hs = config.HeadSize;
        Tensor Weight(string name) => model.get_parameter(name)!;
        Tensor Norm(Tensor x, string name) => F.layer_norm(x, [C], Weight(name + ".weight"), Weight(name + ".bias"), config.LayerNormEpsilon);
        Tensor Linear(Tensor x, string name) => x.matmul(Weight(name + ".weight")) + Weight(name + ".bias");
        Tensor x = (Weight("wte.weight")[ids] + Weight("wpe.weight")[..T]) * Mask(config.EmbdDropout, seed, 0, B * T, C).view(B, T, C);
        for (int layer = 0; layer < config.NLayer; layer++)
        {
            string h = $"h.{layer}.";
            int place = 1 + 3 * layer;
            x = Branch(x, h + "ln_1", y => Linear(Attention(Linear(y, h + "attn.c_attn"), place), h + "attn.c_proj"), place + 1);
            x = Branch(x, h + "ln_2", y => Linear(F.gelu(Linear(y, h + "mlp.c_fc"), TorchSharp.Modules.GELU.Approximate.tanh), h + "mlp.c_proj"), place + 2);
        }

        return config.Architecture == ModelArchitecture.Gpt2 ? Norm(x, "ln_f") : x;

        Tensor Branch(Tensor input, string norm, Func<Tensor, Tensor> branch, int place)
        {
            Tensor mask = Mask(config.ResidDropout, seed, place, B * T, C).view(B, T, C);
            return config.Architecture == ModelArchitecture.Gpt2 ? input + branch(Norm(input, norm)) * mask : Norm(input + branch(input) * mask, norm);
        }

        Tensor Attention(Tensor qkv, int place)
        {
            Tensor[] parts = qkv.view(B, T, 3, nh, hs).permute(2, 0, 3, 1, 4).unbind(0); // (B, nh, T, hs) each
            Tensor scores = parts[0].matmul(parts[1].transpose(-2, -1)) / Math.Sqrt(hs) + full([T, T], float.NegativeInfinity).triu(1);
            Tensor kept = scores.softmax(-1) * Mask(config.AttnDropout, seed, place, B * nh * T, T).view(B, nh, T, T);
            return kept.matmul(parts[2]).transpose(1, 2).reshape(B, T, C);
        }
    }

    private static Tensor Mask(double rate, long seed, int place, int rows, int columns)
    {
        DropoutMask mask = new(rate, seed, place);
        float[] factors = new float[rows * columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                factors[row * columns + column] = mask.Factor(row, column);
        }

        return tensor(factors, [rows, columns]);
    }
}
