using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Foreword.Models;
using Foreword.Tests;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Bench;

/// <summary>
/// Measures weights formats at full size. Creates a model of random numbers. Runs <c>foreword convert</c> from every given model into every
/// format that can be written, and reports a hash of all numbers, the time and the peak of memory. Also opens several hundred thousand
/// damaged models.
/// </summary>
internal static class FormatBenchmark
{
    private static readonly (string Model, string[] Files)[] Fuzzed =
    [
        ("golden/gpt2-tiny", ["model.safetensors", "config.json"]),
        ("formats/pytorch-zip", ["pytorch_model.bin"]),
        ("formats/pytorch-legacy", ["pytorch_model.bin"]),
        ("formats/pytorch-sharded", ["pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"]),
        ("formats/openai-gpt1", ["params_0.npy", "params_9.npy", "params_shapes.json", "config.json"]),
        ("formats/openai-gpt2", ["model.ckpt.index", "hparams.json", "model.ckpt.data-00000-of-00001"]),
        ("formats/llm.c/gpt2_tiny.bin", []),
    ];

    /// <summary>Writes a Hugging Face directory with float32 weights from N(0, 0.02).</summary>
    public static void Make(string preset, string directory)
    {
        GptConfig config = GptConfig.Preset(preset);
        Directory.CreateDirectory(directory);
        HuggingFaceConfig.Write(directory, config);
        Random random = new(1);
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in GptParameter.Of(config))
            writer.Add(HuggingFaceNameMap.FileName(parameter.Name, config.Architecture), TensorDType.F32, parameter.Shape, stream => WriteNormal(stream, random, parameter.Shape));
        writer.Save(Path.Combine(directory, "model.safetensors"));
    }

    /// <summary>Converts every model into every format in float32 and prints time and memory. Returns an error code if two hashes differ.</summary>
    /// <param name="foreword">The built command line, <c>foreword.dll</c>.</param>
    /// <param name="work">A directory for the results, which are deleted afterwards.</param>
    /// <param name="models">Models that contain the same numbers.</param>
    public static int Convert(string foreword, string work, IReadOnlyList<string> models)
    {
        string[] hashes = [.. models.Select(Hash)];
        Console.WriteLine($"{models.Count} models, {hashes.Distinct().Count()} distinct SHA-256 of all numbers: {hashes[0]}");
        bool isSame = hashes.Distinct().Count() == 1;
        foreach (string model in models)
        {
            foreach (WeightsFormat format in WeightsCatalog.All.Where(format => format.WrittenTypes.Contains("f32")))
            {
                string target = Path.Combine(work, $"converted{(format.WritesFile ? $".{format.Name}" : "")}");
                (int code, double seconds, long peak) = Run("dotnet", foreword, "convert", model, target, "--format", format.Name, "--dtype", "f32", "--quiet");
                string from = NameOf(model);
                if (code != 0)
                {
                    Console.WriteLine($"{from} -> {format.Name}: refused");
                    continue;
                }

                isSame &= Hash(target) == hashes[0];
                long size = Size(target);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{from} -> {format.Name}: {seconds:F1} s, peak of memory {peak / 1e6:F0} MB, {peak / (double)size:F2} of the model's {size / 1e6:F0} MB; hash {(isSame ? "equal" : "DIFFERENT")}"));
                Delete(target);
            }
        }

        return isSame ? 0 : 1;
    }

    /// <summary>Damages a model of every format many times, and prints how many damaged models were refused and read.</summary>
    public static void Fuzz(string fixtures, int iterations)
    {
        foreach ((string model, string[] files) in Fuzzed)
            Fuzz(model, Path.Combine(fixtures, model), files, iterations);
        using TemporaryDirectory made = new();
        using ModelWeights golden = WeightsCatalog.Open(Path.Combine(fixtures, "golden/gpt2-tiny"));
        WeightsFormat gguf = WeightsCatalog.All.Single(format => format.Name == "gguf");
        foreach (string type in gguf.WrittenTypes)
        {
            string path = made.File($"{type}.gguf");
            gguf.Write(golden, null, type, path);
            Fuzz($"gguf, {type}", path, [], iterations);
        }
    }

    private static void Fuzz(string name, string path, string[] files, int iterations)
    {
        using ModelFuzz fuzz = new(path, files);
        Stopwatch clock = Stopwatch.StartNew();
        fuzz.Run(iterations);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {fuzz.Refused} refused, {fuzz.Read} read; slowest {fuzz.Slowest.TotalMilliseconds:F0} ms, most memory {Math.Max(0, fuzz.LargestAllocation):F2} of the model; {clock.Elapsed.TotalSeconds:F0} s"));
    }

    private static string NameOf(string model) => WeightsCatalog.FormatOf(model)?.Name ?? model;

    private static string Hash(string path)
    {
        using ModelWeights model = WeightsCatalog.Open(path);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        float[] values = new float[1 << 20];
        foreach (WeightTensor tensor in model.Tensors)
        {
            for (long first = 0; first < tensor.ElementCount; first += values.Length)
            {
                Span<float> part = values.AsSpan(0, (int)Math.Min(values.Length, tensor.ElementCount - first));
                tensor.Read(first, part);
                hash.AppendData(MemoryMarshal.AsBytes(part));
            }
        }

        return System.Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void WriteNormal(Stream stream, Random random, long[] shape)
    {
        float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(0.02 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(Math.Tau * random.NextDouble()));
        stream.Write(MemoryMarshal.AsBytes<float>(values));
    }

    /// <summary>
    /// Runs a program. Returns its exit code, its seconds, and the highest VmHWM observed, because the system discards this value when the process
    /// ends.
    /// </summary>
    private static (int Code, double Seconds, long Peak) Run(string program, params string[] arguments)
    {
        Stopwatch clock = Stopwatch.StartNew();
        using Process process = Process.Start(new ProcessStartInfo(program, arguments))!;
        long peak = 0;
        while (!process.WaitForExit(5))
        {
            try
            {
                string line = File.ReadLines($"/proc/{process.Id}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) ?? "VmHWM: 0 kB";
                peak = Math.Max(peak, 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim().Split('\t')[^1], CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // The process has ended.
            }
        }

        return (process.ExitCode, clock.Elapsed.TotalSeconds, peak);
    }

    private static long Size(string path) => File.Exists(path) ? new FileInfo(path).Length : Directory.GetFiles(path).Sum(file => new FileInfo(file).Length);

    private static void Delete(string path)
    {
        if (File.Exists(path))
            File.Delete(path);
        else
            Directory.Delete(path, recursive: true);
    }
}
