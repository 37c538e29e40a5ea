using System.Runtime.Intrinsics.X86;
using Foreword.Torch.Paths.Fused;

namespace Foreword.Torch.Tests.Paths.Fused;

public sealed unsafe class TranspositionTests
{
    [Fact]
    public void SixteenRowsBecomeColumns()
    {
        Assert.SkipUnless(Avx2.IsSupported, "this processor has no AVX2");
        const int Stride = 19, DestinationStride = 21;
        uint[] source = [.. Enumerable.Range(0, 16 * Stride).Select(i => (uint)i)], destination = new uint[16 * DestinationStride];
        fixed (uint* from = source, to = destination)
            Transposition.Of16(from, Stride, to, DestinationStride);
        for (int row = 0; row < 16; row++)
        {
            for (int column = 0; column < DestinationStride; column++)
                Assert.Equal(column < 16 ? source[column * Stride + row] : 0, destination[row * DestinationStride + column]);
        }
    }
}
