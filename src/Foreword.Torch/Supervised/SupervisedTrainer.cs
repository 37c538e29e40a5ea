using Foreword.Data.Recipes;
using Foreword.Data.Sampling;
using Foreword.Data.Supervised;
using Foreword.Numerics;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Paths;
using Foreword.Torch.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch.Supervised;

/// <summary>
/// Makes the steps of a training that predicts some tokens of each example. The loss of a step is the mean over all predictions that count in it. As in
/// pre-training, a step depends only on the weights, the optimizer's moments and the number of steps made.
/// </summary>
internal sealed class SupervisedTrainer : IDisposable
{
    /// <summary>The number of rows of logits that exist at a time in a validation.</summary>
    private const int LogitRows = 512;

    private readonly SupervisedConfig _config;
    private readonly IReadOnlyList<SupervisedExample> _train, _validation;
    private readonly int[][] _rows, _validationRows;
    private readonly LearningRate _learningRate;
    private readonly TrainedWeights _trained;
    private readonly IModelPath _path;
    private readonly Device _device;

    /// <summary>Creates a loop at step 0. The loop disposes <paramref name="trained"/>.</summary>
    /// <param name="model">The model, on its device.</param>
    /// <param name="train">The training examples, none longer than the context.</param>
    /// <param name="validation">The examples that are held out.</param>
    /// <param name="config">Batch size, rates and seed.</param>
    /// <param name="trained">The weights that change.</param>
    /// <param name="optimizer">Creates the optimizer; null for the one that <paramref name="config"/> names.</param>
    public SupervisedTrainer(
        LanguageModule model, IReadOnlyList<SupervisedExample> train, IReadOnlyList<SupervisedExample> validation, SupervisedConfig config, TrainedWeights trained, OptimizerFactory? optimizer = null)
    {
        (Model, _config, _train, _validation, _trained) = (model, config, train, validation, trained);
        _device = model.TokenEmbedding.device;
        int length = config.SequenceLength == 0 ? model.Config.ContextLength : config.SequenceLength;
        _rows = Rows(train, length, config.Seed);
        _validationRows = Rows(validation, length, null);
        int microBatches = (_rows.Length + config.BatchSize - 1) / config.BatchSize;
        StepsPerEpoch = (microBatches + config.GradientAccumulation - 1) / config.GradientAccumulation;
        _learningRate = new LearningRate(config.Schedule, config.Lr, 0, config.Warmup * Steps, Steps);
        AdamWOptions options = new(config.Beta1, config.Beta2, config.Eps, config.WeightDecay);
        Optimizer = optimizer is null ? Optimizer.Create(config.Optimizer, trained.Parameters, options, model.Precision) : optimizer(trained.Parameters, options, model.Precision);
        try
        {
            _path = ModelPath.Create(model, config.Fused, config.Recompute);
        }
        catch
        {
            Optimizer.Dispose();
            throw;
        }
    }

    /// <summary>Gets the model that is trained.</summary>
    public LanguageModule Model { get; }

    /// <summary>Gets the optimizer with its moments.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>Gets the weights that change, by name.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Trained => _trained.Parameters;

    /// <summary>Gets whether the fused kernels compute the steps.</summary>
    public bool IsFused => _path.IsFused;

    /// <summary>Gets the number of updates in an epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Gets the number of updates in the whole run. The learning-rate schedule ends with the last one.</summary>
    public int Steps => _config.Epochs * StepsPerEpoch;

    /// <summary>Gets the number of updates made.</summary>
    public int StepsMade { get; private set; }

    /// <summary>Gets the number of inputs of an epoch, and the number of predictions that count.</summary>
    public (long Tokens, long Targets) TokensPerEpoch => (_train.Sum(example => (long)example.Length), _train.Sum(example => (long)example.Targets));

    /// <summary>Sets the step counter after weights and optimizer state have been restored.</summary>
    public void ResumeAt(int stepsMade)
    {
        StepsMade = stepsMade;
        Optimizer.StepCount = stepsMade;
    }

