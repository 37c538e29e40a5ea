using System.Diagnostics;
using Foreword.Data.FineTuning;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Runs;
using Foreword.Torch.Runtime;
using Foreword.Torch.Training;
using static TorchSharp.torch;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// A complete fine-tuning run in its directory: epochs, log, validation, the best model, checkpoints and early stopping. A run that was
/// stopped or killed continues from its newest checkpoint, with the same results as an uninterrupted run.
/// </summary>
public sealed class FineTuneRun : IDisposable
{
    private readonly FineTuneRecipe _recipe;
    private readonly RunDirectory _directory;
    private readonly FineTunedModel _model;
    private readonly FineTuner _tuner;
    private readonly EncodedExample[] _validation;
    private readonly BestMetric _best;
    private readonly IReadOnlyList<TaskMetric> _metrics;
    private readonly Action<FineTuneEvent>? _tell;
    private readonly double _peak;
    private FineTuneState _state = new() { Step = 0 };

    private FineTuneRun(FineTuneRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, Action<FineTuneEvent>? tell, OptimizerFactory? optimizer)
    {
        (_recipe, _directory, _tell) = (recipe, directory, tell);
        set_num_threads(recipe.Train.Threads == 0 ? Environment.ProcessorCount : recipe.Train.Threads);
        Device device = Compute.Device(recipe.Train.Device);
        Precision precision = Compute.Precision(recipe.Train.Precision, device);
        BaseModel source = BaseModel.Open(recipe.Model.Path);
        CheckBlocks(recipe.Model, source);
        Data = FineTuningData.Open(recipe, source.Tokens, source.Config.ContextLength, doubt => tell?.Invoke(new FineTuneEvent.Doubted(doubt)));
        if (IsAdapter)
            Data = Data with { Files = Data.Files.WithModel(source.Path) };
        if (checkpoint is not null)
            CheckSameData(checkpoint.Path);
        TaskEncoder encoder = new(source.Tokenizer, source.Tokens, source.Config.ContextLength);
        EncodedExample[] train = Encode(Data.Train, encoder);
        string[] warnings = [.. Data.Warnings, .. ExampleChecks.Encoded(Data.Task, Data.Train, train, Data.Source)];
        _validation = Encode(Data.Validation, encoder);
        _best = BestMetric.Of(Data.Task, recipe.Train.BestMetric);
        IReadOnlyList<TaskMetric> usual = Data.Task.Task.Metrics(Data.Task.Target);
        _metrics = _best.Metric is { } chosen && usual.All(metric => metric.Name != chosen.Name) ? [.. usual, chosen] : usual;
        _model = FineTunedModel.Create(recipe.Model, Data.Task, source, recipe.Train.Seed, precision, device);
        _tuner = new FineTuner(_model, recipe.Model, train, recipe.Train, optimizer);
        if (checkpoint is not null)
            _state = CheckedState(FineTuneCheckpoint.Load(checkpoint.Path, _tuner, IsAdapter));
        _peak = MachinePeak.Measure(precision, device);
        tell?.Invoke(new FineTuneEvent.Began(new FineTuneInfo(
            _model.Model.Config, _model.ParameterCount, _tuner.Trainable.Sum(p => p.Value.NumberOfElements), device.type.ToString().ToLowerInvariant(), precision,
            train.Length, _validation.Length, train.Concat(_validation).Count(example => example.Sequences.IsTruncated), _tuner.Padding,
            Data.Task.Outputs, _tuner.StepsMade, _tuner.Steps, _tuner.StepsPerEpoch, _peak)
        {
            Labels = Data.Task.Labels,
        }));
        foreach (string warning in warnings)
            tell?.Invoke(new FineTuneEvent.Warned(warning));
    }

    /// <summary>Gets the labeled examples.</summary>
    public FineTuningData Data { get; }

    /// <summary>Gets the metrics of the best model on the validation set, by name; null before the first validation.</summary>
    public IReadOnlyDictionary<string, double>? BestMetrics => _state.BestMetrics;

    /// <summary>
    /// Gets the single answer that the best model gave to all validation examples ("all 40 examples the label 'spam'"); null if it gave several.
    /// </summary>
    public string? BestSameAnswer => _state.BestSameAnswer;

    /// <summary>Gets the epoch of the best model, from 1; 0 before the first validation.</summary>
    public int BestEpoch => _state.BestEpoch;

