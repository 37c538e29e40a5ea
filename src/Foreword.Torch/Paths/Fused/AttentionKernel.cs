using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// B sequences, T tokens, Tp = T rounded up to a multiple of 64, nh heads, hs head size, hp = hs rounded up to a multiple of 32, C = nh hs.
// S scores, P probabilities, O output; dX is the gradient of the loss with respect to X.

/// <summary>
/// Computes causal attention, softmax(q kᵀ / sqrt(hs)) v, forward and backward. One head of one sequence is a work item; it is processed in blocks of
/// 64 queries (forward) or 64 keys (backward). Scores outside the causal range of a block are never computed, and scores never leave the processor's
/// cache. The backward pass recomputes the probabilities from the logarithm of each row's sum, like FlashAttention (Dao et al. 2022, algorithm 4).
/// Softmax and sums are float32. Products use <see cref="MicroKernel"/>; the rest uses .NET's portable 512-bit vectors, which run as AVX-512
/// instructions or as pairs of AVX2 vectors.
/// </summary>
internal static unsafe class AttentionKernel<T> where T : unmanaged, IElement<T>
{
    private const int Block = 64;

    /// <summary>Returns the number of elements of the logarithms of sums that <see cref="Forward"/> writes.</summary>
    public static long SumsSize(AttentionShape shape) => (long)shape.B * shape.Heads * shape.PaddedT;

    /// <summary>Computes the attention of all heads.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="shape">Sizes and dropout.</param>
    /// <param name="qkv">Queries, keys and values, [B T, 3 C].</param>
    /// <param name="output">Receives the result rounded, [B T, C].</param>
    /// <param name="exact">Receives the result unrounded in float32, [B T, C].</param>
    /// <param name="logSums">Receives the logarithms of the softmax sums for the backward pass, [B nh, Tp].</param>
    public static void Forward(Workspace work, AttentionShape shape, T* qkv, T* output, float* exact, float* logSums)
    {
        using StepProfile.Lap lap = work.Time("attention", 4.0 * shape.SeenPairs * shape.C);
        int Tp = shape.PaddedT, hp = shape.PaddedHead;
        var mark = work.Mark();
        T* rows = work.TakeForEachWorker<T>(3L * Tp * hp);
        T* packs = work.TakeForEachWorker<T>(2L * Tp * hp);
        float* scores = work.TakeForEachWorker<float>((long)Block * Tp);
        T* probabilities = work.TakeForEachWorker<T>((long)Block * Tp);
        float* outputs = work.TakeForEachWorker<float>(Block * hp + Block);
        work.Workers.ForEach(shape.B * shape.Heads, (worker, item) =>
        {
            T* copy = rows + worker * 3L * Tp * hp;
            Rows q = HeadRows(shape, qkv, 3, item, 0, copy), k = HeadRows(shape, qkv, 3, item, 1, copy + Tp * hp), v = HeadRows(shape, qkv, 3, item, 2, copy + 2 * Tp * hp);
            T* kT = packs + worker * 2L * Tp * hp, vPacked = kT + Tp * hp; // (hp, Tp), (Tp, hp)
            Packing<T>.PackTransposed(k.First, k.Stride, Tp, hp, kT, Tp);
            Packing<T>.PackRows(v.First, v.Stride, Tp, hp, vPacked, hp);
            float* S = scores + (long)worker * Block * Tp, O = outputs + (long)worker * (Block * hp + Block), inverse = O + Block * hp;
            T* P = probabilities + (long)worker * Block * Tp;
            for (int first = 0; first < shape.T; first += Block)
            {
                int seen = first + Block;
                T.Multiply(Block, seen, hp, q.First + first * q.Stride, q.Stride, kT, Tp, S, seen, add: false); // (64, hp) x (hp, seen)
                for (int r = 0; shape.Packed is not null && r < Math.Min(Block, shape.T - first); r++)
                    shape.Packed.Hide(item / shape.Heads, first + r, new Span<float>(S + (long)r * seen, seen));
                for (int r = 0; r < Block; r++)
                    logSums[(long)item * Tp + first + r] = Softmax(S + (long)r * seen, P + (long)r * seen, first + r + 1, seen, shape, shape.RowKey(item, first + r), inverse + r);
                T.Multiply(Block, hp, seen, P, seen, vPacked, hp, O, hp, add: false); // (64, seen) x (seen, hp)
                for (int r = 0; r < Math.Min(Block, shape.T - first); r++)
                {
                    long place = shape.Place(item, first + r, 1, 0);
                    Scale(O + r * hp, inverse[r], shape.HeadSize, output + place, exact + place);
                }
            }
        });
        work.Release(mark);
    }

