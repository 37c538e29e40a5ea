using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.IO;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Training;
using static TorchSharp.torch;

namespace Foreword.Torch.Supervised;

/// <summary>
/// Trains on pairs of answers with direct preference optimization. The log-probabilities of the reference, which is the model before the first step, are
/// computed once, so that there is only one model in memory. A run keeps them in a file, because a resumed run no longer has the reference.
/// </summary>
internal sealed class PreferenceTrainer : ISupervisedTrainer
{
    /// <summary>The names of metrics, as TRL logs them: the mean rewards, their mean difference, and the share of pairs whose chosen answer has the higher reward.</summary>
    public const string RewardsChosen = "rewards/chosen", RewardsRejected = "rewards/rejected", RewardsMargins = "rewards/margins", RewardsAccuracies = "rewards/accuracies";

    /// <summary>The names of metrics without a reference: the share of pairs whose chosen answer is the more probable one, as a whole, and by its mean token.</summary>
    public const string Accuracy = "accuracy", AccuracyPerToken = "accuracy_per_token";

    /// <summary>The file in the run's directory with the log-probabilities of the reference.</summary>
    public const string ReferenceFile = "reference.json";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly LanguageModule _model;
    private readonly SupervisedConfig _config;
    private readonly PreferenceLoss _loss;
    private readonly PreferenceData _data;
    private readonly EpochBatches _batches;
    private readonly Device _device;
    private Reference? _reference;

    /// <summary>Creates a loop at step 0. The loop disposes <paramref name="trained"/>.</summary>
    /// <param name="model">The model, on its device.</param>
    /// <param name="data">The pairs, of which no sequence is longer than the context.</param>
    /// <param name="task">The loss.</param>
    /// <param name="config">The number of pairs of a batch, rates and seed.</param>
    /// <param name="trained">The weights that change.</param>
    /// <param name="optimizer">Creates the optimizer; null for the one that <paramref name="config"/> names.</param>
    public PreferenceTrainer(LanguageModule model, PreferenceData data, PreferenceSection task, SupervisedConfig config, TrainedWeights trained, OptimizerFactory? optimizer = null)
    {
        (_model, _data, _config, _loss) = (model, data, config, new PreferenceLoss(task.Beta, task.LabelSmoothing));
        _device = model.TokenEmbedding.device;
        _batches = new EpochBatches(data.Train.Count / 2, config);
        Updates = new WeightUpdates(model, trained, config, new LearningRate(config, Steps), optimizer, config.Recompute);
    }

    /// <inheritdoc/>
    public WeightUpdates Updates { get; }

    /// <inheritdoc/>
    public int StepsPerEpoch => _batches.StepsPerEpoch;

    /// <inheritdoc/>
    public int Steps => _config.Epochs * StepsPerEpoch;

    /// <inheritdoc/>
    public (long Train, long Validation) Tokens => (_data.Train.Sum(example => (long)example.Length), _data.Validation.Sum(example => (long)example.Length));

    /// <inheritdoc/>
    public void Start(string directory, CancellationToken cancellationToken)
    {
        _reference = new Reference(LogProbabilities(_data.Train, cancellationToken), LogProbabilities(_data.Validation, cancellationToken));
        DurableFile.Replace(Path.Combine(directory, ReferenceFile), stream => JsonSerializer.Serialize(stream, _reference, Json));
    }

    /// <inheritdoc/>
    public void Resume(string directory)
    {
        string path = Path.Combine(directory, ReferenceFile);
        if (!File.Exists(path))
            throw new InvalidDataException($"there is no {path}, which holds the log-probabilities of the model that the run started from; start again in another directory");
        Reference read = JsonFile.Deserialize(path, json => JsonSerializer.Deserialize<Reference>(json, Json));
        if (read.Train?.Length != _data.Train.Count || read.Validation?.Length != _data.Validation.Count)
            throw new InvalidDataException($"{path} does not hold the log-probabilities of {_data.Train.Count} training and {_data.Validation.Count} validation answers");
        _reference = read;
    }

    /// <inheritdoc/>
    public StepResult Step()
    {
        int[][] batches = _batches.After(Updates.StepsMade);
        List<Outcome> outcomes = [];
        long tokens = 0;
        int pairs = batches.Sum(batch => batch.Length);
        for (int micro = 0; micro < batches.Length; micro++)
        {
            SupervisedExample[] examples = [.. batches[micro].SelectMany(pair => (SupervisedExample[])[_data.Train[2 * pair], _data.Train[2 * pair + 1]])];
            double[] reference = [.. batches[micro].SelectMany(pair => (double[])[_reference!.Train[2 * pair], _reference.Train[2 * pair + 1]])];
            outcomes.AddRange(Backward(examples, reference, 1.0 / pairs, Pretrainer.DropoutSeed(_config, Updates.StepsMade, micro)));
            tokens += examples.Sum(example => (long)example.Length);
        }

        StepResult step = Updates.Make(outcomes.Average(outcome => _loss.Of(outcome.Margin)), tokens, () => $"{pairs} pairs of epoch {Updates.StepsMade / StepsPerEpoch + 1}");
        return step with { Metrics = Rewards(outcomes) };
    }