    /// <summary>Updates the weights once.</summary>
    /// <exception cref="DivergenceException">Loss or gradient norm is not finite. The weights are those before the step.</exception>
    public StepResult Step()
    {
        SupervisedBatch[] batches = NextBatches();
        long tokens = batches.Sum(batch => batch.Tokens);
        int counted = batches.Sum(batch => batch.Counted);
        double loss = 0;
        for (int micro = 0; micro < batches.Length; micro++)
            loss += Backward(batches[micro], 1.0 / counted, Pretrainer.DropoutSeed(_config, StepsMade, micro));
        _trained.TakeRowGradients();
        double rate = _learningRate.At(StepsMade);
        double norm = double.IsFinite(loss) ? Optimizer.Step(rate, _config.ClipNorm) : double.NaN;
        if (!double.IsFinite(norm))
            throw new DivergenceException(StepsMade + 1, loss, norm, $"{batches.Length * _config.BatchSize} rows of epoch {StepsMade / StepsPerEpoch + 1}");
        StepsMade++;
        return new StepResult(StepsMade, loss, rate, norm, tokens);
    }

    /// <summary>Adds the gradients of a batch's summed loss, multiplied by <paramref name="weight"/>, and returns that loss.</summary>
    internal double Backward(SupervisedBatch batch, double weight, long dropoutSeed)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = _path.Forward(batch.Ids(_device), dropoutSeed, batch.Packing); // (B, T, C)
        long C = hidden.shape[2];
        (Tensor positions, Tensor targets) = batch.Counting(_device);
        Tensor gradient = zeros_like(hidden);
        double loss = 0;
        if (batch.Counted > 0)
        {
            Tensor weights = full([batch.Counted], (float)weight, ScalarType.Float32, _device);
            (loss, Tensor states) = _path.HeadBackward(hidden.reshape(-1, C).index_select(0, positions), targets, weights); // (M, C)
            gradient.view(-1, C).index_add_(0, positions, states, 1);
        }

        _path.Backward(gradient);
        return loss;
    }

    /// <summary>Measures the prediction of the answers of the held-out examples.</summary>
    /// <returns>The mean loss of a token in nats, and the share of tokens that are the most probable ones.</returns>
    public (double Loss, double Accuracy) Validate(CancellationToken cancellationToken = default)
    {
        double sum = 0;
        long right = 0, count = 0;
        foreach (int[][] rows in _validationRows.Chunk(_config.BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            SupervisedBatch batch = new(_validation, rows);
            (Tensor positions, Tensor targets) = batch.Answers(_device);
            Tensor hidden = _path.Hidden(batch.Ids(_device), batch.Packing);
            for (long first = 0; first < targets.shape[0]; first += LogitRows)
            {
                using var part = NewDisposeScope();
                long length = Math.Min(LogitRows, targets.shape[0] - first);
                Tensor expected = targets.narrow(0, first, length);
                Tensor logits = Model.Head(hidden.view(-1, hidden.shape[2]).index_select(0, positions.narrow(0, first, length))); // (M, V)
                sum += F.cross_entropy(logits, expected, reduction: nn.Reduction.Sum).ToDouble();
                right += logits.argmax(1).eq(expected).sum().ToInt64();
            }

            count += targets.shape[0];
        }

        return (sum / count, (double)right / count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        _path.Dispose();
        _trained.Dispose();
    }

    /// <summary>Packs examples in rows, or gives each one a row if the model cannot tell several sequences in a row apart.</summary>
    private int[][] Rows(IReadOnlyList<SupervisedExample> examples, int length, long? seed) => Model.SupportsPacking
        ? PackedRows.Create([.. examples.Select(example => example.Length)], length, seed)
        : [.. Enumerable.Range(0, examples.Count).Select(i => (int[])[i])];

    /// <summary>Returns the micro-batches of the next update. Each epoch has another order of the rows.</summary>
    private SupervisedBatch[] NextBatches()
    {
        (int epoch, int step) = Math.DivRem(StepsMade, StepsPerEpoch);
        KeyedPermutation order = new(_rows.Length, SplitMix.Bits((ulong)_config.Seed, (ulong)epoch + 1));
        int perStep = _config.BatchSize * _config.GradientAccumulation, first = step * perStep;
        return [.. Enumerable.Range(first, Math.Min(perStep, _rows.Length - first)).Select(i => _rows[order.At(i)]).Chunk(_config.BatchSize).Select(rows => new SupervisedBatch(_train, rows))];
    }
}