    /// <summary>Computes the gradient of the loss with respect to queries, keys and values.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="shape">Sizes and dropout.</param>
    /// <param name="qkv">The forward pass's queries, keys and values, [B T, 3 C].</param>
    /// <param name="exact">The forward pass's output, float32 [B T, C].</param>
    /// <param name="logSums">The forward pass's logarithms of sums.</param>
    /// <param name="gradient">Gradient with respect to the output, [B T, C].</param>
    /// <param name="result">Receives the gradient with respect to <paramref name="qkv"/>, [B T, 3 C].</param>
    public static void Backward(Workspace work, AttentionShape shape, T* qkv, float* exact, float* logSums, T* gradient, T* result)
    {
        using StepProfile.Lap lap = work.Time("attention backward", 10.0 * shape.SeenPairs * shape.C);
        int Tp = shape.PaddedT, hp = shape.PaddedHead, size = Tp * hp;
        var mark = work.Mark();
        T* rows = work.TakeForEachWorker<T>(4L * size);
        T* packs = work.TakeForEachWorker<T>(5L * size);
        float* floats = work.TakeForEachWorker<float>(2L * Block * Tp + size + Block * hp + Tp);
        T* blocks = work.TakeForEachWorker<T>(3L * Block * Tp);
        uint* keys = work.TakeForEachWorker<uint>(Tp);
        int* hidden = shape.Packed is { } packed ? HiddenKeys(work, packed, shape) : null;
        work.Workers.ForEach(shape.B * shape.Heads, (worker, item) =>
        {
            T* copy = rows + worker * 4L * size, pack = packs + worker * 5L * size;
            Rows q = HeadRows(shape, qkv, 3, item, 0, copy), k = HeadRows(shape, qkv, 3, item, 1, copy + size), v = HeadRows(shape, qkv, 3, item, 2, copy + 2 * size);
            Rows dO = HeadRows(shape, gradient, 1, item, 0, copy + 3 * size);
            T* qT = pack, dOT = pack + size, qPacked = pack + 2 * size, dOPacked = pack + 3 * size, kPacked = pack + 4 * size;
            Packing<T>.PackTransposed(q.First, q.Stride, Tp, hp, qT, Tp); // (hp, Tp)
            Packing<T>.PackTransposed(dO.First, dO.Stride, Tp, hp, dOT, Tp);
            Packing<T>.PackRows(q.First, q.Stride, Tp, hp, qPacked, hp); // (Tp, hp)
            Packing<T>.PackRows(dO.First, dO.Stride, Tp, hp, dOPacked, hp);
            Packing<T>.PackRows(k.First, k.Stride, Tp, hp, kPacked, hp);
            float* ST = floats + worker * (2L * Block * Tp + size + Block * hp + Tp), dPT = ST + Block * Tp, dQ = dPT + Block * Tp, sum = dQ + size, D = sum + Block * hp;
            T* PT = blocks + worker * 3L * Block * Tp, dST = PT + Block * Tp, dS = dST + Block * Tp;
            uint* rowKeys = keys + (long)worker * Tp;
            for (int t = 0; t < Tp; t++)
            {
                D[t] = t < shape.T ? Dot(gradient + shape.Place(item, t, 1, 0), exact + shape.Place(item, t, 1, 0), shape.HeadSize) : 0;
                rowKeys[t] = shape.RowKey(item, t);
            }

            int* from = hidden is null ? null : hidden + (long)(item / shape.Heads) * 2 * Tp, to = from + Tp;
            for (int first = 0; first < shape.T; first += Block) // first key of the block; only queries from this position on attend to these keys
            {
                int seeing = Tp - first, counted = Math.Min(Block, shape.T - first);
                T.Multiply(Block, seeing, hp, k.First + first * k.Stride, k.Stride, qT + first * T.PerWord, Tp, ST, seeing, add: false);
                T.Multiply(Block, seeing, hp, v.First + first * v.Stride, v.Stride, dOT + first * T.PerWord, Tp, dPT, seeing, add: false);
                for (int r = 0; r < Block; r++)
                {
                    long row = (long)r * seeing;
                    ScoreGradients(ST + row, dPT + row, logSums + (long)item * Tp + first, D + first, PT + row, dST + row, r, seeing, shape, rowKeys + first, first + r);
                    if (hidden is not null)
                        Hide(PT + row, dST + row, from + first, to + first, seeing, first + r);
                }

                T.Multiply(Block, hp, seeing, PT, seeing, dOPacked + first * hp, hp, sum, hp, add: false); // dV = Pᵀ dO
                Store(sum, hp, shape, item, first, counted, 2, result);
                T.Multiply(Block, hp, seeing, dST, seeing, qPacked + first * hp, hp, sum, hp, add: false); // dK = dSᵀ Q
                Store(sum, hp, shape, item, first, counted, 1, result);
                Packing<T>.Transpose(dST, seeing, Block, seeing, dS, Block);
                T.Multiply(seeing, hp, Block, dS, Block, kPacked + first * hp, hp, dQ + first * hp, hp, add: first > 0); // dQ += dS K
            }

            Store(dQ, hp, shape, item, 0, shape.T, 0, result);
        });
        work.Release(mark);
    }

