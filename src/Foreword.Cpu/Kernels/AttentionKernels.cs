using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

// hs head size. The keys of a page are transposed in groups of 16 positions, [4][hs][16]. Scores are then computed side by side, nothing is summed
// across a vector, and a page that is not full is read only in part. Values are [64 positions][hs rounded up to 64].
// One source serves both formats of the cache: T is float or, for bfloat16, ushort, and the JIT compiles each separately. One query and four queries are
// different tiles, because the sums of four need other registers. All of them sum in the same order (by channel, by position), so that a row's numbers
// depend neither on the rows that share its tile nor on how a prompt is divided into passes.

/// <summary>
/// Computes the two products of attention over one page of the KV cache, for four queries together or for one. The code uses the portable 512-bit
/// vectors of .NET: AVX-512 instructions where the processor has them, otherwise two vectors of 256 bits (AVX2) or four of 128 bits (SSE, Arm AdvSimd).
/// </summary>
internal static unsafe class AttentionKernels
{
    /// <summary>Number of positions of a page.</summary>
    public const int PagePositions = 64;

    /// <summary>Number of positions whose keys are stored side by side: one vector of scores.</summary>
    public const int GroupPositions = 16;

    /// <summary>Number of queries that share a pass over keys and values.</summary>
    public const int QueryTile = 4;

    /// <summary>Number of columns of values that stay in registers. The size of a row of values is a multiple of it.</summary>
    public const int ValueTile = 64;

    /// <summary>Computes scores[rows, positions] = scale q[rows, hs] keys. Whole groups of 16 positions are written; no other groups are read.</summary>
    /// <param name="rows">Number of queries: 1 or 4.</param>
    /// <param name="hs">Head size.</param>
    /// <param name="positions">Number of positions of the page that the queries attend to.</param>
    /// <param name="q">The queries.</param>
    /// <param name="qStride">Elements from one query to the next.</param>
    /// <param name="keys">The page's keys for the head.</param>
    /// <param name="scale">Factor of the scores.</param>
    /// <param name="scores">Receives the scores.</param>
    /// <param name="scoreStride">Elements from one query's scores to the next.</param>
    /// <param name="ahead">
    /// Offset in bytes from these keys to the keys that are read next. With one query, the kernel prefetches those, because the streams are too short
    /// for the processor's own prefetcher.
    /// </param>
    /// <typeparam name="T">float, or ushort for bfloat16.</typeparam>
    public static void Scores<T>(int rows, int hs, int positions, float* q, int qStride, T* keys, float scale, float* scores, int scoreStride, long ahead = 0) where T : unmanaged
    {
        if (positions > PagePositions - GroupPositions)
        {
            if (rows == 1)
                Page1(hs, q, keys, scale, scores, ahead);
            else
                Page4(hs, q, qStride, keys, scale, scores, scoreStride);
            return;
        }

        for (int first = 0; first < positions; first += GroupPositions, keys += hs * GroupPositions)
        {
            if (rows == 1)
                Group1(hs, q, keys, scale, scores + first, ahead);
            else
                Group4(hs, q, qStride, keys, scale, scores + first, scoreStride);
        }
    }

    /// <summary>Computes the score of one position whose key is not in a page yet, with the sums of <see cref="Scores"/>.</summary>
    /// <param name="hs">Head size.</param>
    /// <param name="q">The query, [hs].</param>
    /// <param name="key">The key, [hs], rounded to the cache's format.</param>
    /// <param name="scale">Factor of the score.</param>
    public static float Score(int hs, float* q, float* key, float scale)
    {
        Vector128<float> sum = default; // only the lowest element counts: a fused operation on single numbers is the slow library function on some processors
        for (int d = 0; d < hs; d++)
            sum = Vector128.FusedMultiplyAdd(Vector128.CreateScalar(q[d]), Vector128.CreateScalar(key[d]), sum);
        return sum.ToScalar() * scale;
    }

