using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Numerics;

namespace Foreword.Torch.Paths.Fused;

/// <summary>
/// Computes the dropout of one place in the model. Whether an element is kept depends only on seed, place, row and column. Nothing is stored: the
/// backward pass draws the same mask again, and the result does not depend on threads or order. Uses .NET's portable 512-bit vectors.
/// </summary>
internal readonly struct DropoutMask
{
    private const uint ColumnFactor = 0x9E3779B9; // 2^32 / golden ratio, so that the keys of neighboring columns are far apart

    private readonly ulong _key;
    private readonly uint _threshold;
    private readonly float _scale;

    /// <summary>Creates the mask of a place.</summary>
    /// <param name="rate">Share of elements that become 0, from 0 to below 1. The other elements are divided by 1 - rate.</param>
    /// <param name="seed">Seed of the micro-batch.</param>
    /// <param name="place">Number of the place in the model.</param>
    public DropoutMask(double rate, long seed, int place)
    {
        _key = SplitMix.Bits((ulong)seed, (ulong)place);
        _threshold = (uint)(rate * 4294967296.0);
        _scale = (float)(1 / (1 - rate));
    }

    /// <summary>Gets whether elements are dropped; false if the rate is 0 or this is <c>default</c>.</summary>
    public bool IsOn
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _threshold != 0;
    }

    /// <summary>Returns the key that all elements of a row share.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint RowKey(long row) => IsOn ? (uint)(SplitMix.Bits(_key, (ulong)row) >> 32) : 0;

    /// <summary>Applies the mask to 16 consecutive elements of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Apply(Vector512<float> values, uint rowKey, int column) =>
        IsOn ? Apply(values, Vector512.Create(rowKey) + (Vector512<uint>.Indices + Vector512.Create((uint)column)) * ColumnFactor) : values;

    /// <summary>Applies the mask to the elements of 16 rows in one column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Apply(Vector512<float> values, Vector512<uint> rowKeys, int column) =>
        IsOn ? Apply(values, rowKeys + Vector512.Create((uint)column * ColumnFactor)) : values;

    /// <summary>Returns the factor of one element: 0 or 1 / (1 - rate).</summary>
    public float Factor(long row, int column) => Apply(Vector512<float>.One, RowKey(row), column)[0];

    /// <summary>
    /// Mixes the bits (the finalizer of MurmurHash3, Appleby), keeps the elements whose bits are not below the threshold, and sets the others to 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> Apply(Vector512<float> values, Vector512<uint> bits)
    {
        bits = (bits ^ (bits >>> 16)) * 0x85EBCA6B;
        bits = (bits ^ (bits >>> 13)) * 0xC2B2AE35;
        bits ^= bits >>> 16;
        return Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(bits, Vector512.Create(_threshold)).AsSingle(), values * _scale, Vector512<float>.Zero);
    }
}
