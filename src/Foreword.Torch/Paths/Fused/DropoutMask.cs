using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Numerics;

namespace Foreword.Torch.Paths.Fused;

/// <summary>
/// Dropout of one place in the model. Whether an element stays follows from seed, place, row and column alone: nothing is stored, the
/// way back draws the same mask again, and neither threads nor order matter.
/// </summary>
internal readonly struct DropoutMask
{
    private const uint ColumnFactor = 0x9E3779B9; // 2^32 / golden ratio: columns lie far apart

    private readonly ulong _key;
    private readonly uint _threshold;
    private readonly float _scale;

    /// <summary>The mask of a place.</summary>
    /// <param name="rate">Share that becomes 0, 0 to below 1; the rest is divided by 1 - rate.</param>
    /// <param name="seed">Seed of the micro-batch.</param>
    /// <param name="place">Number of the place in the model.</param>
    public DropoutMask(double rate, long seed, int place)
    {
        _key = SplitMix.Bits((ulong)seed, (ulong)place);
        _threshold = (uint)(rate * 4294967296.0);
        _scale = (float)(1 / (1 - rate));
    }

    /// <summary>False where the rate is 0, or this is <c>default</c>: nothing is dropped.</summary>
    public bool IsOn
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _threshold != 0;
    }

    /// <summary>What the elements of a row have in common.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint RowKey(long row) => IsOn ? (uint)(SplitMix.Bits(_key, (ulong)row) >> 32) : 0;

    /// <summary>16 neighbouring elements of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Apply(Vector512<float> values, uint rowKey, int column) =>
        IsOn ? Apply(values, Vector512.Create(rowKey) + (Vector512<uint>.Indices + Vector512.Create((uint)column)) * ColumnFactor) : values;

    /// <summary>The elements of 16 rows in one column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Apply(Vector512<float> values, Vector512<uint> rowKeys, int column) =>
        IsOn ? Apply(values, rowKeys + Vector512.Create((uint)column * ColumnFactor)) : values;

    /// <summary>One element's factor: 0 or 1 / (1 - rate).</summary>
    public float Factor(long row, int column) => Apply(Vector512<float>.One, RowKey(row), column)[0];

    /// <summary>Mixes the bits (the finalizer of MurmurHash3, Appleby) and keeps what lies above the rate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> Apply(Vector512<float> values, Vector512<uint> bits)
    {
        bits = (bits ^ (bits >>> 16)) * 0x85EBCA6B;
        bits = (bits ^ (bits >>> 13)) * 0xC2B2AE35;
        bits ^= bits >>> 16;
        return Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(bits, Vector512.Create(_threshold)).AsSingle(), values * _scale, Vector512<float>.Zero);
    }
}
