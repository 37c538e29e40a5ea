using System.Diagnostics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Foreword.Cli.Commands.Bench;

namespace Foreword.Bench;

/// <summary>
/// Runs a GGUF model in llama.cpp through its C interface. Only the functions needed for measurements are declared. The structures that the
/// interface passes by value are opaque here, and longer than the real ones. Only fields that have been the first ones for years are set.
/// </summary>
internal sealed unsafe class LlamaCpp : IDisposable
{
    private const int Q4_0 = 2; // enum llama_ftype

    private readonly nint _library;
    private readonly void* _model;
    private readonly void* _context;
    private readonly int _vocabSize;

    /// <summary>Loads libllama and its backends from a directory, and then a model.</summary>
    /// <param name="libraries">Directory of libggml-base, libggml, libggml-cpu-* and libllama.</param>
    /// <param name="gguf">The model.</param>
    /// <param name="vocabSize">Number of ids of the model.</param>
    /// <param name="threads">Number of threads that compute.</param>
    public LlamaCpp(string libraries, string gguf, int vocabSize, int threads)
    {
        _library = Library(libraries);
        _vocabSize = vocabSize;
        Blob model = default, context = default;
        ((delegate* unmanaged<Blob*, void*>)Export("llama_model_default_params"))(&model);
        fixed (byte* path = Text(gguf))
            _model = ((delegate* unmanaged<byte*, Blob, void*>)Export("llama_model_load_from_file"))(path, model);
        if (_model == null)
            throw new InvalidDataException($"llama.cpp does not read {gguf}");
        ((delegate* unmanaged<Blob*, void*>)Export("llama_context_default_params"))(&context);
        uint* fields = (uint*)&context; // n_ctx, n_batch, n_ubatch
        (fields[0], fields[1], fields[2]) = (1024, 512, 512);
        _context = ((delegate* unmanaged<void*, Blob, void*>)Export("llama_init_from_model"))(_model, context);
        ((delegate* unmanaged<void*, int, int, void>)Export("llama_set_n_threads"))(_context, threads, threads);
    }

    /// <summary>Writes a model in llama.cpp's 4-bit format.</summary>
    public static void QuantizeToQ4(string libraries, string from, string to)
    {
        nint library = Library(libraries);
        Blob parameters = default;
        ((delegate* unmanaged<Blob*, void*>)NativeLibrary.GetExport(library, "llama_model_quantize_default_params"))(&parameters);
        ((int*)&parameters)[1] = Q4_0; // nthread, ftype
        var quantize = (delegate* unmanaged<byte*, byte*, Blob*, uint>)NativeLibrary.GetExport(library, "llama_model_quantize");
        byte[] source = Text(from), target = Text(to);
        fixed (byte* input = source, output = target)
        {
            if (quantize(input, output, &parameters) != 0)
                throw new InvalidDataException($"llama.cpp does not quantize {from}");
        }
    }

    /// <summary>Measures tokens per second of greedy decoding after a prompt, as in <see cref="DecodeMeasurement"/>.</summary>
    public double Decode(int prompt, int tokens)
    {
        Clear();
        int next = Read([.. Enumerable.Range(0, prompt).Select(i => (i * 7919 + 13) % _vocabSize)]);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++)
            next = Read([next]);
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Measures tokens per second of prefilling a prompt in one call.</summary>
    public double Prefill(int tokens)
    {
        Clear();
        int[] ids = [.. Enumerable.Range(0, tokens).Select(i => (i * 7919 + 13) % _vocabSize)];
        long start = Stopwatch.GetTimestamp();
        Read(ids);
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        ((delegate* unmanaged<void*, void>)Export("llama_free"))(_context);
        ((delegate* unmanaged<void*, void>)Export("llama_model_free"))(_model);
    }

    /// <summary>Reads tokens and returns the most likely next one.</summary>
    private int Read(int[] ids)
    {
        Batch batch = default;
        fixed (int* tokens = ids)
        {
            ((delegate* unmanaged<Batch*, int*, int, void*>)Export("llama_batch_get_one"))(&batch, tokens, ids.Length);
            if (((delegate* unmanaged<void*, Batch, int>)Export("llama_decode"))(_context, batch) != 0)
                throw new InvalidOperationException("llama_decode failed");
        }

        float* logits = ((delegate* unmanaged<void*, int, float*>)Export("llama_get_logits_ith"))(_context, -1);
        return TensorPrimitives.IndexOfMax(new ReadOnlySpan<float>(logits, _vocabSize));
    }

    private void Clear() =>
        ((delegate* unmanaged<void*, byte, void>)Export("llama_memory_clear"))(((delegate* unmanaged<void*, void*>)Export("llama_get_memory"))(_context), 1);

    private void* Export(string name) => (void*)NativeLibrary.GetExport(_library, name);

    private static nint Library(string directory)
    {
        string Named(string pattern) => Directory.GetFiles(directory, pattern).Order(StringComparer.Ordinal).FirstOrDefault() ?? throw new FileNotFoundException($"{directory} holds no {pattern}");
        NativeLibrary.Load(Named("libggml-base*"));
        nint ggml = NativeLibrary.Load(Directory.GetFiles(directory, "libggml.*").Order(StringComparer.Ordinal).First());
        nint llama = NativeLibrary.Load(Directory.GetFiles(directory, "libllama.*").Order(StringComparer.Ordinal).First());
        fixed (byte* path = Text(directory))
            ((delegate* unmanaged<byte*, void>)NativeLibrary.GetExport(ggml, "ggml_backend_load_all_from_path"))(path);
        var silent = (delegate* unmanaged<int, byte*, void*, void>)&Ignore;
        ((delegate* unmanaged<void*, void*, void>)NativeLibrary.GetExport(llama, "llama_log_set"))(silent, null);
        ((delegate* unmanaged<void>)NativeLibrary.GetExport(llama, "llama_backend_init"))();
        return llama;
    }

    [UnmanagedCallersOnly]
    private static void Ignore(int level, byte* text, void* data)
    {
    }

    private static byte[] Text(string text) => [.. System.Text.Encoding.UTF8.GetBytes(text), 0];

    /// <summary>The memory of a structure of parameters.</summary>
    [InlineArray(64)]
    private struct Blob
    {
        private long _first;
    }

    /// <summary>The structure <c>llama_batch</c>: a number and six pointers.</summary>
    [InlineArray(7)]
    private struct Batch
    {
        private long _first;
    }
}