    /// <summary>Writes numbers in the cache's format, and replaces the originals by their rounded values.</summary>
    /// <param name="numbers">The numbers; each receives the value that its rounded form has.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="rounded">Receives the numbers in the cache's format.</param>
    /// <typeparam name="T">float, or ushort for bfloat16.</typeparam>
    public static void Round<T>(float* numbers, int count, T* rounded) where T : unmanaged
    {
        int i = 0;
        for (; i + Vector512<float>.Count <= count; i += Vector512<float>.Count)
        {
            Store(Vector512.Load(numbers + i), rounded + i);
            Load(rounded + i).Store(numbers + i);
        }

        for (; i < count; i++)
        {
            rounded[i] = Number<T>(numbers[i]);
            numbers[i] = typeof(T) == typeof(float) ? numbers[i] : BFloat16Bits.ToSingle((ushort)(object)rounded[i]);
        }
    }

    /// <summary>Writes one position's key into a page.</summary>
    /// <param name="hs">Head size.</param>
    /// <param name="key">The key, [hs].</param>
    /// <param name="keys">The page's keys for the head.</param>
    /// <param name="slot">Index of the position in the page.</param>
    /// <typeparam name="T">float, or ushort for bfloat16.</typeparam>
    public static void StoreKey<T>(int hs, T* key, T* keys, int slot) where T : unmanaged
    {
        T* group = keys + slot / GroupPositions * (long)hs * GroupPositions + slot % GroupPositions;
        if (slot % GroupPositions == 0)
            PrefetchGroup(hs, group);
        for (int d = 0; d < hs; d++)
            group[d * GroupPositions] = key[d];
    }

    /// <summary>Writes the keys of consecutive positions of a page.</summary>
    /// <param name="hs">Head size.</param>
    /// <param name="key">The first position's key; the others follow, <paramref name="stride"/> elements apart.</param>
    /// <param name="stride">Elements from one key to the next.</param>
    /// <param name="count">Number of positions.</param>
    /// <param name="keys">The page's keys for the head.</param>
    /// <param name="slot">Index of the first position in the page.</param>
    /// <typeparam name="T">float, or ushort for bfloat16.</typeparam>
    public static void StoreKeys<T>(int hs, float* key, int stride, int count, T* keys, int slot) where T : unmanaged
    {
        for (int end = slot + count; slot < end;)
        {
            T* group = keys + slot / GroupPositions * (long)hs * GroupPositions + slot % GroupPositions;
            int together = Math.Min(GroupPositions - slot % GroupPositions, end - slot);
            PrefetchGroup(hs, group);
            for (int d = 0; d < hs; d++)
            {
                for (int i = 0; i < together; i++)
                    group[d * GroupPositions + i] = Number<T>(key[(long)i * stride + d]);
            }

            slot += together;
            key += (long)together * stride;
        }
    }

    /// <summary>Writes the values of consecutive positions of a page as rows of <paramref name="width"/> elements; elements after hs are 0.</summary>
    /// <param name="hs">Head size.</param>
    /// <param name="value">The first position's value; the others follow, <paramref name="stride"/> elements apart.</param>
    /// <param name="stride">Elements from one value to the next.</param>
    /// <param name="count">Number of positions.</param>
    /// <param name="values">The first position's row.</param>
    /// <param name="width">Elements from one row to the next.</param>
    /// <typeparam name="T">float, or ushort for bfloat16.</typeparam>
    public static void StoreValues<T>(int hs, float* value, int stride, int count, T* values, int width) where T : unmanaged
    {
        for (int i = 0; i < count; i++, value += stride, values += width)
        {
            int d = 0;
            for (; d + Vector512<float>.Count <= hs; d += Vector512<float>.Count)
                Store(Vector512.Load(value + d), values + d);
            for (; d < hs; d++)
                values[d] = Number<T>(value[d]);
            new Span<T>(values + hs, width - hs).Clear();
        }
    }

    /// <summary>Prefetches all keys of a group, because they are written one element at a time to many cache lines.</summary>
    private static void PrefetchGroup<T>(int hs, T* group) where T : unmanaged
    {
        for (int d = 0; d < hs; d++)
            Prefetch.Line(group + d * GroupPositions);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T>(Vector512<float> values, T* numbers) where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            values.Store((float*)numbers);
        else
            BFloat16.Store(values, (ushort*)numbers);
    }

