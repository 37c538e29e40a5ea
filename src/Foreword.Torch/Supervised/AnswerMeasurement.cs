using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Torch.Paths;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch.Supervised;

/// <summary>Measures how well a model predicts the tokens of answers, without dropout.</summary>
/// <param name="model">The model, on its device.</param>
/// <param name="path">What computes the forward pass.</param>
/// <param name="config">The length of rows and their number in a batch.</param>
internal sealed class AnswerMeasurement(LanguageModule model, IModelPath path, SupervisedConfig config)
{
    /// <summary>The number of rows of logits that exist at a time.</summary>
    private const int LogitRows = 512;

    private readonly Device _device = model.TokenEmbedding.device;

    /// <summary>Returns the mean loss of a token of the answers in nats, and the share of these tokens that are the most probable ones.</summary>
    public (double Loss, double Accuracy) Predictions(IReadOnlyList<SupervisedExample> examples, CancellationToken cancellationToken = default)
    {
        double sum = 0;
        long right = 0, count = 0;
        foreach (int[][] rows in Rows(examples).Chunk(config.BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            SupervisedBatch batch = new(examples, rows);
            (Tensor positions, Tensor targets) = batch.Answers(_device);
            Tensor hidden = path.Hidden(batch.Ids(_device), batch.Packing);
            for (long first = 0; first < targets.shape[0]; first += LogitRows)
            {
                using var part = NewDisposeScope();
                long length = Math.Min(LogitRows, targets.shape[0] - first);
                Tensor expected = targets.narrow(0, first, length);
                Tensor logits = model.Head(hidden.view(-1, hidden.shape[2]).index_select(0, positions.narrow(0, first, length))); // (M, V)
                sum += F.cross_entropy(logits, expected, reduction: nn.Reduction.Sum).ToDouble();
                right += logits.argmax(1).eq(expected).sum().ToInt64();
            }

            count += targets.shape[0];
        }

        return (sum / count, (double)right / count);
    }

    /// <summary>Returns the log-probability of each example's tokens that count, in nats.</summary>
    public double[] LogProbabilities(IReadOnlyList<SupervisedExample> examples, CancellationToken cancellationToken = default)
    {
        List<double> all = [];
        foreach (SupervisedExample[] some in examples.Chunk(2 * config.BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            SupervisedBatch batch = new(some, Rows(some));
            (Tensor positions, Tensor targets) = batch.Counting(_device);
            Tensor hidden = path.Hidden(batch.Ids(_device), batch.Packing);
            all.AddRange(Sums(batch, path.Losses(hidden.reshape(-1, hidden.shape[2]).index_select(0, positions), targets), some.Length));
        }

        return [.. all];
    }

    /// <summary>Divides examples among rows.</summary>
    public int[][] Rows(IReadOnlyList<SupervisedExample> examples) => SupervisedBatch.Rows(model, examples, config.SequenceLength, null);

    /// <summary>Returns the log-probability of each example from the cross entropies of its counting tokens.</summary>
    public static double[] Sums(SupervisedBatch batch, double[] losses, int examples)
    {
        double[] sums = new double[examples];
        foreach ((int example, double loss) in batch.CountingExamples.Zip(losses))
            sums[example] -= loss;
        return sums;
    }
}
