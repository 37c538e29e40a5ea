using Foreword.Torch.Kernels;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch.Tests.Kernels;

public sealed class SoftmaxCrossEntropyTests
{
    [Theory]
    [InlineData(1, 16, 16)]
    [InlineData(7, 300, 320)]
    [InlineData(40, 1001, 1024)]
    public void ValueAndGradientEqualAutogradsInFloat32(int rows, int V, int padded)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor logits = (randn(rows, V) * 5).requires_grad_();
        Tensor targets = Targets(rows, V);
        Tensor expected = F.cross_entropy(logits, targets, ignore_index: -1, reduction: nn.Reduction.Sum);
        (expected * 0.25).backward();

        Tensor inPlace = full([rows, padded], 1e9, float32); // the values in the padding must not matter
        inPlace.narrow(1, 0, V).copy_(logits.detach());
        double loss = SoftmaxCrossEntropy.BackwardInPlace(inPlace, V, targets, full([targets.shape[0]], 0.25f)) / 0.25;
        Assert.Equal(expected.ToDouble(), loss, 1e-5 * rows);
        Assert.InRange(Golden.Difference(inPlace.narrow(1, 0, V), logits.grad!), 0, 1e-6f);
        if (padded > V)
            Assert.Equal(0, inPlace.narrow(1, V, padded - V).abs().max().item<float>());
    }

    [Fact]
    public void BFloat16LogitsGiveTheLossOfTheirRoundedValues()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        const int Rows = 9, V = 333;
        Tensor rounded = (randn(Rows, V) * 5).to(bfloat16);
        Tensor targets = Targets(Rows, V);
        Tensor exact = rounded.to(float32).requires_grad_();
        Tensor expected = F.cross_entropy(exact, targets, ignore_index: -1, reduction: nn.Reduction.Sum);
        expected.backward();
        double loss = SoftmaxCrossEntropy.BackwardInPlace(rounded, V, targets, ones(targets.shape[0]));
        Assert.Equal(expected.ToDouble(), loss, 1e-4);
        Assert.InRange(Golden.Difference(rounded.to(float32), exact.grad!), 0, 0.004f); // half a unit in the last place of 8 bits
    }

    [Fact]
    public void ExtremeLogitsStayFinite()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor(new float[] { 3e38f, -3e38f, 0, 1e30f }, [1, 4]);
        double loss = SoftmaxCrossEntropy.BackwardInPlace(logits, 4, tensor(new long[] { 0 }), ones(1));
        Assert.Equal(0, loss, 1e-6);
        Assert.True(logits.isfinite().all().ToBoolean());
    }

    [Fact]
    public void NotANumberShowsInTheLoss()
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor(new float[] { 1, float.NaN, 2, 3 }, [1, 4]);
        Assert.False(double.IsFinite(SoftmaxCrossEntropy.BackwardInPlace(logits, 4, tensor(new long[] { 0 }), ones(1))));
    }

    /// <summary>A number of threads that a run sets limits this kernel, too, and changes no bit of its results.</summary>
    [Fact]
    public void TheNumberOfThreadsIsThatOfTheRunAndDoesNotChangeTheResult()
    {
        using var scope = NewDisposeScope();
        int before = get_num_threads();
        try
        {
            manual_seed(3);
            Tensor logits = randn(500, 70), targets = Targets(500, 70), one = logits.clone(), three = logits.clone();
            set_num_threads(1);
            HashSet<int> threads = [];
            SoftmaxCrossEntropy.ForEachRow(2000, row =>
            {
                lock (threads)
                    threads.Add(Environment.CurrentManagedThreadId);
                Thread.SpinWait(1000);
            });
            Assert.Equal([Environment.CurrentManagedThreadId], threads);
            double lossOfOne = SoftmaxCrossEntropy.BackwardInPlace(one, 70, targets, ones(500));
            set_num_threads(3);
            double lossOfThree = SoftmaxCrossEntropy.BackwardInPlace(three, 70, targets, ones(500));
            Assert.Equal(BitConverter.DoubleToInt64Bits(lossOfOne), BitConverter.DoubleToInt64Bits(lossOfThree));
            Assert.True(one.equal(three).all().ToBoolean());
        }
        finally
        {
            set_num_threads(before);
        }
    }

    /// <summary>Creates pseudorandom targets, of which every fifth is excluded.</summary>
    private static Tensor Targets(int rows, int V) =>
        tensor([.. Enumerable.Range(0, rows).Select(i => i % 5 == 4 ? -1L : i * 7919 % V)], int64);
}