    /// <summary>Loads 16 numbers of the cache as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load<T>(T* numbers) where T : unmanaged => typeof(T) == typeof(float) ? Vector512.Load((float*)numbers) : BFloat16.Load((ushort*)numbers);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Number<T>(float value) where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            return (T)(object)value;
        return (T)(object)BFloat16Bits.Nearest(value);
    }

    /// <summary>Computes sums[rows, 64] += p[rows, count] values[count, 64].</summary>
    /// <param name="rows">Number of queries: 1 or 4.</param>
    /// <param name="count">Number of positions.</param>
    /// <param name="p">The attention weights of the positions.</param>
    /// <param name="pStride">Elements from one query's weights to the next.</param>
    /// <param name="values">The page's values for the head, starting at a column that is a multiple of 64.</param>
    /// <param name="valueStride">Elements from one position to the next.</param>
    /// <param name="sums">The sums that the products are added to.</param>
    /// <param name="sumStride">Elements from one query's sums to the next.</param>
    /// <param name="ahead">Offset in bytes from these values to the values that are read next, as in <see cref="Scores"/>.</param>
    /// <typeparam name="T">float, or ushort for bfloat16.</typeparam>
    public static void AddValues<T>(int rows, int count, float* p, int pStride, T* values, int valueStride, float* sums, int sumStride, long ahead = 0) where T : unmanaged
    {
        if (rows == 1)
            Sums1(count, p, values, valueStride, sums, ahead);
        else
            Sums4(count, p, pStride, values, valueStride, sums, sumStride);
    }

    /// <summary>Computes destination = sums + p value for one position whose value is not in a page yet.</summary>
    /// <param name="columns">Number of columns, at most 64.</param>
    /// <param name="p">The attention weight of the position.</param>
    /// <param name="value">The value, rounded to the cache's format.</param>
    /// <param name="sums">The sums over the earlier positions, [64].</param>
    /// <param name="destination">Receives the sums; only <paramref name="columns"/> elements are written.</param>
    public static void AddValue(int columns, float p, float* value, float* sums, float* destination)
    {
        int i = 0;
        for (; i + Vector128<float>.Count <= columns; i += Vector128<float>.Count)
            Vector128.FusedMultiplyAdd(Vector128.Create(p), Vector128.Load(value + i), Vector128.Load(sums + i)).Store(destination + i);
        for (; i < columns; i++)
            destination[i] = Vector128.FusedMultiplyAdd(Vector128.CreateScalar(p), Vector128.CreateScalar(value[i]), Vector128.CreateScalar(sums[i])).ToScalar();
    }

    [MethodImpl(Compiled.Apart)]
    private static void Page1<T>(int hs, float* q, T* keys, float scale, float* scores, long ahead) where T : unmanaged
    {
        int group = hs * GroupPositions;
        Vector512<float> s00 = default, s01 = default, s02 = default, s03 = default;
        for (int d = 0; d < hs; d++, keys += GroupPositions)
        {
            byte* next = (byte*)keys + ahead;
            Prefetch.Line(next);
            Prefetch.Line(next + group * sizeof(T));
            Prefetch.Line(next + 2 * group * sizeof(T));
            Prefetch.Line(next + 3 * group * sizeof(T));
            Vector512<float> k0 = Load(keys), k1 = Load(keys + group), k2 = Load(keys + 2 * group), k3 = Load(keys + 3 * group);
            Vector512<float> v0 = Vector512.Create(q[d]);
            s00 = Vector512.FusedMultiplyAdd(v0, k0, s00);
            s01 = Vector512.FusedMultiplyAdd(v0, k1, s01);
            s02 = Vector512.FusedMultiplyAdd(v0, k2, s02);
            s03 = Vector512.FusedMultiplyAdd(v0, k3, s03);
        }

        Put(scores, scale, s00, s01, s02, s03);
    }

    [MethodImpl(Compiled.Apart)]
    private static void Page4<T>(int hs, float* q, int qStride, T* keys, float scale, float* scores, int scoreStride) where T : unmanaged
    {
        float* q1 = q + qStride;
        float* q2 = q1 + qStride;
        float* q3 = q2 + qStride;
        int group = hs * GroupPositions;
        Vector512<float> s00 = default, s01 = default, s02 = default, s03 = default;
        Vector512<float> s10 = default, s11 = default, s12 = default, s13 = default;
        Vector512<float> s20 = default, s21 = default, s22 = default, s23 = default;
        Vector512<float> s30 = default, s31 = default, s32 = default, s33 = default;
        for (int d = 0; d < hs; d++, keys += GroupPositions)
        {
            Vector512<float> k0 = Load(keys), k1 = Load(keys + group), k2 = Load(keys + 2 * group), k3 = Load(keys + 3 * group);
            Vector512<float> v0 = Vector512.Create(q[d]);
            s00 = Vector512.FusedMultiplyAdd(v0, k0, s00);
            s01 = Vector512.FusedMultiplyAdd(v0, k1, s01);
            s02 = Vector512.FusedMultiplyAdd(v0, k2, s02);
            s03 = Vector512.FusedMultiplyAdd(v0, k3, s03);
            Vector512<float> v1 = Vector512.Create(q1[d]);
            s10 = Vector512.FusedMultiplyAdd(v1, k0, s10);
            s11 = Vector512.FusedMultiplyAdd(v1, k1, s11);
            s12 = Vector512.FusedMultiplyAdd(v1, k2, s12);
            s13 = Vector512.FusedMultiplyAdd(v1, k3, s13);
            Vector512<float> v2 = Vector512.Create(q2[d]);
            s20 = Vector512.FusedMultiplyAdd(v2, k0, s20);
            s21 = Vector512.FusedMultiplyAdd(v2, k1, s21);
            s22 = Vector512.FusedMultiplyAdd(v2, k2, s22);
            s23 = Vector512.FusedMultiplyAdd(v2, k3, s23);
            Vector512<float> v3 = Vector512.Create(q3[d]);
            s30 = Vector512.FusedMultiplyAdd(v3, k0, s30);
            s31 = Vector512.FusedMultiplyAdd(v3, k1, s31);
            s32 = Vector512.FusedMultiplyAdd(v3, k2, s32);
            s33 = Vector512.FusedMultiplyAdd(v3, k3, s33);
        }

        Put(scores, scale, s00, s01, s02, s03);
        Put(scores + scoreStride, scale, s10, s11, s12, s13);
        Put(scores + 2 * scoreStride, scale, s20, s21, s22, s23);
        Put(scores + 3 * scoreStride, scale, s30, s31, s32, s33);
    }

    [MethodImpl(Compiled.Apart)]
    private static void Group1<T>(int hs, float* q, T* keys, float scale, float* scores, long ahead) where T : unmanaged
    {
        Vector512<float> sum = default;
        for (int d = 0; d < hs; d++, keys += GroupPositions)
        {
            Prefetch.Line((byte*)keys + ahead);
            Vector512<float> key = Load(keys);
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(q[d]), key, sum);
        }

        (sum * Vector512.Create(scale)).Store(scores);
    }

    [MethodImpl(Compiled.Apart)]
    private static void Group4<T>(int hs, float* q, int qStride, T* keys, float scale, float* scores, int scoreStride) where T : unmanaged
    {
        float* q1 = q + qStride;
        float* q2 = q1 + qStride;
        float* q3 = q2 + qStride;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (int d = 0; d < hs; d++, keys += GroupPositions)
        {
            Vector512<float> key = Load(keys);
            s0 = Vector512.FusedMultiplyAdd(Vector512.Create(q[d]), key, s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.Create(q1[d]), key, s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.Create(q2[d]), key, s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.Create(q3[d]), key, s3);
        }

        Vector512<float> factor = Vector512.Create(scale);
        (s0 * factor).Store(scores);
        (s1 * factor).Store(scores + scoreStride);
        (s2 * factor).Store(scores + 2 * scoreStride);
        (s3 * factor).Store(scores + 3 * scoreStride);
    }

    [MethodImpl(Compiled.Apart)]
    private static void Sums1<T>(int count, float* p, T* values, int valueStride, float* sums, long ahead) where T : unmanaged
    {
        Vector512<float> o00 = Vector512.Load(sums), o01 = Vector512.Load(sums + 16), o02 = Vector512.Load(sums + 32), o03 = Vector512.Load(sums + 48);
        for (int t = 0; t < count; t++, values += valueStride)
        {
            byte* next = (byte*)values + ahead;
            Prefetch.Line(next);
            Prefetch.Line(next + 64);
            if (typeof(T) == typeof(float))
            {
                Prefetch.Line(next + 128);
                Prefetch.Line(next + 192);
            }

            Vector512<float> v0 = Load(values), v1 = Load(values + 16), v2 = Load(values + 32), v3 = Load(values + 48);
            Vector512<float> w0 = Vector512.Create(p[t]);
            o00 = Vector512.FusedMultiplyAdd(w0, v0, o00);
            o01 = Vector512.FusedMultiplyAdd(w0, v1, o01);
            o02 = Vector512.FusedMultiplyAdd(w0, v2, o02);
            o03 = Vector512.FusedMultiplyAdd(w0, v3, o03);
        }

        Put(sums, 1, o00, o01, o02, o03);
    }

    [MethodImpl(Compiled.Apart)]
    private static void Sums4<T>(int count, float* p, int pStride, T* values, int valueStride, float* sums, int sumStride) where T : unmanaged
    {
        float* p1 = p + pStride;
        float* p2 = p1 + pStride;
        float* p3 = p2 + pStride;
        Vector512<float> o00 = Vector512.Load(sums), o01 = Vector512.Load(sums + 16), o02 = Vector512.Load(sums + 32), o03 = Vector512.Load(sums + 48);
        Vector512<float> o10 = Vector512.Load(sums + sumStride), o11 = Vector512.Load(sums + sumStride + 16), o12 = Vector512.Load(sums + sumStride + 32), o13 = Vector512.Load(sums + sumStride + 48);
        Vector512<float> o20 = Vector512.Load(sums + 2 * sumStride), o21 = Vector512.Load(sums + 2 * sumStride + 16), o22 = Vector512.Load(sums + 2 * sumStride + 32), o23 = Vector512.Load(sums + 2 * sumStride + 48);
        Vector512<float> o30 = Vector512.Load(sums + 3 * sumStride), o31 = Vector512.Load(sums + 3 * sumStride + 16), o32 = Vector512.Load(sums + 3 * sumStride + 32), o33 = Vector512.Load(sums + 3 * sumStride + 48);
        for (int t = 0; t < count; t++, values += valueStride)
        {
            Vector512<float> v0 = Load(values), v1 = Load(values + 16), v2 = Load(values + 32), v3 = Load(values + 48);
            Vector512<float> w0 = Vector512.Create(p[t]);
            o00 = Vector512.FusedMultiplyAdd(w0, v0, o00);
            o01 = Vector512.FusedMultiplyAdd(w0, v1, o01);
            o02 = Vector512.FusedMultiplyAdd(w0, v2, o02);
            o03 = Vector512.FusedMultiplyAdd(w0, v3, o03);
            Vector512<float> w1 = Vector512.Create(p1[t]);
            o10 = Vector512.FusedMultiplyAdd(w1, v0, o10);
            o11 = Vector512.FusedMultiplyAdd(w1, v1, o11);
            o12 = Vector512.FusedMultiplyAdd(w1, v2, o12);
            o13 = Vector512.FusedMultiplyAdd(w1, v3, o13);
            Vector512<float> w2 = Vector512.Create(p2[t]);
            o20 = Vector512.FusedMultiplyAdd(w2, v0, o20);
            o21 = Vector512.FusedMultiplyAdd(w2, v1, o21);
            o22 = Vector512.FusedMultiplyAdd(w2, v2, o22);
            o23 = Vector512.FusedMultiplyAdd(w2, v3, o23);
            Vector512<float> w3 = Vector512.Create(p3[t]);
            o30 = Vector512.FusedMultiplyAdd(w3, v0, o30);
            o31 = Vector512.FusedMultiplyAdd(w3, v1, o31);
            o32 = Vector512.FusedMultiplyAdd(w3, v2, o32);
            o33 = Vector512.FusedMultiplyAdd(w3, v3, o33);
        }

        Put(sums, 1, o00, o01, o02, o03);
        Put(sums + sumStride, 1, o10, o11, o12, o13);
        Put(sums + 2 * sumStride, 1, o20, o21, o22, o23);
        Put(sums + 3 * sumStride, 1, o30, o31, o32, o33);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* destination, float scale, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        Vector512<float> factor = Vector512.Create(scale);
        (a * factor).Store(destination);
        (b * factor).Store(destination + 16);
        (c * factor).Store(destination + 32);
        (d * factor).Store(destination + 48);
    }
}
