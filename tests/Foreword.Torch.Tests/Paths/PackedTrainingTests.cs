using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Paths;

/// <summary>Compares training on sequences that are packed in rows with training on each sequence alone.</summary>
public sealed class PackedTrainingTests : IDisposable
{
    private const int V = 65, Context = 96;

    private static readonly int[] Lengths = [5, 33, 64, 1, 17, 90, 30];

    /// <summary>The rows of 96 tokens and the sequences in them. The first row is full; the others end with padding.</summary>
    private static readonly int[][] Rows = [[0, 1, 3, 4, 6], [2], [5]];

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData(ModelArchitecture.Gpt2, FusedChoice.Auto, false)]
    [InlineData(ModelArchitecture.Gpt2, FusedChoice.Auto, true)]
    [InlineData(ModelArchitecture.Gpt1, FusedChoice.Auto, false)]
    [InlineData(ModelArchitecture.Gpt2, FusedChoice.Off, false)]
    [InlineData(ModelArchitecture.Gpt2, FusedChoice.Off, true)]
    [InlineData(ModelArchitecture.Gpt1, FusedChoice.Off, false)]
    public void PackedSequencesGiveTheGradientsOfSingleOnes(ModelArchitecture architecture, FusedChoice choice, bool recompute)
    {
        Assert.SkipUnless(choice == FusedChoice.Off || MicroKernel.Has(Precision.Fp32), "this processor or libtorch has no micro-kernels");
        using GptModel packed = Model(architecture, Precision.Fp32), single = Model(architecture, Precision.Fp32);
        using IModelPath path = ModelPath.Create(packed, choice, recompute);
        Assert.Equal(choice == FusedChoice.Auto, path.IsFused);
        Assert.Equal(Single(single, FusedChoice.Off), Packed(path), 1e-5);
        foreach (var (name, parameter) in single.named_parameters())
            Assert.True(Golden.Difference(packed.get_parameter(name)!.grad!, parameter.grad!) < 1e-5f * Math.Max(1, parameter.grad!.abs().max().item<float>()), name);
    }

    [Fact]
    public void SoTheyDoInBFloat16()
    {
        Assert.SkipUnless(MicroKernel.Has(Precision.Bf16), "this processor or libtorch has no micro-kernels");
        using GptModel packed = Model(ModelArchitecture.Gpt2, Precision.Bf16), single = Model(ModelArchitecture.Gpt2, Precision.Bf16);
        using IModelPath path = ModelPath.Create(packed);
        Assert.Equal(Single(single, FusedChoice.Auto), Packed(path), 1e-3);
        foreach (var (name, parameter) in single.named_parameters())
            Assert.True(((packed.get_parameter(name)!.grad! - parameter.grad!).norm() / parameter.grad!.norm()).ToDouble() < 0.02, name);
    }

    [Fact]
    public void AnLstmRefusesPacking()
    {
        using LstmModel model = new(new LstmConfig { NEmbd = 32, NHidden = 32, ContextLength = Context, VocabSize = V });
        using IModelPath path = ModelPath.Create(model);
        Assert.Throws<ArgumentException>(() => path.Forward(zeros([1, 4], int64), 1, new SequencePacking(1, 4)));
    }

    /// <summary>Computes the mean loss of all predicted tokens in rows, and its gradients.</summary>
    private static double Packed(IModelPath path)
    {
        long[] ids = new long[Rows.Length * Context], targets = new long[ids.Length];
        Array.Fill(targets, -1);
        SequencePacking packing = new(Rows.Length, Context);
        for (int row = 0; row < Rows.Length; row++)
        {
            int begin = 0;
            foreach (int sequence in Rows[row])
            {
                int count = Lengths[sequence];
                packing.Add(row, begin, count);
                for (int t = 0; t < count; t++)
                    (ids[row * Context + begin + t], targets[row * Context + begin + t]) = (Token(sequence, t), Token(sequence, t + 1));
                begin += count;
            }
        }

        using var scope = NewDisposeScope();
        Tensor hidden = path.Forward(tensor(ids, [Rows.Length, Context]), 1, packing), flat = tensor(targets);
        (double loss, Tensor gradient) = path.HeadBackward(hidden.reshape(-1, hidden.shape[2]), flat, full([flat.shape[0]], 1f / Lengths.Sum()));
        path.Backward(gradient.view_as(hidden));
        return loss;
    }

    /// <summary>Computes the same with one sequence at a time.</summary>
    private static double Single(GptModel model, FusedChoice choice)
    {
        using IModelPath path = ModelPath.Create(model, choice);
        double sum = 0;
        for (int sequence = 0; sequence < Lengths.Length; sequence++)
        {
            using var scope = NewDisposeScope();
            int count = Lengths[sequence];
            Tensor ids = tensor(Enumerable.Range(0, count).Select(t => Token(sequence, t)).ToArray(), [1, count]);
            Tensor targets = tensor(Enumerable.Range(1, count).Select(t => Token(sequence, t)).ToArray(), [1, count]);
            sum += path.Backward(ids, targets, 1, (double)count / Lengths.Sum()) * count / Lengths.Sum();
        }

        return sum;
    }

    private static long Token(int sequence, int t) => (sequence * 31L + t * 17L + t / 7) % V;

    private static GptModel Model(ModelArchitecture architecture, Precision precision)
    {
        GptModel model = new(new GptConfig { Architecture = architecture, NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = Context, VocabSize = V, InitializerRange = 0.1, EmbdDropout = 0, AttnDropout = 0, ResidDropout = 0 }, seed: 5, precision);
        model.train();
        return model;
    }
}
