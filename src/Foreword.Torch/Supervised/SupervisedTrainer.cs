using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Training;
using static TorchSharp.torch;

namespace Foreword.Torch.Supervised;

/// <summary>Trains on dialogues and other single examples. The loss of a step is the mean over all predictions that count in it.</summary>
internal sealed class SupervisedTrainer : ISupervisedTrainer
{
    /// <summary>The names of the metrics of a validation: e to the loss, and the share of answer tokens that are the most probable ones.</summary>
    public const string Perplexity = "perplexity", TokenAccuracy = "token_accuracy";

    private readonly SupervisedConfig _config;
    private readonly IReadOnlyList<(string Name, IReadOnlyList<SupervisedExample> Examples)> _validation;
    private readonly ISupervisedBatches _batches;
    private readonly Device _device;

    /// <summary>Creates a loop at step 0 that takes each example once in an epoch. The loop disposes <paramref name="trained"/>.</summary>
    /// <param name="model">The model, on its device.</param>
    /// <param name="train">The training examples, none longer than the context.</param>
    /// <param name="validation">The examples that are held out.</param>
    /// <param name="config">Batch size, rates and seed.</param>
    /// <param name="trained">The weights that change.</param>
    /// <param name="optimizer">Creates the optimizer; null for the one that <paramref name="config"/> names.</param>
    public SupervisedTrainer(
        LanguageModule model, IReadOnlyList<SupervisedExample> train, IReadOnlyList<SupervisedExample> validation, SupervisedConfig config, TrainedWeights trained, OptimizerFactory? optimizer = null)
        : this(model, new DialogueBatches(model, train, config), [("", validation)], config, trained, optimizer)
    {
    }

    /// <summary>Creates a loop at step 0. The loop disposes <paramref name="trained"/>.</summary>
    /// <param name="model">The model, on its device.</param>
    /// <param name="batches">The training examples.</param>
    /// <param name="validation">The examples that are held out, by the name of their task. If there are several tasks, each is measured, too.</param>
    /// <param name="config">Batch size, rates and seed.</param>
    /// <param name="trained">The weights that change.</param>
    /// <param name="optimizer">Creates the optimizer; null for the one that <paramref name="config"/> names.</param>
    public SupervisedTrainer(
        LanguageModule model, ISupervisedBatches batches, IReadOnlyList<(string Name, IReadOnlyList<SupervisedExample> Examples)> validation, SupervisedConfig config, TrainedWeights trained, OptimizerFactory? optimizer)
    {
        (Model, _config, _batches, _validation) = (model, config, batches, validation);
        _device = model.TokenEmbedding.device;
        Updates = new WeightUpdates(model, trained, config, new LearningRate(config, Steps), optimizer, config.Recompute);
    }

    /// <summary>Gets the model that is trained.</summary>
    public LanguageModule Model { get; }

    /// <inheritdoc/>
    public WeightUpdates Updates { get; }

    /// <inheritdoc/>
    public int StepsPerEpoch => _batches.StepsPerEpoch;

    /// <inheritdoc/>
    public int Steps => _config.Epochs * StepsPerEpoch;

    /// <inheritdoc/>
    public (long Train, long Validation) Tokens => (_batches.Tokens, _validation.Sum(task => task.Examples.Sum(example => (long)example.Length)));

    /// <inheritdoc/>
    public void Start(string directory, CancellationToken cancellationToken)
    {
    }

    /// <inheritdoc/>
    public void Resume(string directory)
    {
    }

    /// <inheritdoc/>
    public StepResult Step()
    {
        SupervisedBatch[] batches = _batches.After(Updates.StepsMade);
        long tokens = batches.Sum(batch => batch.Tokens);
        int counted = batches.Sum(batch => batch.Counted);
        double loss = 0;
        for (int micro = 0; micro < batches.Length; micro++)
            loss += Backward(batches[micro], 1.0 / counted, Pretrainer.DropoutSeed(_config, Updates.StepsMade, micro));
        return Updates.Make(loss, tokens, () => _batches.Describe(Updates.StepsMade));
    }

    /// <summary>Adds the gradients of a batch's summed loss, multiplied by <paramref name="weight"/>, and returns that loss.</summary>
    internal double Backward(SupervisedBatch batch, double weight, long dropoutSeed)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = Updates.Path.Forward(batch.Ids(_device), dropoutSeed, batch.Packing); // (B, T, C)
        long C = hidden.shape[2];
        (Tensor positions, Tensor targets) = batch.Counting(_device);
        Tensor gradient = zeros_like(hidden);
        double loss = 0;
        if (batch.Counted > 0)
        {
            Tensor weights = full([batch.Counted], (float)weight, ScalarType.Float32, _device);
            (loss, Tensor states) = Updates.Path.HeadBackward(hidden.reshape(-1, C).index_select(0, positions), targets, weights); // (M, C)
            gradient.view(-1, C).index_add_(0, positions, states, 1);
        }

        Updates.Path.Backward(gradient);
        return loss;
    }

    /// <summary>
    /// Measures the prediction of the answers of the held-out examples: the mean loss of a token in nats. With several tasks, it is the mean of the tasks'
    /// losses, and <c>loss/NAME</c> is that of each.
    /// </summary>
    public (double Loss, Dictionary<string, double> Metrics) Validate(CancellationToken cancellationToken = default)
    {
        AnswerMeasurement measurement = new(Model, Updates.Path, _config);
        (double Loss, double Accuracy)[] tasks = [.. _validation.Select(task => measurement.Predictions(task.Examples, cancellationToken))];
        double loss = tasks.Average(task => task.Loss);
        Dictionary<string, double> metrics = new() { [Perplexity] = Math.Exp(loss), [TokenAccuracy] = tasks.Average(task => task.Accuracy) };
        foreach ((string name, int i) in _validation.Select((task, i) => (task.Name, i)).Where(task => task.Name.Length > 0))
            metrics[$"loss/{name}"] = tasks[i].Loss;
        return (loss, metrics);
    }

    /// <inheritdoc/>
    public void Dispose() => Updates.Dispose();
}
