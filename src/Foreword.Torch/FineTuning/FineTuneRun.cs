using System.Diagnostics;
using Foreword.Recipes;
using Foreword.Tasks;
using Foreword.Torch.Training;
using static TorchSharp.torch;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// A whole fine-tuning run in its directory: epochs, log, validation, the best model, checkpoints, early stopping. A run that
/// was stopped or killed goes on from its newest checkpoint as if nothing had happened.
/// </summary>
public sealed class FineTuneRun : IDisposable
{
    private readonly FineTuneRecipe _recipe;
    private readonly RunDirectory _directory;
    private readonly FineTunedModel _model;
    private readonly FineTuner _tuner;
    private readonly EncodedExample[] _validation;
    private readonly TaskMetric _metric;
    private readonly Action<FineTuneEvent>? _tell;
    private readonly double _peak;
    private FineTuneState _state = new() { Step = 0 };

    private FineTuneRun(FineTuneRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, Action<FineTuneEvent>? tell)
    {
        (_recipe, _directory, _tell) = (recipe, directory, tell);
        set_num_threads(recipe.Train.Threads == 0 ? Environment.ProcessorCount : recipe.Train.Threads);
        Device device = Compute.Device(recipe.Train.Device);
        Precision precision = Compute.Precision(recipe.Train.Precision, device);
        BaseModel source = BaseModel.Open(recipe.Model.Path);
        CheckBlocks(recipe.Model, source);
        Data = FineTuningData.Open(recipe, source.Tokens, source.Config.ContextLength, doubt => tell?.Invoke(new FineTuneEvent.Doubted(doubt)));
        TaskEncoder encoder = new(source.Tokenizer, source.Tokens, source.Config.ContextLength);
        EncodedExample[] train = Encode(Data.Train, encoder);
        _validation = Encode(Data.Validation, encoder);
        _metric = Data.Task.Task.Metrics(Data.Task.Target)[0];
        _model = FineTunedModel.Begin(recipe.Model, Data.Task, source, recipe.Train.Seed, precision, device);
        _tuner = new FineTuner(_model, recipe.Model, train, recipe.Train);
        if (checkpoint is not null)
            _state = FineTuneCheckpoint.Load(checkpoint.Path, _tuner, IsAdapter);
        _peak = MachinePeak.Measure(precision, device);
        tell?.Invoke(new FineTuneEvent.Began(new FineTuneInfo(
            _model.Model.Config, _model.ParameterCount, _tuner.Trainable.Sum(p => p.Value.NumberOfElements), device.type.ToString().ToLowerInvariant(), precision,
            train.Length, _validation.Length, train.Concat(_validation).Count(example => example.Sequences.IsTruncated), _tuner.Padding,
            Data.Task.Outputs, _tuner.StepsMade, _tuner.Steps, _tuner.StepsPerEpoch, _peak)));
    }

    /// <summary>The labelled examples.</summary>
    public FineTuningData Data { get; }

    /// <summary>The metrics of the best model on the validation set, by name; null before the first validation.</summary>
    public IReadOnlyDictionary<string, double>? BestMetrics => _state.BestMetrics;

    /// <summary>The epoch of the best model, from 1.</summary>
    public int BestEpoch => _state.BestEpoch;

