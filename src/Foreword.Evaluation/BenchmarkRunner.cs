using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation;

/// <summary>The progress of an evaluation, reported after each document on the thread that evaluates.</summary>
/// <param name="Done">The number of documents done, including those of an earlier process.</param>
/// <param name="Count">The number of documents to evaluate.</param>
/// <param name="Resumed">The number of documents that an earlier process did.</param>
/// <param name="Pending">The number of documents whose answers are already computed and which follow immediately.</param>
public readonly record struct EvaluationProgress(int Done, int Count, int Resumed, int Pending);

/// <summary>Evaluates a model on benchmarks: <c>BenchmarkRunner.Run(model, "lambada", new EvaluationOptions { Data = "data" })</c>.</summary>
public static class BenchmarkRunner
{
    /// <summary>Evaluates a model on one benchmark.</summary>
    /// <param name="model">The model.</param>
    /// <param name="benchmark">
    /// The name of a benchmark of <see cref="BenchmarkCatalog"/>, with switches if needed (<c>lambada:target=token</c>), a .txt file, or a .yaml file that
    /// describes a benchmark.
    /// </param>
    /// <param name="options">The protocol; the paper's where null. At most one number of solved examples.</param>
    /// <param name="progress">Receives the progress after each document; null for none.</param>
    /// <param name="cancellationToken">Checked before each group of documents and before each generated token.</param>
    /// <returns>The metrics, and the judgment of each document.</returns>
    /// <exception cref="ArgumentException">The benchmark or a switch is unknown, a prompt does not fit into the context, or several numbers of examples are given.</exception>
    /// <exception cref="DirectoryNotFoundException">The data directory does not exist.</exception>
    /// <exception cref="InvalidDataException">A data file is missing or damaged; the message names the file and the line.</exception>
    public static BenchmarkResult Run(
        TextModel model, string benchmark, EvaluationOptions? options = null, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new EvaluationOptions();
        if (options.Shots is { Count: not 1 })
            throw new ArgumentException("one call evaluates with one number of solved examples", nameof(options));
        (_, PreparedBenchmark prepared) = options.Prepare([BenchmarkSpecification.Parse(benchmark, BenchmarkCatalog.All)], model.Model.Config, model.Tokenizer, cancellationToken)[0];
        return Run(new Evaluator(model.Model, model.Tokenizer, options.BatchSize), prepared, null, progress, cancellationToken);
    }

    /// <summary>Evaluates a benchmark that is ready to run.</summary>
    /// <param name="evaluator">Evaluates documents with the model.</param>
    /// <param name="benchmark">The benchmark, ready to run (see <see cref="EvaluationOptions.Prepare"/>).</param>
    /// <param name="log">Receives each document. The documents that it holds already are not evaluated again; null for none.</param>
    /// <param name="progress">Receives the progress after each document; null for none.</param>
    /// <param name="cancellationToken">Checked before each group of documents and before each generated token.</param>
    /// <returns>The metrics, and the judgment of each document.</returns>
    internal static BenchmarkResult Run(
        Evaluator evaluator, PreparedBenchmark benchmark, SamplesLog? log = null, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(evaluator);
        ArgumentNullException.ThrowIfNull(benchmark);
        Dictionary<int, Judgment> judgments = log?.Done.Where(done => done.Key < benchmark.Count).ToDictionary() ?? [];
        int resumed = judgments.Count;
        foreach (EvaluatedDocument document in evaluator.Run(benchmark, judgments.Keys.ToHashSet(), cancellationToken))
        {
            log?.Add(document);
            judgments[document.Id] = document.Judgment;
            progress?.Report(new EvaluationProgress(judgments.Count, benchmark.Count, resumed, document.Pending));
        }

        return BenchmarkResult.Compute(benchmark, judgments);
    }
}
