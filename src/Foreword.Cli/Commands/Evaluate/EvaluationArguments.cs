using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Evaluation;
using Foreword.Evaluation.Running;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>The options of <c>foreword evaluate</c> that say what is evaluated and how.</summary>
internal sealed class EvaluationArguments
{
    private readonly Option<string?> _tasks = new("--tasks") { Description = "Benchmarks, separated by commas; switches follow a colon, as in lambada:target=token. Also your own YAML or .txt file." };
    private readonly Option<string?> _shots = new("--num-fewshot") { Description = "Solved examples before each question; several numbers separated by commas. Default: the paper's number, which is 0 for most." };
    private readonly Option<int?> _limit = new("--limit") { Description = "Maximum number of documents per benchmark, from the first on." };
    private readonly Option<string> _data = new("--data") { Description = "Directory of the data sets, each in its own folder as published.", DefaultValueFactory = _ => "data" };
    private readonly Option<int?> _window = new("--window") { Description = "Tokens per window of a corpus; default: the context length." };
    private readonly Option<int?> _stride = new("--stride") { Description = "Tokens from the start of one window to the next; default: the window." };
    private readonly Option<int?> _batch = new("--batch-size") { Description = "Documents computed together; the results do not depend on it." };
    private readonly Option<bool> _truncate = new("--truncate") { Description = "Drop the beginning of a prompt that is too long, instead of failing." };
    private readonly Option<long> _seed = new("--seed") { Description = "Seed of the choice of few-shot examples.", DefaultValueFactory = _ => 1234 };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_tasks, _shots, _limit, _data, _window, _stride, _batch, _truncate, _seed])
            command.Add(option);
    }

    /// <summary>Returns the benchmarks with their switches.</summary>
    /// <exception cref="UsageException">No benchmark is named, or a name or a switch is unknown.</exception>
    public IReadOnlyList<BenchmarkSpecification> Benchmarks(ParseResult parsed)
    {
        string given = parsed.GetValue(_tasks) ?? throw new UsageException("--tasks is missing; --list shows the benchmarks");
        return UsageException.For(() => EvaluationLists.ParseBenchmarks(given));
    }

    /// <summary>Returns how the benchmarks are evaluated.</summary>
    /// <exception cref="UsageException">A number is impossible.</exception>
    public EvaluationOptions Options(ParseResult parsed) => new()
    {
        Shots = parsed.GetValue(_shots) is { } numbers ? UsageException.For(() => EvaluationLists.ParseShots(numbers)) : null,
        Limit = AtLeastOne(parsed.GetValue(_limit), _limit.Name),
        Data = parsed.GetValue(_data)!,
        Window = AtLeastOne(parsed.GetValue(_window), _window.Name),
        Stride = AtLeastOne(parsed.GetValue(_stride), _stride.Name),
        Truncate = parsed.GetValue(_truncate),
        Seed = parsed.GetValue(_seed),
        BatchSize = AtLeastOne(parsed.GetValue(_batch), _batch.Name),
    };

    /// <summary>Returns whether the user named a seed.</summary>
    public bool NamesSeed(ParseResult parsed) => parsed.GetResult(_seed) is { Implicit: false };

    private static int? AtLeastOne(int? value, string name) => value is null or >= 1 ? value : throw new UsageException($"{name} is {value}; it must be at least 1");
}
