using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Tasks;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// Makes the steps of fine-tuning: forward and backward of the joint objective L3 = L2 + lambda L1 (GPT-1 paper, equations 4 and 5), clip,
/// update. As in pre-training, a step depends only on the weights, the optimizer's moments and the number of steps made.
/// </summary>
internal sealed class FineTuner : IDisposable
{
    private readonly FineTuneConfig _config;
    private readonly IReadOnlyList<EncodedExample> _train;
    private readonly int[] _lengths;
    private readonly WeightUpdates _updates;
    private int[][] _batches = [];
    private int _batchesOfEpoch = -1;

    /// <summary>Creates a loop at step 0.</summary>
    /// <param name="model">The model, on its device.</param>
    /// <param name="section">The base model section, which selects the weights that are frozen.</param>
    /// <param name="train">The training examples.</param>
    /// <param name="config">Batch size, rates and seed.</param>
    /// <param name="optimizer">Creates the optimizer; null for the one that <paramref name="config"/> names.</param>
    public FineTuner(FineTunedModel model, BaseModelSection section, IReadOnlyList<EncodedExample> train, FineTuneConfig config, OptimizerFactory? optimizer = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(config);
        (Model, _config, _train) = (model, config, train);
        _lengths = [.. train.Select(example => example.Length)];
        int microBatches = (train.Count + config.BatchSize - 1) / config.BatchSize;
        StepsPerEpoch = (microBatches + config.GradientAccumulation - 1) / config.GradientAccumulation;
        LearningRate learningRate = new(config.Schedule, config.Lr, 0, config.Warmup * Steps, Steps);
        TrainedWeights trained = new(model.Model, section.Trained, model.Task.Tokens!.Start, TaskTokens.Count, "task_tokens");
        try
        {
            _updates = new WeightUpdates(model.Model, trained, config, learningRate, optimizer, further: model.Head.named_parameters());
        }
        catch
        {
            trained.Dispose();
            throw;
        }
    }

    /// <summary>Gets the model that is trained.</summary>
    public FineTunedModel Model { get; }

    /// <summary>Gets the optimizer with its moments.</summary>
    public Optimizer Optimizer => _updates.Optimizer;

    /// <summary>Gets the weights that change, by name. Those of the head are <c>clf.weight</c> and <c>clf.bias</c>.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Trainable => _updates.Trained;

    /// <summary>Gets the number of updates in an epoch.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>Gets the number of updates in the whole run. The learning-rate schedule ends with the last one.</summary>
    public int Steps => _config.Epochs * StepsPerEpoch;

    /// <summary>Gets the number of updates made.</summary>
    public int StepsMade => _updates.StepsMade;

    /// <summary>Gets the share of the first epoch's positions that are padding, 0 to 1.</summary>
    public double Padding => LengthBuckets.Padding(_train, LengthBuckets.Batches(_lengths, _config.BatchSize, _config.Seed, 0));

    /// <summary>Sets the step counter after weights and optimizer state have been restored.</summary>
    public void ResumeAt(int stepsMade) => _updates.ResumeAt(stepsMade);

    /// <summary>Updates the weights once.</summary>
    /// <returns>The losses, the gradient norm and the rate of the step.</returns>
    /// <exception cref="DivergenceException">Loss or gradient norm is not finite. The weights are those before the step.</exception>
    public StepResult Step()
    {
        EncodedExample[][] batches = NextBatches();
        int examples = batches.Sum(batch => batch.Length);
        (TaskLosses loss, long tokens) = (default, 0);
        for (int micro = 0; micro < batches.Length; micro++)
        {
            TaskBatch batch = new(batches[micro]);
            loss = loss.Plus(Backward(batch, (double)batches[micro].Length / examples, Pretrainer.DropoutSeed(_config, StepsMade, micro)));
            tokens += batch.Tokens;
        }

        StepResult step = _updates.Make(loss.Joint, tokens, () => $"{examples} examples of epoch {StepsMade / StepsPerEpoch + 1}");
        return step with { TaskLoss = loss.Task, LmLoss = _config.LmCoefficient > 0 ? loss.LanguageModel : null };
    }

    /// <summary>
    /// Computes the losses of a batch, multiplied by <paramref name="scale"/>. Adds the gradients of the joint loss to those of the parameters.
    /// </summary>
    /// <param name="batch">The examples.</param>
    /// <param name="scale">The batch's share of the examples of the update, more than 0, at most 1.</param>
    /// <param name="dropoutSeed">Seed of the dropout masks.</param>
    internal TaskLosses Backward(TaskBatch batch, double scale, long dropoutSeed = 0)
    {
        using var scope = NewDisposeScope();
        Model.Head.train();
        manual_seed(dropoutSeed);
        Tensor hidden = _updates.Path.Forward(batch.Ids(Model.Device), dropoutSeed); // (S, T, C)
        long C = hidden.shape[2];
        Tensor leaf = hidden.detach().requires_grad_(); // the autograd graph of the head ends here; the network's backward pass starts from this gradient
        Tensor losses = Model.Head.Losses(Model.Head.Outputs(leaf, batch), batch);
        Tensor objective = (losses * batch.Weights(Model.Device)).mean() * scale; // L2
        objective.backward();
        (double joint, double task, double languageModel) = (objective.ToDouble(), losses.detach().mean().ToDouble() * scale, 0);
        Tensor gradient = leaf.grad!;
        if (_config.LmCoefficient > 0)
        {
            (Tensor rows, Tensor targets, Tensor weights) = batch.LanguageModelPositions(_config.LmOn, Model.Task.Tokens!, Model.Device);
            Tensor states = hidden.reshape(-1, C).index_select(0, rows); // (M, C): padding is not multiplied
            (double auxiliary, Tensor statesGradient) = _updates.Path.HeadBackward(states, targets, weights * (_config.LmCoefficient * scale)); // lambda L1
            (joint, languageModel) = (joint + auxiliary, auxiliary / _config.LmCoefficient);
            gradient.view(-1, C).index_add_(0, rows, statesGradient, 1);
        }

        _updates.Path.Backward(gradient);
        return new TaskLosses(joint, task, languageModel);
    }

    /// <inheritdoc/>
    public void Dispose() => _updates.Dispose();

    /// <summary>Returns the micro-batches of the next update.</summary>
    private EncodedExample[][] NextBatches()
    {
        int epoch = StepsMade / StepsPerEpoch, first = StepsMade % StepsPerEpoch * _config.GradientAccumulation;
        if (_batchesOfEpoch != epoch)
            (_batches, _batchesOfEpoch) = (LengthBuckets.Batches(_lengths, _config.BatchSize, _config.Seed, epoch), epoch);
        return [.. _batches.Skip(first).Take(_config.GradientAccumulation).Select(batch => batch.Select(i => _train[i]).ToArray())];
    }
}

/// <summary>The loss that a step minimizes, and its parts.</summary>
/// <param name="Joint">L3 = L2 + lambda L1, with the class weights.</param>
/// <param name="Task">The mean task loss of the examples without class weights. A validation measures the same loss.</param>
/// <param name="LanguageModel">L1.</param>
internal readonly record struct TaskLosses(double Joint, double Task, double LanguageModel)
{
    /// <summary>Adds the losses of another micro-batch.</summary>
    public TaskLosses Plus(TaskLosses other) => new(Joint + other.Joint, Task + other.Task, LanguageModel + other.LanguageModel);
}
