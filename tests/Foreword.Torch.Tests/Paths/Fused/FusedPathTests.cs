using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using Foreword.Torch.Paths.Fused;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Paths.Fused;

public sealed class FusedPathTests
{
    /// <summary>Gets architecture, heads, head size, V, B and T: sizes that are multiples of the kernels' blocks, and sizes that are not.</summary>
    public static TheoryData<ModelArchitecture, int, int, int, int, int> Shapes => new()
    {
        { ModelArchitecture.Gpt2, 2, 64, 300, 2, 128 },
        { ModelArchitecture.Gpt1, 2, 64, 320, 1, 192 },
        { ModelArchitecture.Gpt2, 3, 32, 301, 3, 50 },
        { ModelArchitecture.Gpt1, 2, 80, 65, 2, 77 },
        { ModelArchitecture.Gpt2, 4, 8, 129, 5, 1 },
        { ModelArchitecture.Gpt1, 2, 72, 97, 1, 33 },
    };

    [Theory]
    [InlineData("gpt1-tiny", false)]
    [InlineData("gpt1-tiny", true)]
    [InlineData("gpt2-tiny", false)]
    [InlineData("gpt2-tiny", true)]
    public void EveryGradientEqualsTheReference(string name, bool recompute)
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        using GptModel model = Golden.Model(name);
        using IModelPath path = FusedPath.Create(model, recompute);
        Tensor ids = Golden.Tensors(name, "inputs.safetensors")["input_ids"];
        double loss = path.Backward(ids[.., ..^1].contiguous(), ids[.., 1..].contiguous(), 1);
        Assert.Equal(Golden.Tensors(name, "outputs.safetensors")["loss"].item<float>(), loss, 1e-4);
        foreach (var (parameterName, expected) in Golden.Tensors(name, "grads.safetensors"))
            Assert.InRange(Golden.Difference(model.get_parameter(parameterName)!.grad!, expected), 0, 1e-4f);
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Float32EqualsAutograd(ModelArchitecture architecture, int heads, int headSize, int vocabulary, int batch, int length)
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        (GptModel fused, GptModel plain) = Models(architecture, heads, headSize, vocabulary, Precision.Fp32);
        using (fused)
        using (plain)
        {
            (Tensor ids, Tensor targets) = Batch(vocabulary, batch, length);
            using IModelPath path = FusedPath.Create(fused, recompute: false);
            using AutogradPath expected = new(plain);
            Assert.InRange(Golden.Difference(path.Hidden(ids), expected.Hidden(ids)), 0, 1e-4f);
            Assert.Equal(expected.Backward(ids, targets, 1), path.Backward(ids, targets, 1), 1e-4);
            foreach (var (name, parameter) in plain.named_parameters())
                Assert.True(Golden.Difference(fused.get_parameter(name)!.grad!, parameter.grad!) < 1e-4f * Math.Max(1, parameter.grad!.abs().max().item<float>()), name);
        }
    }

    /// <summary>Both paths round to 8 bits at every product, but in different places. Gradients differ by less than 2 % of their norm.</summary>
    [Theory, MemberData(nameof(Shapes))]
    public void BFloat16StaysNearFloat32(ModelArchitecture architecture, int heads, int headSize, int vocabulary, int batch, int length)
    {
        RequireKernels(Precision.Bf16);
        using var scope = NewDisposeScope();
        (GptModel fused, GptModel plain) = Models(architecture, heads, headSize, vocabulary, Precision.Bf16);
        using (fused)
        using (plain)
        {
            plain.Precision = Precision.Fp32;
            (Tensor ids, Tensor targets) = Batch(vocabulary, batch, length);
            using IModelPath path = FusedPath.Create(fused, recompute: false);
            using AutogradPath expected = new(plain);
            Assert.Equal(expected.Backward(ids, targets, 1), path.Backward(ids, targets, 1), 0.01);
            foreach (var (name, parameter) in plain.named_parameters())
            {
                // The gradient of a key bias is exactly 0 in theory. With a single token, the gradients of queries and keys are 0 as well.
                if (name.Contains("c_attn", StringComparison.Ordinal) && (length == 1 || name.EndsWith("bias", StringComparison.Ordinal)))
                    continue;
                double difference = ((fused.get_parameter(name)!.grad! - parameter.grad!).norm() / parameter.grad!.norm()).ToDouble();
                Assert.True(difference < 0.02, $"{name}: {difference:F4}");
            }
        }
    }

    [Theory]
    [InlineData(ModelArchitecture.Gpt1)]
    [InlineData(ModelArchitecture.Gpt2)]
    public void RecomputingChangesNothing(ModelArchitecture architecture)
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        (GptModel kept, GptModel again) = Models(architecture, 2, 64, 300, Precision.Fp32, dropout: 0.1);
        using (kept)
        using (again)
        {
            (Tensor ids, Tensor targets) = Batch(300, 2, 70);
            using IModelPath a = FusedPath.Create(kept, recompute: false), b = FusedPath.Create(again, recompute: true);
            Assert.Equal(a.Backward(ids, targets, 5), b.Backward(ids, targets, 5));
            foreach (var (name, parameter) in kept.named_parameters())
                Assert.Equal(0, Golden.Difference(again.get_parameter(name)!.grad!, parameter.grad!));
        }
    }

    [Fact]
    public void RecomputingKeepsAtMostHalfOfTheActivationsOfTwelveLayers()
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        using GptModel model = new(new GptConfig { NLayer = 12, NHead = 2, NEmbd = 32, ContextLength = 80, VocabSize = 300 });
        (Tensor ids, Tensor targets) = Batch(300, 2, 70);
        using IModelPath keeping = FusedPath.Create(model, recompute: false), recomputing = FusedPath.Create(model, recompute: true);
        keeping.Backward(ids, targets, 5);
        recomputing.Backward(ids, targets, 5);
        Assert.InRange(recomputing.Bytes.Activations, 1, keeping.Bytes.Activations / 2);
        Assert.True(keeping.Bytes.Most >= keeping.Bytes.Activations);
    }

    [Fact]
    public void NothingOfAStepsGradientsRemainsInTheNext()
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        (GptModel model, GptModel other) = Models(ModelArchitecture.Gpt2, 2, 64, 300, Precision.Fp32);
        using (model)
        using (other)
        {
            (Tensor ids, Tensor targets) = Batch(300, 2, 70);
            using IModelPath path = FusedPath.Create(model, recompute: false);
            path.Backward(ids, targets, 5);
            Dictionary<string, Tensor> first = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());
            foreach (var (_, parameter) in model.named_parameters())
                parameter.grad = null;
            path.Backward(ids, targets, 5);
            foreach (var (name, parameter) in model.named_parameters())
                Assert.Equal(0, Golden.Difference(first[name], parameter.grad!));
        }
    }

    [Theory]
    [InlineData("gpt1-tiny")]
    [InlineData("gpt2-tiny")]
    public void RecomputingOnAutogradChangesNothing(string name)
    {
        using var scope = NewDisposeScope();
        using GptModel kept = Golden.Model(name), again = Golden.Model(name);
        Tensor ids = Golden.Tensors(name, "inputs.safetensors")["input_ids"];
        (Tensor inputs, Tensor targets) = (ids[.., ..^1].contiguous(), ids[.., 1..].contiguous());
        using AutogradPath plain = new(kept), recomputing = new(again, recompute: true);
        Assert.Equal(plain.Backward(inputs, targets, 5), recomputing.Backward(inputs, targets, 5), 1e-6);
        foreach (var (parameterName, parameter) in kept.named_parameters())
            Assert.InRange(Golden.Difference(again.get_parameter(parameterName)!.grad!, parameter.grad!), 0, 1e-6f);
    }

    [Fact]
    public void GradientsAddUpOverMicroBatches()
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        (GptModel fused, GptModel plain) = Models(ModelArchitecture.Gpt2, 2, 64, 300, Precision.Fp32);
        using (fused)
        using (plain)
        {
            using IModelPath path = FusedPath.Create(fused, recompute: false);
            using AutogradPath expected = new(plain);
            for (int micro = 0; micro < 3; micro++)
            {
                (Tensor ids, Tensor targets) = Batch(300, 1 + micro, 40 + 30 * micro, seed: micro);
                _ = path.Backward(ids, targets, 1);
                _ = expected.Backward(ids, targets, 1);
            }

            foreach (var (name, parameter) in plain.named_parameters())
                Assert.True(Golden.Difference(fused.get_parameter(name)!.grad!, parameter.grad!) < 3e-4f, name);
        }
    }

    [Theory]
    [InlineData(Precision.Bf16)]
    [InlineData(Precision.Fp32)]
    public void TheNumberOfThreadsChangesNoBit(Precision precision)
    {
        RequireKernels(precision);
        using var scope = NewDisposeScope();
        (GptModel a, GptModel b) = Models(ModelArchitecture.Gpt2, 2, 64, 300, precision, dropout: 0.1);
        using (a)
        using (b)
        {
            (Tensor ids, Tensor targets) = Batch(300, 3, 100);
            int threads = get_num_threads();
            try
            {
                set_num_threads(1);
                using IModelPath one = FusedPath.Create(a, recompute: false);
                set_num_threads(3);
                using IModelPath three = FusedPath.Create(b, recompute: false);
                Assert.Equal(one.Backward(ids, targets, 7), three.Backward(ids, targets, 7));
                foreach (var (name, parameter) in a.named_parameters())
                    Assert.Equal(0, Golden.Difference(b.get_parameter(name)!.grad!, parameter.grad!));
            }
            finally
            {
                set_num_threads(threads);
            }
        }
    }

    [Fact]
    public void FrozenParametersGetNoGradients()
    {
        RequireKernels(Precision.Fp32);
        using var scope = NewDisposeScope();
        (GptModel fused, GptModel plain) = Models(ModelArchitecture.Gpt2, 2, 32, 100, Precision.Fp32);
        using (fused)
        using (plain)
        {
            foreach (GptModel model in (GptModel[])[fused, plain])
            {
                foreach (var (name, parameter) in model.named_parameters())
                    parameter.requires_grad = name == "wte.weight" || name.StartsWith("h.1.mlp", StringComparison.Ordinal);
            }

            (Tensor ids, Tensor targets) = Batch(100, 2, 20);
            using IModelPath path = FusedPath.Create(fused, recompute: false);
            using AutogradPath expected = new(plain);
            Assert.Equal(expected.Backward(ids, targets, 1), path.Backward(ids, targets, 1), 1e-4);
            foreach (var (name, parameter) in plain.named_parameters())
            {
                Assert.Equal(parameter.grad is null, fused.get_parameter(name)!.grad is null);
                if (parameter.grad is { } gradient)
                    Assert.InRange(Golden.Difference(fused.get_parameter(name)!.grad!, gradient), 0, 1e-4f);
            }
        }
    }

    [Fact]
    public void WhatTheKernelsCannotDoGoesThroughAutograd()
    {
        using GptModel odd = new(new GptConfig { NLayer = 1, NHead = 2, NEmbd = 24, ContextLength = 16, VocabSize = 50 });
        Assert.Equal("n_embd is 24, not a multiple of 16", FusedPath.WhyNot(odd));
        using IModelPath path = ModelPath.Create(odd);
        Assert.False(path.IsFused);

        using GptModel fits = new(new GptConfig { NLayer = 1, NHead = 2, NEmbd = 32, ContextLength = 16, VocabSize = 50 });
        using IModelPath off = ModelPath.Create(fits, FusedChoice.Off);
        Assert.False(off.IsFused);
        fits.AddAdapters(2, 2, ["c_attn"], 1);
        using IModelPath adapted = ModelPath.Create(fits);
        Assert.False(adapted.IsFused);
    }

    [Fact]
    public void IdsOutsideTheVocabularyAndLongSequencesAreRefused()
    {
        RequireKernels(Precision.Fp32);
        using GptModel model = Golden.Model("gpt2-tiny");
        using IModelPath path = FusedPath.Create(model, recompute: false);
        using Tensor ids = full([1, 4], 300, int64), many = zeros([1, 65], int64);
        Assert.Equal("a token id is outside the vocabulary of 300 (Parameter 'ids')", Assert.Throws<ArgumentException>(() => path.Hidden(ids)).Message);
        Assert.Equal("sequence has 65 tokens; the context length is 64 (Parameter 'ids')", Assert.Throws<ArgumentException>(() => path.Hidden(many)).Message);
        SequencePacking packing = new(1, 65);
        packing.Continue(0, 60, 0, 5);
        Assert.Equal("sequence has 65 tokens; the context length is 64 (Parameter 'ids')", Assert.Throws<ArgumentException>(() => path.Hidden(many, packing)).Message);
    }

    /// <summary>Creates two equal models whose biases and norms are not all 0 and 1.</summary>
    private static (GptModel, GptModel) Models(ModelArchitecture architecture, int heads, int headSize, int vocabulary, Precision precision, double dropout = 0)
    {
        GptConfig config = new()
        {
            Architecture = architecture,
            NLayer = 2,
            NHead = heads,
            NEmbd = heads * headSize,
            ContextLength = 256,
            VocabSize = vocabulary,
            EmbdDropout = dropout,
            AttnDropout = dropout,
            ResidDropout = dropout,
        };
        return (Disturbed(new GptModel(config, seed: 3, precision)), Disturbed(new GptModel(config, seed: 3, precision)));

        static GptModel Disturbed(GptModel model)
        {
            using var noGradient = no_grad();
            using Generator generator = new(4);
            foreach (var (_, parameter) in model.named_parameters())
                parameter.add_(empty_like(parameter).normal_(0, 0.05, generator));
            return model;
        }
    }

    private static (Tensor Ids, Tensor Targets) Batch(int vocabulary, int batch, int length, long seed = 0)
    {
        using Generator generator = new((ulong)seed + 9);
        return (randint(0, vocabulary, [batch, length], int64, generator: generator), randint(0, vocabulary, [batch, length], int64, generator: generator));
    }

    private static void RequireKernels(Precision precision) => Assert.SkipUnless(MicroKernel.Has(precision), "this processor or libtorch has no micro-kernels");
}
