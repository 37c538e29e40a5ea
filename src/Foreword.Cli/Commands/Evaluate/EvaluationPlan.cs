using System.Globalization;
using Foreword.Evaluation;
using Foreword.Evaluation.Prompts;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>The requested benchmarks and settings of <c>foreword evaluate</c>.</summary>
internal sealed record EvaluationPlan
{
    public required IReadOnlyList<BenchmarkSpecification> Tasks { get; init; }

    /// <summary>
    /// Gets the numbers of solved examples in the prompt. Each benchmark runs once with each number. Null selects the paper's number for each
    /// benchmark.
    /// </summary>
    public IReadOnlyList<int>? Shots { get; init; }

    public int? Limit { get; init; }

    public required string Data { get; init; }

    public int? Window { get; init; }

    public int? Stride { get; init; }

    public bool Truncate { get; init; }

    public long Seed { get; init; }

    /// <summary>Parses a comma-separated list of benchmarks.</summary>
    /// <exception cref="ArgumentException">A benchmark is unknown or occurs twice.</exception>
    public static IReadOnlyList<BenchmarkSpecification> Parse(string list)
    {
        BenchmarkSpecification[] tasks = [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(text => BenchmarkSpecification.Parse(text, BenchmarkCatalog.All))];
        if (tasks.Length == 0)
            throw new ArgumentException("--tasks names no benchmark; --list shows them");
        string? twice = tasks.CountBy(task => task.Text).FirstOrDefault(pair => pair.Value > 1).Key;
        return twice is null ? tasks : throw new ArgumentException($"--tasks names '{twice}' twice");
    }

    /// <summary>Parses a comma-separated list of numbers.</summary>
    /// <exception cref="ArgumentException">An entry is not a whole number of 0 or more, or occurs twice.</exception>
    public static IReadOnlyList<int> ParseShots(string list)
    {
        int[] shots = [.. list.Split(',').Select(text => int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int number)
            ? number : throw new ArgumentException($"--num-fewshot is '{list}'; '{text}' is not a whole number of at least 0"))];
        return shots.Distinct().Count() == shots.Length ? shots : throw new ArgumentException($"--num-fewshot is '{list}'; a number occurs twice");
    }

    /// <summary>Reads the data and encodes the prompts. Everything that can fail before the weights are read happens here.</summary>
    public IReadOnlyList<(string Key, PreparedBenchmark Task)> Prepare(GptConfig config, Tokenizer tokenizer)
    {
        PromptEncoder encoder = new(tokenizer, config.ContextLength, Truncate);
        List<(string, PreparedBenchmark)> prepared = [];
        foreach (BenchmarkSpecification task in Tasks)
        {
            BenchmarkInput input = new() { Directory = Data, Tokenizer = tokenizer, ContextLength = config.ContextLength, Window = Window, Stride = Stride, Switches = task.Switches };
            BenchmarkSet set = task.Benchmark.Read(input);
            foreach (int shots in Shots ?? [task.Benchmark.PaperShots])
                prepared.Add((Shots is null or [_] ? task.Text : $"{task.Text}@{shots}", PreparedBenchmark.Of(task, input, set, encoder, shots, Seed, Limit)));
        }

        return prepared;
    }
}
