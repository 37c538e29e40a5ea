using System.Globalization;
using Foreword.Data.Recipes;
using Foreword.Data.Sampling;
using Foreword.Data.Shards;
using Foreword.Models;
using Foreword.Numerics;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Paths;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Training;

/// <summary>
/// Makes the steps of pre-training: draw windows, forward, backward, clip, update. A step depends only on the weights, the optimizer's
/// moments and the number of steps made. Dropout seeds, learning rate and data cursor are computed from that number. A resumed run is
/// therefore identical to an uninterrupted one, bit for bit.
/// </summary>
public sealed class Pretrainer : IDisposable
{
    private readonly TrainingConfig _config;
    private readonly BatchSampler _sampler;
    private readonly TokenDataset _train;
    private readonly SequentialWindows? _validation;
    private readonly WeightUpdates _updates;
    private readonly Device _device;
    private readonly long[] _inputs;
    private readonly long[] _targets;

    /// <summary>Creates a loop at step 0.</summary>
    /// <param name="model">The model, on its device. Its precision is the number format of the matrix products.</param>
    /// <param name="train">The training tokens.</param>
    /// <param name="validation">The held-out tokens, or null.</param>
    /// <param name="config">Batch size, rates and seed.</param>
    /// <param name="optimizer">Creates the optimizer; null for the one that <paramref name="config"/> names.</param>
    /// <exception cref="ArgumentException">The sequences are longer than the model's context.</exception>
    /// <exception cref="InvalidDataException">The data contains an id outside the model's vocabulary, or too few tokens for one window.</exception>
    public Pretrainer(LanguageModule model, TokenDataset train, TokenDataset? validation, TrainingConfig config, OptimizerFactory? optimizer = null)
        : this(model, train, validation, config, TrainedWeights.All(model), optimizer)
    {
    }

    /// <summary>Creates a loop at step 0 that changes a part of the weights. The loop disposes <paramref name="trained"/>.</summary>
    internal Pretrainer(LanguageModule model, TokenDataset train, TokenDataset? validation, TrainingConfig config, TrainedWeights trained, OptimizerFactory? optimizer = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(config);
        Model = model;
        _config = config;
        _train = train;
        _device = model.TokenEmbedding.device;
        SequenceLength = config.SequenceLength == 0 ? model.Config.ContextLength : config.SequenceLength;
        if (SequenceLength > model.Config.ContextLength)
            throw new ArgumentException($"train.sequence_length is {SequenceLength}; the model's context length is {model.Config.ContextLength}", nameof(config));
        CheckVocabulary(train, model.Config);
        if (config.Stride > SequenceLength)
            throw new ArgumentException($"train.stride is {config.Stride}; sequences of {SequenceLength} tokens would leave out the tokens between them", nameof(config));
        _sampler = new BatchSampler(train, SequenceLength, config.Seed, config.Stride);
        _validation = validation is null ? null : new SequentialWindows(validation, SequenceLength);
        _inputs = new long[config.BatchSize * SequenceLength];
        _targets = new long[_inputs.Length];
        _updates = new WeightUpdates(model, trained, config, new LearningRate(config), optimizer, config.Recompute);
    }

    /// <summary>Gets the model that is trained.</summary>
    public LanguageModule Model { get; }

    /// <summary>Gets the optimizer with its moments.</summary>
    public Optimizer Optimizer => _updates.Optimizer;

    /// <summary>Gets the weights that change, by name.</summary>
    internal IReadOnlyList<(string Name, Parameter Value)> Trained => _updates.Trained;

    /// <summary>Gets whether the fused kernels compute the steps.</summary>
    public bool IsFused => _updates.Path.IsFused;

    /// <summary>Gets the number of steps made. It determines the position in the schedule and in the data, and the dropout seeds.</summary>
    public int StepsMade => _updates.StepsMade;

    /// <summary>Gets the number of tokens of one sequence (T).</summary>
    public int SequenceLength { get; }

    /// <summary>Gets the number of tokens of one step: micro-batches x sequences x T.</summary>
    public long TokensPerStep => (long)_config.GradientAccumulation * _config.BatchSize * SequenceLength;

    /// <summary>Gets the number of windows drawn before the next step: the data cursor.</summary>
    internal long WindowsDrawn => (long)StepsMade * _config.GradientAccumulation * _config.BatchSize;

    /// <summary>
    /// Gets the number of validation tokens that <see cref="Validate"/> reads; 0 without a validation split. It includes the first token, which
    /// is only context.
    /// </summary>
    internal long ValidatedTokens => _validation is null ? 0 : ValidationWindows * SequenceLength + 1;

    /// <summary>Sets the step counter after weights and optimizer state have been restored.</summary>
    internal void ResumeAt(int stepsMade) => _updates.ResumeAt(stepsMade);

