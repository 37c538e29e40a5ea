using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Running;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Evaluation;

/// <summary>The options with which benchmarks are evaluated. The defaults are the papers' protocols.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Gets the data directory, which holds a folder or files for each benchmark.</summary>
    public string Data { get; init; } = "data";

    /// <summary>
    /// Gets the numbers of solved examples before each question, each 0 or more. Every benchmark runs once with each number. Null selects the paper's
    /// number for each benchmark.
    /// </summary>
    public IReadOnlyList<int>? Shots { get; init; }

    /// <summary>Gets the largest number of documents to evaluate, counted from the first; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets the number of tokens in a window of a corpus; null for the model's context length.</summary>
    public int? Window { get; init; }

    /// <summary>Gets the number of tokens from one window to the next; null for the window's length, so that windows do not overlap.</summary>
    public int? Stride { get; init; }

    /// <summary>Gets whether a prompt that is too long loses its beginning; if false, it is an error.</summary>
    public bool Truncate { get; init; }

    /// <summary>Gets the seed of the few-shot draw.</summary>
    public long Seed { get; init; }

    /// <summary>Gets the number of documents computed together, 1 or more; null chooses a number that is fast. The results do not depend on it.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Reads the data of benchmarks and encodes the prompts. Everything that can fail before the weights are read happens here.</summary>
    /// <param name="benchmarks">The benchmarks with their switches.</param>
    /// <param name="config">The model's architecture.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="cancellationToken">Cancels the work between two benchmarks.</param>
    /// <returns>The benchmarks, ready to run, with the names they have in results.</returns>
    /// <exception cref="DirectoryNotFoundException">The data directory does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is missing or damaged; the message names the file and the line.</exception>
    /// <exception cref="ArgumentException">A prompt does not fit into the context, or there are not enough solved examples.</exception>
    public IReadOnlyList<(string Key, PreparedBenchmark Benchmark)> Prepare(IEnumerable<BenchmarkSpecification> benchmarks, ModelConfig config, Tokenizer tokenizer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(benchmarks);
        ArgumentNullException.ThrowIfNull(config);
        PromptEncoder encoder = new(tokenizer, config.ContextLength, Truncate);
        List<(string, PreparedBenchmark)> prepared = [];
        foreach (BenchmarkSpecification specification in benchmarks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            BenchmarkInput input = new() { Directory = Data, Tokenizer = tokenizer, ContextLength = config.ContextLength, Window = Window, Stride = Stride, Switches = specification.Switches };
            BenchmarkSet set = specification.Benchmark.Read(input);
            foreach (int shots in Shots ?? [specification.Shots ?? specification.Benchmark.PaperShots])
                prepared.Add((Shots is null or [_] ? specification.Text : $"{specification.Text}@{shots}", PreparedBenchmark.Create(specification, input, set, encoder, shots, Seed, Limit)));
        }

        return prepared;
    }
}