    /// <summary>A new run in a directory made for it.</summary>
    /// <param name="recipe">What to train.</param>
    /// <param name="directory">An empty run directory.</param>
    /// <param name="tell">Told about everything that happens.</param>
    /// <exception cref="InvalidDataException">Model or data are broken or do not fit the recipe; nothing was trained.</exception>
    public static FineTuneRun Start(FineTuneRecipe recipe, RunDirectory directory, Action<FineTuneEvent>? tell = null)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        FineTuneRun run = new(recipe.Validate(), directory, null, tell);
        Recipe.Save(recipe, directory.RecipePath);
        return run;
    }

    /// <summary>Goes on from a checkpoint, or from the beginning when the run was killed before its first one.</summary>
    /// <param name="recipe">The recipe of the run; patience, cadence, device and threads may differ.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <param name="checkpoint">Where to go on.</param>
    /// <param name="tell">Told about everything that happens.</param>
    /// <exception cref="InvalidDataException">The recipe trains something else than the run did, or a file is broken.</exception>
    public static FineTuneRun Resume(FineTuneRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, Action<FineTuneEvent>? tell = null)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        directory.DeleteTemporaries();
        if (File.Exists(directory.RecipePath))
            RunDirectory.CheckSameRecipe(Comparable(Recipe.Read<FineTuneRecipe>(directory.RecipePath)), Comparable(recipe.Validate()), directory.RecipePath);
        FineTuneRun run = new(recipe, directory, checkpoint, tell);
        Recipe.Save(recipe, directory.RecipePath);
        return run;

        // Cadence and machine may change between two parts of a run; the number of epochs decides the schedule.
        static string Comparable(FineTuneRecipe recipe) => Recipe.ToYaml(recipe with
        {
            Data = recipe.Data with { Test = [] },
            Train = recipe.Train with { LogEvery = 1, Keep = 1, Patience = 0, Threads = 0, Device = DeviceChoice.Auto },
        });
    }

    /// <summary>Trains to the last epoch. Whatever the outcome, <c>best/</c> is the model of the best validation.</summary>
    /// <param name="stop">Asks the run to finish its step, save and return.</param>
    /// <exception cref="DivergenceException">Loss or gradient became infinite or not a number.</exception>
    /// <exception cref="IOException">A file cannot be written; the checkpoints from before are intact.</exception>
    public RunOutcome Run(CancellationToken stop = default)
    {
        using RunLog log = _tuner.StepsMade == 0 && !File.Exists(_directory.MetricsPath) ? RunLog.Start(_directory) : RunLog.Resume(_directory, _tuner.StepsMade);
        double windowSeconds = 0;
        long windowTokens = 0;
        while (_tuner.StepsMade < _tuner.Steps)
        {
            if (PatienceIsOver)
                return RunOutcome.StoppedEarly;
            long begin = Stopwatch.GetTimestamp();
            StepResult step = Step();
            (windowSeconds, windowTokens) = (windowSeconds + Stopwatch.GetElapsedTime(begin).TotalSeconds, windowTokens + step.Tokens);
            _state = _state with { Step = step.Step, LossSum = _state.LossSum + step.Loss, LossCount = _state.LossCount + 1 };
            double rate = windowTokens / windowSeconds;
            _tell?.Invoke(new FineTuneEvent.Stepped(Metrics(step, step.Loss, rate)));

            bool isLast = step.Step == _tuner.Steps, endsEpoch = step.Step % _tuner.StepsPerEpoch == 0;
            if (isLast || step.Step % _recipe.Train.LogEvery == 0)
            {
                log.Write(Metrics(step, _state.LossSum / _state.LossCount, rate));
                _state = _state with { LossSum = 0, LossCount = 0 };
                (windowSeconds, windowTokens) = (0, 0);
            }

            if (endsEpoch)
                Evaluate(log, step.Step / _tuner.StepsPerEpoch);
            bool stopping = stop.IsCancellationRequested && !isLast;
            if (endsEpoch || stopping)
                Save();
            if (stopping)
                return RunOutcome.Stopped;
        }

        return RunOutcome.Finished;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tuner.Dispose();
        _model.Dispose();
    }

    private bool IsAdapter => _recipe.Model.LoraRank > 0;

    private bool PatienceIsOver => _recipe.Train.Patience > 0 && _state.EpochsWithoutBest >= _recipe.Train.Patience;

    private EncodedExample[] Encode(IReadOnlyList<TaskExample> examples, TaskEncoder encoder) => [.. examples.Select(example => EncodedExample.Of(example, Data.Task, encoder))];

    private StepMetrics Metrics(StepResult step, double loss, double tokensPerSecond) =>
        new(step.Step, loss, step.LearningRate, step.GradNorm, tokensPerSecond, tokensPerSecond * _model.Model.Config.TrainingFlopsPerToken / _peak);

    private StepResult Step()
    {
        try
        {
            return _tuner.Step();
        }
        catch (DivergenceException problem)
        {
            throw new DivergenceException(problem, _directory.LastGood);
        }
    }

    private void Evaluate(RunLog log, int epoch)
    {
        float[][] outputs = _model.Outputs(_validation);
        double loss = Enumerable.Range(0, outputs.Length).Average(i => Data.Task.Loss(outputs[i], _validation[i].Target));
        TaskOutcomes outcomes = Data.Task.Outcomes(Data.Validation, [.. outputs.Select(output => Data.Task.Answer(output))]);
        Dictionary<string, double> metrics = Data.Task.Task.Metrics(Data.Task.Target).ToDictionary(metric => metric.Name, metric => metric.Of(outcomes));
        EvalMetrics line = new(_tuner.StepsMade, loss, metrics);
        log.Write(line);
        bool isBest = IsBetter(metrics[_metric.Name], loss);
        _state = isBest
            ? _state with { BestEpoch = epoch, BestEvalLoss = loss, BestMetrics = metrics, EpochsWithoutBest = 0 }
            : _state with { EpochsWithoutBest = _state.EpochsWithoutBest + 1 };
        if (isBest)
            _directory.Write("the best model", () => FineTuneCheckpoint.SaveModel(_directory.BestPath, _model, _recipe));
        _tell?.Invoke(new FineTuneEvent.Evaluated(epoch, line, isBest));
    }

    /// <summary>Whether a validation beats the best one: by the task's first metric, equals by the loss. An undefined metric beats nothing.</summary>
    private bool IsBetter(double metric, double loss)
    {
        if (_state.BestMetrics is not { } best)
            return true;
        double before = best[_metric.Name];
        if (double.IsNaN(metric) || double.IsNaN(before))
            return double.IsNaN(before) && (!double.IsNaN(metric) || loss < _state.BestEvalLoss);
        int order = _metric.HigherIsBetter ? metric.CompareTo(before) : before.CompareTo(metric);
        return order > 0 || (order == 0 && loss < _state.BestEvalLoss);
    }

    private void Save()
    {
        string path = _directory.CheckpointPath(_tuner.StepsMade);
        _directory.Write($"the checkpoint of step {_tuner.StepsMade}", () => FineTuneCheckpoint.Save(path, _tuner, _recipe, _state, IsAdapter));
        _directory.DeleteOldCheckpoints(_recipe.Train.Keep);
        LossPlot.Write(_directory, Path.GetFileName(Path.GetFullPath(_directory.Path)));
        _tell?.Invoke(new FineTuneEvent.Saved(path));
    }

    private static void CheckBlocks(BaseModelSection section, BaseModel source)
    {
        int blocks = source.Config.NLayer;
        if (section.NTransfer > blocks)
            throw new ArgumentException($"model.n_transfer is {section.NTransfer}; the model has {blocks} blocks");
        if (section.Freeze > blocks)
            throw new ArgumentException($"model.freeze is {section.Freeze}; the model has {blocks} blocks");
    }
}