    /// <summary>
    /// Converts one row of scores to unscaled probabilities e^(s - max) and applies dropout. The probabilities of later tokens are 0. Also writes the
    /// factor that turns the row's output into one of true probabilities.
    /// </summary>
    /// <returns>The logarithm of the sum of e^s.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Softmax(float* scores, T* probabilities, int visible, int width, AttentionShape shape, uint rowKey, float* inverse)
    {
        for (int i = visible; i < width; i++)
            scores[i] = float.NegativeInfinity;
        Vector512<float> maxima = Vector512.Create(float.NegativeInfinity), scale = Vector512.Create(shape.Scale), sums = Vector512<float>.Zero;
        for (int i = 0; i < width; i += Vector512<float>.Count)
            maxima = Vector512.MaxNative(maxima, Vector512.Load(scores + i));
        float max = VectorMath.Max(maxima) * shape.Scale;
        Vector512<float> shift = Vector512.Create(max);
        for (int i = 0; i < width; i += Vector512<float>.Count)
        {
            Vector512<float> e = VectorMath.Exp(Vector512.Load(scores + i) * scale - shift);
            sums += e;
            T.Store(shape.Dropout.Apply(e, rowKey, i), probabilities + i);
        }

        float sum = Vector512.Sum(sums);
        *inverse = 1 / sum;
        return max + MathF.Log(sum);
    }