    /// <summary>Adds the gradients of the sum of the pairs' losses, multiplied by <paramref name="weight"/>.</summary>
    /// <param name="examples">The chosen and the rejected answer of each pair.</param>
    /// <param name="reference">The log-probability of each answer under the reference.</param>
    /// <param name="weight">The factor of each pair's loss.</param>
    /// <param name="dropoutSeed">Seed of the dropout masks.</param>
    internal Outcome[] Backward(SupervisedExample[] examples, double[] reference, double weight, long dropoutSeed)
    {
        using var scope = NewDisposeScope();
        SupervisedBatch batch = new(examples, Measurement.Rows(examples));
        Tensor hidden = Updates.Path.Forward(batch.Ids(_device), dropoutSeed, batch.Packing); // (B, T, C)
        long C = hidden.shape[2];
        (Tensor positions, Tensor targets) = batch.Counting(_device); // (M) each
        Tensor states = hidden.reshape(-1, C).index_select(0, positions); // (M, C)
        double[] logProbabilities = AnswerMeasurement.Sums(batch, Updates.Path.Losses(states, targets), examples.Length);
        Outcome[] outcomes = Outcomes(examples, logProbabilities, reference);
        float[] slopes = [.. batch.CountingExamples.Select(example => (float)((example % 2 == 0 ? -weight : weight) * _loss.Slope(outcomes[example / 2].Margin)))]; // by cross entropies, whose sum is -log p
        (_, Tensor gradient) = Updates.Path.HeadBackward(states, targets, tensor(slopes, device: _device));
        Updates.Path.Backward(zeros_like(hidden).view(-1, C).index_add_(0, positions, gradient, 1).view_as(hidden));
        return outcomes;
    }

    /// <inheritdoc/>
    public (double Loss, Dictionary<string, double> Metrics) Validate(CancellationToken cancellationToken = default)
    {
        Outcome[] outcomes = Outcomes(_data.Validation, LogProbabilities(_data.Validation, cancellationToken), _reference!.Validation);
        Dictionary<string, double> metrics = Rewards(outcomes);
        (metrics[Accuracy], metrics[AccuracyPerToken]) = Accuracies(outcomes);
        return (outcomes.Average(outcome => _loss.Of(outcome.Margin)), metrics);
    }

    /// <summary>Returns the metrics <see cref="Accuracy"/> and <see cref="AccuracyPerToken"/>.</summary>
    private static (double Accuracy, double PerToken) Accuracies(Outcome[] outcomes)
    {
        return (Share(outcome => outcome.Chosen.LogProbability > outcome.Rejected.LogProbability), Share(outcome => outcome.Chosen.LogProbability / outcome.Chosen.Tokens > outcome.Rejected.LogProbability / outcome.Rejected.Tokens));

        double Share(Func<Outcome, bool> isSo) => (double)outcomes.Count(isSo) / outcomes.Length;
    }

    /// <summary>Returns <see cref="Accuracies(Outcome[])"/> of a model that is not trained.</summary>
    /// <param name="examples">The chosen and the rejected answer of each pair.</param>
    /// <param name="logProbabilities">The log-probability of each answer in nats.</param>
    internal static (double Accuracy, double PerToken) Accuracies(IReadOnlyList<SupervisedExample> examples, double[] logProbabilities) =>
        Accuracies([.. examples.Select((example, i) => new Answer(logProbabilities[i], example.Targets, 0)).Chunk(2).Select(pair => new Outcome(pair[0], pair[1]))]);

    /// <inheritdoc/>
    public void Dispose() => Updates.Dispose();

    /// <summary>Computes the log-probability of each answer in nats, without dropout.</summary>
    internal double[] LogProbabilities(IReadOnlyList<SupervisedExample> examples, CancellationToken cancellationToken = default) => Measurement.LogProbabilities(examples, cancellationToken);

    private AnswerMeasurement Measurement => new(_model, Updates.Path, _config);

    private Outcome[] Outcomes(IReadOnlyList<SupervisedExample> examples, double[] logProbabilities, double[] reference)
    {
        Answer[] answers = [.. examples.Select((example, i) => new Answer(logProbabilities[i], example.Targets, _loss.Reward(logProbabilities[i], reference[i])))];
        return [.. answers.Chunk(2).Select(pair => new Outcome(pair[0], pair[1]))];
    }

    private static Dictionary<string, double> Rewards(IReadOnlyCollection<Outcome> outcomes) => new()
    {
        [RewardsChosen] = outcomes.Average(outcome => outcome.Chosen.Reward),
        [RewardsRejected] = outcomes.Average(outcome => outcome.Rejected.Reward),
        [RewardsMargins] = outcomes.Average(outcome => outcome.Margin),
        [RewardsAccuracies] = (double)outcomes.Count(outcome => outcome.Margin > 0) / outcomes.Count,
    };

    /// <summary>The log-probability of an answer in nats, the number of its tokens, and its reward.</summary>
    internal readonly record struct Answer(double LogProbability, int Tokens, double Reward);

    /// <summary>The two answers of a pair.</summary>
    internal readonly record struct Outcome(Answer Chosen, Answer Rejected)
    {
        /// <summary>Gets the difference of the rewards.</summary>
        public double Margin => Chosen.Reward - Rejected.Reward;
    }

    /// <summary>The log-probabilities of the answers under the reference, in the order of the sequences.</summary>
    private sealed record Reference(double[] Train, double[] Validation);
}
