using System.Runtime.InteropServices;
using Foreword.Numerics;
using Foreword.Torch.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Paths.Fused;

/// <summary>
/// The threads and memory of the fused kernels. Memory is allocated like a stack and kept for the whole run, because the first touch of a page costs
/// more than all work on it in a step. Allocated memory is not initialized.
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

    /// <summary>Creates an empty workspace.</summary>
    /// <param name="threads">Number of threads that the loops run on.</param>
    /// <param name="profile">Receives the kernels' times; null to measure nothing.</param>
    public Workspace(int threads, StepProfile? profile = null) => (Workers, _profile) = (WorkerPool.Of(threads), profile);

    /// <summary>Gets the threads.</summary>
    public WorkerPool Workers { get; }

    /// <summary>Gets the largest amount of memory that was allocated at one time, in bytes.</summary>
    public long MostBytes => _most;

    /// <summary>Gets the amount of memory that is allocated now, in bytes.</summary>
    public long UsedBytes => _chunks.Take(_chunk).Sum(chunk => chunk.Bytes) + _used;

    private long HeldBytes => _chunks.Sum(chunk => chunk.Bytes);

    /// <summary>Times an operation until the lap is disposed; measures nothing if there is no profile.</summary>
    public StepProfile.Lap Time(string operation, double flops = 0) => _profile?.Time(operation, flops) ?? default;

    /// <summary>Times a product, [M, K] times [K, N].</summary>
    public StepProfile.Lap TimeProduct(string operation, int M, int N, int K) => _profile?.Time($"{operation} {M} x {N}, inner {K}", 2.0 * M * N * K) ?? default;

    /// <summary>Allocates memory for <paramref name="count"/> elements, aligned to a cache line.</summary>
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

    /// <summary>Allocates memory for <paramref name="count"/> elements per worker. The memory of a worker begins at <c>memory + worker * count</c>.</summary>
    public T* TakeForEachWorker<T>(long count) where T : unmanaged => Take<T>(count * Workers.Threads);

    /// <summary>Returns the current position of the stack, for <see cref="Release"/>.</summary>
    public (int Chunk, long Used) Mark() => (_chunk, _used);

    /// <summary>Frees all memory that was allocated since the mark.</summary>
    public void Release((int Chunk, long Used) mark) => (_chunk, _used) = mark;

    /// <summary>Frees all memory. If it consists of several chunks, they are replaced with one chunk of the size that was needed.</summary>
    public void Reset()
    {
        (_chunk, _used) = (-1, 0);
        if (_chunks.Count <= 1)
            return;
        FreeChunks();
        _chunks.Add(Allocate(_most));
    }

    /// <summary>
    /// Returns the destination of a parameter's gradient. If the parameter has no gradient, the tensor of an earlier step or a new one becomes its
    /// gradient; the current backward pass must write it.
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
            TensorMemory.AdviseHugePages(kept);
        }

        parameter.grad = kept;
        return new Gradient(TensorMemory.Float32(kept), false);
    }

    /// <summary>Returns the destination of a gradient that is only added to. A gradient that is new in this backward pass is set to 0.</summary>
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
