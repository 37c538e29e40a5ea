using System.Runtime.InteropServices;
using Foreword.Torch.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Paths.Fused;

/// <summary>
/// Threads and memory of the fused kernels. Memory is handed out like a stack and kept for the whole run: the first touch of a page
/// costs more than all that is done with it in a step. What is handed out holds arbitrary numbers.
/// </summary>
internal sealed unsafe class Workspace : IDisposable
{
    private const long LineBytes = 64, SmallestChunk = 64L << 20;

    private readonly Dictionary<Parameter, Tensor> _gradients = new(ReferenceEqualityComparer.Instance);
    private readonly List<(nint Address, long Bytes)> _chunks = [];
    private int _chunk = -1;
    private long _used;
    private long _most;

    private readonly StepProfile? _profile;

    /// <summary>An empty workspace.</summary>
    /// <param name="threads">Threads that the loops run on.</param>
    /// <param name="profile">Where the kernels' times go, or null.</param>
    public Workspace(int threads, StepProfile? profile = null) => (Workers, _profile) = (WorkerPool.Of(threads), profile);

    /// <summary>The threads.</summary>
    public WorkerPool Workers { get; }

    /// <summary>The most that was handed out at one time, in bytes.</summary>
    public long MostBytes => _most;

    /// <summary>What is handed out now, in bytes.</summary>
    public long UsedBytes => _chunks.Take(_chunk).Sum(chunk => chunk.Bytes) + _used;

    private long HeldBytes => _chunks.Sum(chunk => chunk.Bytes);

    /// <summary>Times an operation until the lap is disposed, where there is a profile.</summary>
    public StepProfile.Lap Time(string operation, double flops = 0) => _profile?.Time(operation, flops) ?? default;

    /// <summary>Times a product, [M, K] times [K, N].</summary>
    public StepProfile.Lap TimeProduct(string operation, int M, int N, int K) => _profile?.Time($"{operation} {M} x {N}, inner {K}", 2.0 * M * N * K) ?? default;

    /// <summary>Memory for that many elements, at the beginning of a cache line.</summary>
    public T* Take<T>(long count) where T : unmanaged
    {
        long bytes = (count * sizeof(T) + LineBytes - 1) / LineBytes * LineBytes;
        while (_chunk < 0 || _used + bytes > _chunks[_chunk].Bytes)
        {
            if (_chunk + 1 == _chunks.Count)
                _chunks.Add(Allocate(Math.Max(bytes, Math.Max(SmallestChunk, HeldBytes / 2))));
            (_chunk, _used) = (_chunk + 1, 0);
        }

        T* memory = (T*)(_chunks[_chunk].Address + (nint)_used);
        _used += bytes;
        _most = Math.Max(_most, UsedBytes);
        return memory;
    }

    /// <summary>Memory for that many elements for each worker; <c>memory + worker * count</c> is a worker's own.</summary>
    public T* TakeForEachWorker<T>(long count) where T : unmanaged => Take<T>(count * Workers.Threads);

    /// <summary>Where the stack stands, for <see cref="Release"/>.</summary>
    public (int Chunk, long Used) Mark() => (_chunk, _used);

    /// <summary>Takes back all that was handed out since the mark.</summary>
    public void Release((int Chunk, long Used) mark) => (_chunk, _used) = mark;

    /// <summary>Takes back everything; memory that grew in pieces becomes one piece, as large as was needed.</summary>
    public void Reset()
    {
        (_chunk, _used) = (-1, 0);
        if (_chunks.Count <= 1)
            return;
        FreeChunks();
        _chunks.Add(Allocate(_most));
    }

    /// <summary>
    /// The place of a parameter's gradient; where it has none, the one of the step before, or a new one, becomes it and must be written in
    /// this backward.
    /// </summary>
    public Gradient GradientOf(Parameter parameter)
    {
        if (!parameter.requires_grad)
            return default;
        using var scope = NewDisposeScope();
        if (parameter.grad is { } present)
            return new Gradient(TensorMemory.Float32(present), true);
        if (!_gradients.TryGetValue(parameter, out Tensor? kept))
        {
            using var noGradient = no_grad();
            kept = _gradients[parameter] = empty_like(parameter).DetachFromDisposeScope();
            HugePages.AskFor(kept);
        }

        parameter.grad = kept;
        return new Gradient(TensorMemory.Float32(kept), false);
    }

    /// <summary>The same for a gradient that is only ever added to: one that begins in this backward begins at 0.</summary>
    public Gradient GradientOfSum(Parameter parameter)
    {
        Gradient gradient = GradientOf(parameter);
        if (gradient is { Adds: false, Address: not null })
            new Span<float>(gradient.Address, checked((int)parameter.NumberOfElements)).Clear();
        return new Gradient(gradient.Address, true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor gradient in _gradients.Values)
            gradient.Dispose();
        _gradients.Clear();
        FreeChunks();
    }

    private void FreeChunks()
    {
        foreach ((nint address, _) in _chunks)
            NativeMemory.AlignedFree((void*)address);
        _chunks.Clear();
    }

    private static (nint Address, long Bytes) Allocate(long bytes)
    {
        bytes = (bytes + HugePages.Size - 1) / HugePages.Size * HugePages.Size;
        void* memory = NativeMemory.AlignedAlloc((nuint)bytes, HugePages.Size);
        HugePages.Advise((nint)memory, bytes);
        return ((nint)memory, bytes);
    }
}
