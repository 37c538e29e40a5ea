using Foreword.Cli.Output;
using Foreword.Evaluation;
using Foreword.Evaluation.Results;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>Runs benchmarks one after the other. Shows progress, logs each document, and continues an existing log after its last document.</summary>
internal sealed class EvaluationRun(Terminal terminal, Evaluator evaluator, EvaluationDirectory? directory)
{
    /// <summary>Gets the number of documents done, including those of earlier processes.</summary>
    public int Done { get; private set; }

    public BenchmarkResult Evaluate(string key, PreparedBenchmark task, CancellationToken cancellationToken)
    {
        using SamplesLog? log = directory is null ? null : new SamplesLog(directory.SamplesPath(key), task.Benchmark);
        Dictionary<int, Judgement> judgements = log?.Done.Where(done => done.Key < task.Count).ToDictionary() ?? [];
        int earlier = judgements.Count;
        Done += earlier;
        if (earlier > 0)
            terminal.Say($"{earlier} of {task.Count} documents were already done");
        ProgressDisplay progress = new(terminal);
        return progress.Show(() =>
        {
            progress.StartClock();
            foreach (EvaluatedDocument document in evaluator.Run(task, judgements.Keys.ToHashSet(), cancellationToken))
            {
                log?.Add(document);
                judgements[document.Id] = document.Judgement;
                Done++;
                if (document.Pending == 0)
                    progress.Step(judgements.Count, task.Count, earlier, key);
            }

            return BenchmarkResult.Of(task, judgements);
        });
    }
}