    /// <summary>Starts a new run in a directory created for it.</summary>
    /// <param name="recipe">The recipe of the run.</param>
    /// <param name="directory">An empty run directory.</param>
    /// <param name="tell">Receives all events of the run, or null.</param>
    /// <param name="optimizer">Creates an optimizer of the program's own; null for the one that the recipe names.</param>
    /// <exception cref="InvalidDataException">Model or data are broken or do not fit the recipe. No training has taken place.</exception>
    public static FineTuneRun Start(FineTuneRecipe recipe, RunDirectory directory, Action<FineTuneEvent>? tell = null, OptimizerFactory? optimizer = null)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        FineTuneRun run = new(recipe.Validate(), directory, null, tell, optimizer);
        run.SaveBeginning();
        return run;
    }

    /// <summary>Continues a run from a checkpoint, or from the beginning if it was killed before its first checkpoint.</summary>
    /// <param name="recipe">The recipe of the run. Patience, intervals, device and threads may differ.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <param name="checkpoint">The checkpoint to continue from; null to begin again.</param>
    /// <param name="tell">Receives all events of the run, or null.</param>
    /// <param name="optimizer">Creates the optimizer that the run began with, if it was the program's own.</param>
    /// <exception cref="InvalidDataException">The recipe trains something else or on other data than the run did, or a file is broken.</exception>
    public static FineTuneRun Resume(FineTuneRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, Action<FineTuneEvent>? tell = null, OptimizerFactory? optimizer = null)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        directory.DeleteTemporaries();
        recipe = AsBegun(recipe.Validate(), directory);
        CheckSameRecipe(recipe, directory, checkpoint);
        FineTuneRun run = new(recipe, directory, checkpoint, tell, optimizer);
        run.SaveBeginning();
        return run;
    }

    /// <summary>Checks that a run was made with a recipe and its files, so that its results are valid for the recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <exception cref="InvalidDataException">The recipe trains something else or on other data than the run did.</exception>
    public static void CheckSame(FineTuneRecipe recipe, RunDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        CheckSameRecipe(AsBegun(recipe.Validate(), directory), directory, directory.Newest);
        if (TrainingFiles.Read(directory.Path) is { } files)
            TrainingFiles.Of(recipe.Data).CheckSame(files with { Model = [] }, directory.Path);
    }

    /// <summary>
    /// Takes over the quoting rule of the saved recipe if the new recipe does not set one. The default now depends on the format. In earlier
    /// versions it did not, and their saved recipes state the rule.
    /// </summary>
    private static FineTuneRecipe AsBegun(FineTuneRecipe recipe, RunDirectory directory) =>
        recipe.Data.Quoting is null && File.Exists(directory.RecipePath) && Recipe.ReadSaved<FineTuneRecipe>(directory.RecipePath).Data.Quoting is { } quoting
            ? recipe with { Data = recipe.Data with { Quoting = quoting } }
            : recipe;

    /// <summary>
    /// Compares the recipe with that of an earlier run. Intervals and machine settings may change. Files may have moved if the run recorded
    /// their hashes.
    /// </summary>
    private static void CheckSameRecipe(FineTuneRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint)
    {
        if (!File.Exists(directory.RecipePath))
            return;
        FineTuneRecipe saved = Recipe.ReadSaved<FineTuneRecipe>(directory.RecipePath);
        if (checkpoint is not null && recipe.Train.Epochs < saved.Train.Epochs)
            throw new InvalidDataException($"{directory.Path} has made {checkpoint.Step} steps of {saved.Train.Epochs} epochs; train.epochs is {recipe.Train.Epochs}: the learning-rate schedule ends with the last epoch, so a run cannot be shortened; use another directory");
        if (!saved.Data.Columns.SequenceEqual(recipe.Data.Columns))
            throw new InvalidDataException($"data.columns is [{string.Join(", ", recipe.Data.Columns)}]; {directory.RecipePath} says [{string.Join(", ", saved.Data.Columns)}]; use another directory");
        bool knowsFiles = TrainingFiles.Read(directory.Path) is not null;
        RunDirectory.CheckSameRecipe(Comparable(saved), Comparable(recipe), directory.RecipePath);

        string Comparable(FineTuneRecipe recipe) => Recipe.ToYaml(recipe with
        {
            Data = knowsFiles ? recipe.Data with { Directory = "", Train = [], Validation = [], Test = [], TrainLabels = [], ValidationLabels = [], TestLabels = [] } : recipe.Data with { Test = [], TestLabels = [] },
            Train = recipe.Train with { LogEvery = 1, Keep = 1, Patience = 0, Threads = 0, Device = DeviceChoice.Auto },
        });
    }

    /// <summary>Trains to the last epoch. In every case, <c>best/</c> is the model of the best validation.</summary>
    /// <param name="stop">Requests a graceful stop: the run finishes its step, saves a checkpoint and returns.</param>
    /// <exception cref="DivergenceException">Loss or gradient norm is infinite or not a number.</exception>
    /// <exception cref="IOException">A file cannot be written. Earlier checkpoints are intact.</exception>
    public RunOutcome Run(CancellationToken stop = default)
    {
        using RunLog log = _tuner.StepsMade == 0 && !File.Exists(_directory.MetricsPath) ? RunLog.Start(_directory) : RunLog.Resume(_directory, _tuner.StepsMade);
        double windowSeconds = 0;
        long windowTokens = 0;
        while (_tuner.StepsMade < _tuner.Steps)
        {
            if (PatienceIsOver)
                return Ended(RunOutcome.StoppedEarly);
            long begin = Stopwatch.GetTimestamp();
            StepResult step = Step();
            (windowSeconds, windowTokens) = (windowSeconds + Stopwatch.GetElapsedTime(begin).TotalSeconds, windowTokens + step.Tokens);
            _state = _state.With(step);
            double rate = windowTokens / windowSeconds;
            _tell?.Invoke(new FineTuneEvent.Stepped(Metrics(step, rate)));

            bool isLast = step.Step == _tuner.Steps, endsEpoch = step.Step % _tuner.StepsPerEpoch == 0;
            if (isLast || step.Step % _recipe.Train.LogEvery == 0)
            {
                log.Write(Metrics(_state.MeanOf(step), rate));
                _state = _state with { LossSum = 0, TaskLossSum = null, LmLossSum = null, LossCount = 0 };
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

        return Ended(RunOutcome.Finished);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tuner.Dispose();
        _model.Dispose();
    }

    /// <summary>Writes the files that a later process compares with when it continues the run.</summary>
    private void SaveBeginning()
    {
        Recipe.Save(_recipe, _directory.RecipePath);
        Data.Files.Save(_directory.Path);
    }

    /// <summary>Throws if labels or files are not those that the run began with.</summary>
    private void CheckSameData(string checkpoint)
    {
        if (new[] { checkpoint, _directory.BestPath }.FirstOrDefault(TaskDescription.IsIn) is { } before)
            Data.Task.CheckSame(TaskDescription.Read(before), before);
        if (TrainingFiles.Read(_directory.Path) is { } files)
            Data.Files.CheckSame(files, _directory.Path);
    }

    private bool IsAdapter => _recipe.Model.LoraRank > 0;

    private bool PatienceIsOver => _recipe.Train.Patience > 0 && _state.EpochsWithoutBest >= _recipe.Train.Patience;

    private EncodedExample[] Encode(IReadOnlyList<TaskExample> examples, TaskEncoder encoder) => [.. examples.Select(example => EncodedExample.Of(example, Data.Task, encoder))];

    private StepMetrics Metrics(StepResult step, double tokensPerSecond) =>
        new(step.Step, step.Loss, step.LearningRate, step.GradNorm, tokensPerSecond, tokensPerSecond * _model.Model.Config.TrainingFlopsPerToken / _peak)
        {
            TaskLoss = step.TaskLoss,
            LmLoss = step.LmLoss,
        };

    /// <summary>Reports possible defects of the best model at the end of the run.</summary>
    private RunOutcome Ended(RunOutcome outcome)
    {
        if (_state.BestSameAnswer is { } answer)
        {
            string advice = Data.Task.Target == TargetKind.Classes ? ", or set task.class_weights: balanced" : "";
            _tell?.Invoke(new FineTuneEvent.Warned($"the best model (epoch {_state.BestEpoch}) gives {answer}; it does not distinguish the examples: train for more epochs or with another learning rate{advice}"));
        }

        return outcome;
    }

    /// <summary>Checks that this run can continue from a state: its step is within the run, and it chose its best epoch by the same metric.</summary>
    private FineTuneState CheckedState(FineTuneState state)
    {
        if (state.Step > _tuner.Steps)
            throw new InvalidDataException($"{_directory.Path} has made {state.Step} steps; train.epochs: {_recipe.Train.Epochs} makes {_tuner.Steps}; use another directory");
        return state.BestMetric is null || state.BestMetric == _best.Name
            ? state
            : throw new InvalidDataException($"{_directory.Path} chooses its best epoch by {state.BestMetric}, but the recipe by {_best.Name} (train.best_metric); use another directory");
    }

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
        Dictionary<string, double> metrics = _metrics.ToDictionary(metric => metric.Name, metric => metric.Of(outcomes));
        EvalMetrics line = new(_tuner.StepsMade, loss, metrics);
        log.Write(line);
        bool isBest = _state.BestMetrics is not { } before || _best.IsBetter(Value(metrics), loss, Value(before), _state.BestEvalLoss);
        _state = isBest
            ? _state with { BestMetric = _best.Name, BestEpoch = epoch, BestEvalLoss = loss, BestMetrics = metrics, BestSameAnswer = outcomes.SameAnswer, EpochsWithoutBest = 0 }
            : _state with { EpochsWithoutBest = _state.EpochsWithoutBest + 1 };
        if (isBest)
            _directory.Write("the best model", () => FineTuneCheckpoint.SaveModel(_directory.BestPath, _model, _recipe));
        _tell?.Invoke(new FineTuneEvent.Evaluated(epoch, line, isBest));
    }

    /// <summary>Returns the value of the metric that selects the best epoch; NaN if the loss selects it.</summary>
    private double Value(IReadOnlyDictionary<string, double> metrics) => _best.Metric is { } metric ? metrics.GetValueOrDefault(metric.Name, double.NaN) : double.NaN;

    private void Save()
    {
        string path = _directory.CheckpointPath(_tuner.StepsMade);
        _directory.Write($"the checkpoint of step {_tuner.StepsMade}", () => FineTuneCheckpoint.Save(path, _tuner, _recipe, _state, IsAdapter));
        _directory.DeleteOldCheckpoints(_recipe.Train.Keep);
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
