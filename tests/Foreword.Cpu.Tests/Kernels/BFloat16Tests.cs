using System.Runtime.Intrinsics;
using CsCheck;
using Foreword.Cpu.Kernels;
using Foreword.Numerics;

namespace Foreword.Cpu.Tests.Kernels;

public sealed unsafe class BFloat16Tests
{
    /// <summary>Any bits: infinities, subnormals, ties and NaN (which stays one) among them.</summary>
    [Fact]
    public void SixteenAtOnceAreWhatEachOneIs() => Gen.UInt.Array[16].Sample(bits =>
    {
        float[] values = [.. bits.Select(BitConverter.UInt32BitsToSingle)], loaded = new float[16], rounded = new float[16];
        ushort[] stored = new ushort[16];
        fixed (float* pv = values, pl = loaded, pr = rounded)
        fixed (ushort* ps = stored)
        {
            BFloat16.Store(Vector512.Load(pv), ps);
            BFloat16.Load(ps).Store(pl);
            BFloat16.Round(Vector512.Load(pv)).Store(pr);
        }

        for (int i = 0; i < 16; i++)
        {
            float expected = BFloat16Bits.ToSingle(BFloat16Bits.Nearest(values[i]));
            Assert.Equal(expected, loaded[i]);
            Assert.Equal(expected, rounded[i]);
            Assert.Equal(float.IsNaN(expected), float.IsNaN(BFloat16Bits.ToSingle(stored[i])));
        }
    });
}
