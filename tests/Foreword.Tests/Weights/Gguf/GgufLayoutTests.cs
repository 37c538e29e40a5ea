using Foreword.Weights.Gguf;

namespace Foreword.Tests.Weights.Gguf;

/// <summary>The layout must be ggml's. Foreword's own reader and writer would agree on a wrong one.</summary>
public sealed class GgufLayoutTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 32)]
    [InlineData(31, 32)]
    [InlineData(32, 32)]
    [InlineData(33, 64)]
    [InlineData(96, 96)]
    public void OffsetsAreRoundedUp(long offset, long aligned) => Assert.Equal(aligned, GgufLayout.Align(offset, 32));

    [Theory]
    [InlineData(GgmlType.F32, new long[] { 1, 1, 1, 1 }, 4L)]
    [InlineData(GgmlType.F32, new long[] { 2, 3, 5 }, 120L)]
    [InlineData(GgmlType.Q8_0, new long[] { 3, 64 }, 204L)] // 6 blocks of 34 bytes
    [InlineData(GgmlType.F32, new long[] { }, null)]
    [InlineData(GgmlType.F32, new long[] { 1, 1, 1, 1, 1 }, null)] // ggml has at most 4 dimensions
    [InlineData(GgmlType.F32, new long[] { 3, 0 }, null)]
    [InlineData(GgmlType.Q8_0, new long[] { 64, 3 }, null)] // a row is not a whole number of blocks
    [InlineData(GgmlType.F32, new long[] { 1L << 61 }, null)]
    [InlineData(GgmlType.F32, new long[] { (1L << 61) - 1 }, long.MaxValue - 3)]
    public void BytesFollowFromTypeAndShape(object type, long[] shape, long? bytes) => Assert.Equal(bytes, GgufLayout.ByteCount((GgmlType)type, shape));
}
