using Foreword.Data.Tables;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;

namespace Foreword.Evaluation.Benchmarks.Labels;

/// <summary>
/// The benchmark CoLA (Warstadt et al. 2018) with GPT-1's heuristic: a sentence is acceptable if its mean log-probability per token is above a
/// threshold. The threshold is the one with the highest Matthews correlation on the training sentences, which are therefore scored as well.
/// </summary>
internal sealed class Cola : Benchmark
{
    /// <inheritdoc/>
    public override string Name => "cola";

    /// <inheritdoc/>
    public override string Title => "is a sentence acceptable";

    /// <inheritdoc/>
    public override string Source => "GPT-1, section 5";

    /// <inheritdoc/>
    public override string Data => "cola/in_domain_train.tsv, in_domain_dev.tsv (or GLUE's train.tsv, dev.tsv): source, label, mark, sentence";

    /// <inheritdoc/>
    public override double? Chance => 0;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.OfDocuments("mcc", higherIsBetter: true, Matthews)];

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => "mean log-probability a token of the sentence after end-of-text; acceptable above the threshold with the highest Matthews correlation on the training sentences; mcc = Matthews correlation on the development sentences";

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string training = input.Others(Name, "cola/in_domain_train.tsv", "cola/train.tsv", "CoLA/train.tsv")[0], development = input.File(Name, "cola/in_domain_dev.tsv", "cola/dev.tsv", "CoLA/dev.tsv");
        return new BenchmarkSet([.. Documents(development, isTraining: false), .. Documents(training, isTraining: true)], [development, training]);
    }

    /// <summary>Computes the metric. The statistics of a sentence are [score, label, 1 for training or 0 for development].</summary>
    private static double Matthews(IReadOnlyList<double[]> documents)
    {
        double[][] training = [.. documents.Where(d => d[2] == 1).OrderByDescending(d => d[0])], evaluated = [.. documents.Where(d => d[2] == 0)];
        double positives = training.Sum(d => d[1]), hits = 0, best = double.NegativeInfinity, threshold = double.PositiveInfinity;
        for (int i = 0; i < training.Length; i++)
        {
            hits += training[i][1];
            if (i + 1 < training.Length && training[i + 1][0] == training[i][0])
                continue; // equal scores are on the same side of the threshold
            double value = Correlation(hits, i + 1 - hits, positives - hits, training.Length - positives - (i + 1 - hits));
            if (value > best)
                (best, threshold) = (value, training[i][0]);
        }

        return Correlation(Count(true, 1), Count(true, 0), Count(false, 1), Count(false, 0));

        double Count(bool predicted, double label) => evaluated.Count(d => d[0] >= threshold == predicted && d[1] == label);
    }

    private static double Correlation(double truePositive, double falsePositive, double falseNegative, double trueNegative)
    {
        double spread = (truePositive + falsePositive) * (truePositive + falseNegative) * (trueNegative + falsePositive) * (trueNegative + falseNegative);
        return spread > 0 ? (truePositive * trueNegative - falsePositive * falseNegative) / Math.Sqrt(spread) : 0;
    }

    private static IEnumerable<BenchmarkDocument> Documents(string file, bool isTraining) => NamedRow.Read(file, ["1", "3"], new TableOptions { Header = false, Quoting = false }).Select(row =>
    {
        int label = row.Index("1", "0", "1");
        return new BenchmarkDocument
        {
            Fields = row.Fields,
            Target = label == 1 ? "acceptable" : "unacceptable",
            Requests = [new LikelihoodRequest("", [row["3"].Trim()])],
            Judge = responses =>
            {
                double score = ((LikelihoodResponse)responses[0]).Continuations[0].MeanPerToken;
                return new Judgment(score.ToString("F4", System.Globalization.CultureInfo.InvariantCulture), null, [[score, label, isTraining ? 1 : 0]]);
            },
        };
    });
}
