using Foreword.Cli.Output;
using Foreword.Evaluation;
using Foreword.Evaluation.Running;
using Foreword.Models;
using Foreword.Settings;
using Foreword.Tokenization;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>Prepares benchmarks. Those that the user did not name are left out, with a message, if their data is missing.</summary>
internal static class AvailableBenchmarks
{
    /// <summary>Prepares the benchmarks.</summary>
    /// <param name="benchmarks">The benchmarks.</param>
    /// <param name="options">How they are evaluated.</param>
    /// <param name="config">The model's architecture.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="isOptional">Returns whether a benchmark may be left out.</param>
    /// <param name="terminal">Where the messages are printed.</param>
    /// <exception cref="InvalidDataException">The data of a benchmark is missing or damaged, and the benchmark may not be left out; or none is left.</exception>
    public static IReadOnlyList<(string Key, PreparedBenchmark Benchmark)> Prepare(
        IReadOnlyList<BenchmarkSpecification> benchmarks, EvaluationOptions options, ModelConfig config, Tokenizer tokenizer, Func<BenchmarkSpecification, bool> isOptional, Terminal terminal)
    {
        List<(string, PreparedBenchmark)> prepared = [];
        foreach (BenchmarkSpecification benchmark in benchmarks)
        {
            try
            {
                prepared.AddRange(options.Prepare([benchmark], config, tokenizer));
            }
            catch (Exception problem) when (isOptional(benchmark) && problem is InvalidDataException or ArgumentException) // there is no data, or documents are longer than the context
            {
                terminal.Say($"left out: {(problem is ArgumentException argument ? ArgumentSentence.Of(argument) : problem.Message)}");
            }
        }

        return prepared.Count > 0 ? prepared : throw new InvalidDataException($"{options.Data} holds none of {string.Join(", ", benchmarks.Select(benchmark => benchmark.Benchmark.Name).Distinct())}");
    }
}