    /// <summary>Computes one key's column of P and of dS = P (dP - D) / sqrt(hs). D is the sum of P dP over the row, which equals dO · O.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreGradients(
        float* scores, float* gradients, float* logSums, float* D, T* probabilities, T* result, int blind, int width, AttentionShape shape, uint* rowKeys, int key)
    {
        Vector512<float> scale = Vector512.Create(shape.Scale);
        Vector512<int> query = Vector512<int>.Indices, first = Vector512.Create(blind);
        for (int i = 0; i < width; i += Vector512<float>.Count, query += Vector512.Create(Vector512<float>.Count))
        {
            // If the query attends to the key, the difference is at most 0, apart from rounding.
            Vector512<float> e = VectorMath.Exp(Vector512.MinNative(Vector512.Load(scores + i) * scale - Vector512.Load(logSums + i), Vector512.Create(1f)));
            e = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(query, first).AsSingle(), e, Vector512<float>.Zero);
            Vector512<float> kept = shape.Dropout.Apply(e, Vector512.Load(rowKeys + i), key), gradient = shape.Dropout.Apply(Vector512.Load(gradients + i), Vector512.Load(rowKeys + i), key);
            T.Store(kept, probabilities + i);
            T.Store(e * (gradient - Vector512.Load(D + i)) * scale, result + i);
        }
    }

    /// <summary>Clears the probabilities and the gradients of the queries that do not attend to a key.</summary>
    private static void Hide(T* probabilities, T* gradients, int* from, int* to, int width, int key)
    {
        for (int i = 0; i < width; i++)
        {
            if (from[i] <= key && key < to[i])
                (probabilities[i], gradients[i]) = (default, default);
        }
    }

    /// <summary>Returns the range of keys that each query does not attend to: for each sequence Tp beginnings, then Tp ends.</summary>
    private static int* HiddenKeys(Workspace work, SequencePacking packed, AttentionShape shape)
    {
        int Tp = shape.PaddedT;
        int* ranges = work.Take<int>(2L * shape.B * Tp);
        new Span<int>(ranges, 2 * shape.B * Tp).Clear(); // the queries that are padding hide nothing, and their gradients are 0
        (int[] from, int[] to) = packed.Hidden;
        for (int row = 0; row < shape.B; row++)
        {
            from.AsSpan(row * shape.T, shape.T).CopyTo(new Span<int>(ranges + (long)row * 2 * Tp, shape.T));
            to.AsSpan(row * shape.T, shape.T).CopyTo(new Span<int>(ranges + (long)row * 2 * Tp + Tp, shape.T));
        }

        return ranges;
    }

    /// <summary>Rounds the rows of a head and writes them to its columns of the queries (part 0), keys (1) or values (2).</summary>
    private static void Store(float* source, int stride, AttentionShape shape, int item, int first, int count, int part, T* result)
    {
        for (int r = 0; r < count; r++)
            Scale(source + (long)r * stride, 1, shape.HeadSize, result + shape.Place(item, first + r, 3, part), null);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float* source, float factor, int count, T* rounded, float* exact)
    {
        int i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            Vector512<float> value = Vector512.Load(source + i) * factor;
            T.Store(value, rounded + i);
            if (exact is not null)
                value.Store(exact + i);
        }

        for (; i < count; i++)
        {
            T.Set(source[i] * factor, rounded + i);
            if (exact is not null)
                exact[i] = source[i] * factor;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(T* a, float* b, int count)
    {
        Vector512<float> sums = Vector512<float>.Zero;
        int i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
            sums = Vector512.FusedMultiplyAdd(T.Load(a + i), Vector512.Load(b + i), sums);
        float sum = Vector512.Sum(sums);
        for (; i < count; i++)
            sum += T.Get(a + i) * b[i];
        return sum;
    }

    /// <summary>Returns the rows [Tp, hp] of one head. They are used in place if the sizes fit the blocks; otherwise a copy is padded with zeros.</summary>
    private static Rows HeadRows(AttentionShape shape, T* matrix, int parts, int item, int part, T* copy)
    {
        T* first = matrix + shape.Place(item, 0, parts, part);
        int hs = shape.HeadSize, hp = shape.PaddedHead, stride = parts * shape.C;
        if (shape.T == shape.PaddedT && hs == hp)
            return new Rows(first, stride);
        new Span<T>(copy, shape.PaddedT * hp).Clear();
        for (int t = 0; t < shape.T; t++)
            new Span<T>(first + (long)t * stride, hs).CopyTo(new Span<T>(copy + (long)t * hp, hs));
        return new Rows(copy, hp);
    }

    private readonly struct Rows(T* first, long stride)
    {
        public readonly T* First = first;
        public readonly long Stride = stride;
    }
}

/// <summary>The sizes of an attention and its dropout.</summary>
/// <param name="B">Number of sequences.</param>
/// <param name="T">Number of tokens per sequence.</param>
/// <param name="Heads">nh, the number of heads.</param>
/// <param name="HeadSize">hs, the head size.</param>
/// <param name="Dropout">The dropout on the probabilities. It has a row for each sequence, head and query, and a column for each key.</param>
/// <param name="Packed">The tokens that each token can attend to, if rows hold several sequences; null otherwise.</param>
internal readonly record struct AttentionShape(int B, int T, int Heads, int HeadSize, DropoutMask Dropout, SequencePacking? Packed = null)
{
    /// <summary>Gets C, the number of channels.</summary>
    public int C => Heads * HeadSize;

    /// <summary>Gets Tp, the number of tokens rounded up to a multiple of 64.</summary>
    public int PaddedT => (T + 63) / 64 * 64;

    /// <summary>Gets hp, the head size rounded up to a multiple of 32.</summary>
    public int PaddedHead => (HeadSize + 31) / 32 * 32;

    /// <summary>Gets the number of pairs of a query and a key that it attends to.</summary>
    public double SeenPairs => (double)B * T * (T + 1) / 2;

    /// <summary>Gets 1 / sqrt(hs) (Vaswani et al. 2017, equation 1).</summary>
    public float Scale => 1 / MathF.Sqrt(HeadSize);

    /// <summary>Returns the index at which a head's row begins in a matrix [B T, parts C].</summary>
    /// <param name="item">Sequence and head: b nh + h.</param>
    /// <param name="t">The token.</param>
    /// <param name="parts">3 if queries, keys and values are side by side; otherwise 1.</param>
    /// <param name="part">Index of the part, 0 to parts - 1.</param>
    public long Place(int item, int t, int parts, int part) => ((long)(item / Heads) * T + t) * parts * C + (long)part * C + item % Heads * HeadSize;

    /// <summary>Returns the dropout key of a query.</summary>
    public uint RowKey(int item, int t) => Dropout.RowKey((long)item * T + t);
}