    /// <summary>Updates the weights once.</summary>
    /// <returns>The loss, the gradient norm and the rate of the step.</returns>
    /// <exception cref="DivergenceException">Loss or gradient norm is not finite. The weights are those before the step.</exception>
    public StepResult Step()
    {
        double loss = 0;
        for (int micro = 0; micro < _config.GradientAccumulation; micro++)
            loss += MicroBatch(micro) / _config.GradientAccumulation;
        return _updates.Make(loss, TokensPerStep, Windows);
    }

    /// <summary>
    /// Computes the mean loss in nats over the validation split, or over its first <c>eval_batches</c> micro-batches. Each token except the
    /// first is predicted once.
    /// </summary>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    /// <exception cref="InvalidOperationException">There is no validation split.</exception>
    public double Validate(CancellationToken cancellationToken = default)
    {
        if (_validation is null)
            throw new InvalidOperationException("there is no validation split to evaluate on");
        double sum = 0;
        long count = 0;
        for (long first = 0; first < ValidationWindows; first += _config.BatchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            int rows = _validation.Read(first, _inputs, _targets);
            int length = rows * SequenceLength;
            Tensor inputs = tensor(_inputs[..length], [rows, SequenceLength], device: _device);
            Tensor targets = tensor(_targets[..length], [rows, SequenceLength], device: _device);
            (double batchSum, long batchCount) = _updates.Path.Loss(_updates.Path.Hidden(inputs), targets);
            sum += batchSum;
            count += batchCount;
        }

        return sum / count;
    }

    /// <inheritdoc/>
    public void Dispose() => _updates.Dispose();

    private long ValidationWindows => _config.EvalBatches == 0 ? _validation!.Count : Math.Min(_validation!.Count, (long)_config.EvalBatches * _config.BatchSize);

    private double MicroBatch(int micro)
    {
        using var scope = NewDisposeScope();
        _sampler.Cursor = WindowsDrawn + (long)micro * _config.BatchSize;
        _ = _sampler.Next(_config.BatchSize, _inputs, _targets);
        return _updates.Path.Backward(
            tensor(_inputs, [_config.BatchSize, SequenceLength], device: _device), tensor(_targets, [_config.BatchSize, SequenceLength], device: _device),
            DropoutSeed(_config, StepsMade, micro), 1.0 / _config.GradientAccumulation);
    }

    /// <summary>Returns a separate seed for each micro-batch of each step, so that no two share dropout masks.</summary>
    internal static long DropoutSeed(TrainSection config, int stepsMade, int micro) =>
        (long)(SplitMix.Bits((ulong)config.Seed, (ulong)((long)stepsMade * config.GradientAccumulation + micro)) >> 1);

    /// <summary>Describes the positions of the current step's windows in the data, for an error message.</summary>
    private string Windows() => string.Join("; ", Enumerable.Range(0, _config.GradientAccumulation * _config.BatchSize)
        .Select(i => _train.Locate(_sampler.WindowAt(WindowsDrawn + i))));

    private static void CheckVocabulary(TokenDataset data, ModelConfig config)
    {
        if (data.VocabSize > config.VocabSize)
            throw new InvalidDataException($"{data.Directory} was tokenized with {data.VocabSize} ids but the model's vocab_size is {config.VocabSize}");
    }
}

/// <summary>The result of one training step.</summary>
/// <param name="Step">Steps made, including this one.</param>
/// <param name="Loss">Mean training loss in nats, before the update.</param>
/// <param name="LearningRate">Learning rate of the update.</param>
/// <param name="GradNorm">Global L2 norm of the gradients before clipping.</param>
/// <param name="Tokens">Number of training tokens of the step.</param>
public sealed record StepResult(int Step, double Loss, double LearningRate, double GradNorm, long Tokens)
{
    /// <summary>Gets the mean task loss of the examples in fine-tuning, without class weights; null in pre-training.</summary>
    public double? TaskLoss { get; init; }

    /// <summary>Gets the auxiliary language-modeling loss in fine-tuning, before the multiplication by lambda; null if there is none.</summary>
    public double? LmLoss { get; init; }

    /// <summary>Gets further means over the examples of the step, by name, such as the rewards of preferences; null if there are none.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }
}

/// <summary>The exception that is thrown when the loss or the gradient norm is infinite or not a number.</summary>
public sealed class DivergenceException : InvalidOperationException
{
    internal DivergenceException(int step, double loss, double norm, string windows)
        : base(string.Create(CultureInfo.InvariantCulture, $"step {step}: the {(double.IsFinite(loss) ? "gradient norm" : "loss")} is {(double.IsFinite(loss) ? norm : loss)}; the batch held {windows}"))
    {
    }

    internal DivergenceException(DivergenceException problem, string lastGood) : base($"{problem.Message}; {lastGood}", problem)
    {
    }
}
