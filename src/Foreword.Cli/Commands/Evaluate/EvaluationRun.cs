using Foreword.Cli.Output;
using Foreword.Evaluation;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;
using Foreword.IO;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>Runs benchmarks one after the other. Shows progress, logs each document, and continues an existing log after its last document.</summary>
internal sealed class EvaluationRun(Terminal terminal, Evaluator evaluator, EvaluationDirectory? directory)
{
    /// <summary>Gets the number of documents done, including those of earlier processes.</summary>
    public int Done { get; private set; }

    public BenchmarkResult Evaluate(string key, PreparedBenchmark benchmark, CancellationToken cancellationToken)
    {
        using SamplesLog? log = directory is null ? null : new SamplesLog(directory.SamplesPath(key), benchmark.Benchmark);
        int earlier = log?.Done.Keys.Count(id => id < benchmark.Count) ?? 0, before = Done;
        Done += earlier;
        if (earlier > 0)
            terminal.Say($"{earlier} of {benchmark.Count} documents were already done");
        ProgressDisplay display = new(terminal);
        return display.Show(() =>
        {
            display.StartClock();
            return BenchmarkRunner.Run(evaluator, benchmark, log, new SynchronousProgress<EvaluationProgress>(progress =>
            {
                Done = before + progress.Done;
                if (progress.Pending == 0)
                    display.Step(progress.Done, progress.Count, progress.Resumed, key);
            }), cancellationToken);
        });
    }
}
