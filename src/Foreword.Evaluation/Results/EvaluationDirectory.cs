using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.Evaluation.Running;
using Foreword.IO;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Results;

/// <summary>
/// The directory of one evaluation: <c>progress.json</c> says what was evaluated and how, the samples' logs grow beside it, and the results come last.
/// The same evaluation of the same model goes on where it was; another one is refused.
/// </summary>
internal sealed class EvaluationDirectory
{
    private const string FileName = "progress.json";

    /// <summary>The name that the file had in earlier versions. It is read if the directory has no file of the present name.</summary>
    private const string FormerName = "evaluation.json";

    private EvaluationDirectory(string path, string started) => (Path, Started) = (path, started);

    /// <summary>Gets the path of the directory.</summary>
    public string Path { get; }

    /// <summary>Gets the time when the evaluation began, in the form that file names contain.</summary>
    public string Started { get; }

    /// <summary>Gets the path of the results file.</summary>
    public string ResultsPath => System.IO.Path.Combine(Path, $"results_{Started}.json");

    /// <summary>Opens the directory for some benchmarks, or creates it.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="modelDirectory">The model's directory or file; its files are hashed.</param>
    /// <param name="benchmarks">The benchmarks.</param>
    /// <param name="keys">The name of each benchmark in the results.</param>
    /// <param name="extra">Everything else that influences the numbers, such as the seed and the precision.</param>
    /// <param name="now">The current time.</param>
    /// <exception cref="InvalidDataException">
    /// The directory holds a different evaluation under one of the names, <c>evaluation.json</c> is malformed, or the model has no known file of
    /// weights.
    /// </exception>
    public static EvaluationDirectory Open(string path, string modelDirectory, IReadOnlyList<PreparedBenchmark> benchmarks, IReadOnlyList<string> keys, string extra, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(benchmarks);
        ArgumentNullException.ThrowIfNull(keys);
        string file = System.IO.Path.Combine(path, FileName);
        string model = HashOfModel(modelDirectory);
        string former = System.IO.Path.Combine(path, FormerName);
        JsonObject recorded = File.Exists(file) ? Read(file) : File.Exists(former) ? Read(former) : new JsonObject { ["started"] = now.ToString("yyyy-MM-ddTHH-mm-ss", CultureInfo.InvariantCulture), ["tasks"] = new JsonObject() };
        JsonObject fingerprints = (JsonObject)recorded["tasks"]!;
        for (int i = 0; i < benchmarks.Count; i++)
        {
            string fingerprint = Fingerprint(benchmarks[i], model, extra);
            if (fingerprints.TryGetPropertyValue(keys[i], out JsonNode? before) && (string?)before != fingerprint)
                throw new InvalidDataException($"{path} holds an evaluation of {keys[i]} with another model, data or protocol; choose another directory");
            fingerprints[keys[i]] = fingerprint;
        }

        Directory.CreateDirectory(path);
        DurableFile.Replace(file, stream => stream.Write(Encoding.UTF8.GetBytes(recorded.ToJsonString(new JsonSerializerOptions { WriteIndented = true }))));
        return new EvaluationDirectory(path, (string)recorded["started"]!);
    }

    /// <summary>Returns the path of a benchmark's samples log.</summary>
    public string SamplesPath(string key) => System.IO.Path.Combine(Path, $"samples_{FileNamePart(key)}_{Started}.jsonl");

    private static string FileNamePart(string key) => string.Concat(key.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'));

    private static JsonObject Read(string file)
    {
        try
        {
            return JsonFile.Read(file, "what an evaluation writes", recorded =>
            {
                _ = recorded.Text("started");
                _ = recorded.Object("tasks");
                return recorded;
            });
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"{file}: expected the results of an evaluation; choose another directory", problem);
        }
    }

    private static string Fingerprint(PreparedBenchmark benchmark, string model, string extra)
    {
        StringBuilder text = new();
        Tokenizer tokenizer = benchmark.Input.Tokenizer;
        text.Append(model).Append('\n').Append(tokenizer.Fingerprint).Append('\n').Append(benchmark.Protocol).Append('\n').Append(extra);
        if (tokenizer.StopIds.Any(id => id != tokenizer.EndOfTextId)) // without extra stop ids, the hash is that of evaluations recorded before stop ids existed
            text.Append("\nstops ").AppendJoin(',', tokenizer.StopIds);
        foreach (string file in benchmark.Set.Files)
            text.Append('\n').Append(FileHash.Of(file));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>Computes a hash of the files that hold the configuration and the weights, for every weights format.</summary>
    /// <exception cref="InvalidDataException">No file holds weights. Another model would then have the same hash.</exception>
    private static string HashOfModel(string directory)
    {
        string[] files = File.Exists(directory) ? [directory] : [.. Directory.EnumerateFiles(directory).Where(IsModel).Order(StringComparer.Ordinal)];
        if (files.All(IsConfiguration))
            throw new InvalidDataException($"{directory} holds no known weights file, so its evaluation could not be distinguished from another model's");
        return string.Join(',', files.Select(FileHash.Of));

        static bool IsModel(string file) => IsConfiguration(file) || System.IO.Path.GetExtension(file) is var ending
            && (ending is ".safetensors" or ".bin" or ".gguf" or ".npy" or ".index" or ".pt" or ".pth" or ".ckpt" || ending.StartsWith(".data-", StringComparison.Ordinal));

        static bool IsConfiguration(string file) => System.IO.Path.GetFileName(file) is "config.json" or "hparams.json";
    }
}
