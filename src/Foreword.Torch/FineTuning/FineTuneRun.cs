using Foreword.Data.FineTuning;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// A complete fine-tuning run in its directory: the examples, the model, the trainer, and the metrics that select the best epoch.
/// </summary>
public sealed class FineTuneRun : TrainingRun
{
    private readonly FineTuneRecipe _recipe;
    private readonly FineTunedModel _model;
    private readonly FineTuner _tuner;
    private readonly EncodedExample[] _validation;
    private readonly BestMetric _best;
    private readonly IReadOnlyList<TaskMetric> _metrics;
    private readonly Action<FineTuneEvent>? _tell;

    private FineTuneRun(FineTuneRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, Action<FineTuneEvent>? tell, OptimizerFactory? optimizer)
        : base(directory, recipe.Train)
    {
        (_recipe, _tell) = (recipe, tell);
        BaseModel source = BaseModel.Open(recipe.Model.Path);
        CheckBlocks(recipe.Model, source);
        Data = FineTuningData.Open(recipe, source.Tokens, source.Config.ContextLength, doubt => tell?.Invoke(new FineTuneEvent.Warned(doubt)));
        if (IsAdapter)
            Data = Data with { Files = Data.Files.WithModel(source.Path) };
        if (checkpoint is not null)
            CheckSameData(checkpoint.Path);
        TaskEncoder encoder = new(source.Tokenizer, source.Tokens, source.Config.ContextLength);
        EncodedExample[] train = Encode(Data.Train, encoder);
        string[] warnings = [.. Data.Warnings, .. ExampleChecks.Encoded(Data.Task, Data.Train, train, Data.Source)];
        _validation = Encode(Data.Validation, encoder);
        _best = BestMetric.Create(Data.Task, recipe.Train.BestMetric);
        IReadOnlyList<TaskMetric> usual = Data.Task.Task.Metrics(Data.Task.Target);
        _metrics = _best.Metric is { } chosen && usual.All(metric => metric.Name != chosen.Name) ? [.. usual, chosen] : usual;
        _model = FineTunedModel.Create(recipe.Model, Data.Task, source, recipe.Train.Seed, Precision, Device);
        _tuner = new FineTuner(_model, recipe.Model, train, recipe.Train, optimizer);
        if (checkpoint is not null)
            State = CheckedState(FineTuneCheckpoint.Load(checkpoint.Path, _tuner, IsAdapter)) with { Seed = recipe.Train.Seed };
        tell?.Invoke(new FineTuneEvent.Began(new FineTuneInfo(
            _model.Model.Config, _model.ParameterCount, _tuner.Trainable.Sum(p => p.Value.NumberOfElements), Device.type.ToString().ToLowerInvariant(), Precision,
            train.Length, _validation.Length, train.Concat(_validation).Count(example => example.Sequences.IsTruncated), _tuner.Padding,
            Data.Task.Outputs, _tuner.StepsMade, _tuner.Steps, _tuner.StepsPerEpoch, Peak)
        {
            Labels = Data.Task.Labels,
        }));
        foreach (string warning in warnings)
            tell?.Invoke(new FineTuneEvent.Warned(warning));
    }

    /// <summary>Gets the labeled examples.</summary>
    public FineTuningData Data { get; }

    /// <summary>Gets the metrics of the best model on the validation set, by name; null before the first validation.</summary>
    public IReadOnlyDictionary<string, double>? BestMetrics => State.BestMetrics;

    /// <summary>
    /// Gets the single answer that the best model gave to all validation examples ("all 40 examples the label 'spam'"); null if it gave several.
    /// </summary>
    public string? BestSameAnswer => State.BestSameAnswer;

    /// <summary>Gets the epoch of the best model, from 1; 0 before the first validation.</summary>
    public int BestEpoch => State.BestEpoch ?? 0;

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
            TrainingFiles.Create(recipe.Data).CheckSame(files with { Model = [] }, directory.Path);
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

    /// <inheritdoc/>
    public override void Dispose()
    {
        _tuner.Dispose();
        _model.Dispose();
    }

    private protected override GptConfig Config => _model.Model.Config;

    private protected override int Steps => _tuner.Steps;

    private protected override int Patience => _recipe.Train.Patience;

    private protected override StepResult Step() => _tuner.Step();

    private protected override bool EvaluatesAfter(int step) => step > 0 && step % _tuner.StepsPerEpoch == 0;

    private protected override bool SavesAfter(int step) => step % _tuner.StepsPerEpoch == 0;

    private protected override Validation Validate()
    {
        float[][] outputs = _model.Outputs(_validation);
        double loss = Enumerable.Range(0, outputs.Length).Average(i => Data.Task.Loss(outputs[i], _validation[i].Target));
        TaskOutcomes outcomes = Data.Task.Outcomes(Data.Validation, [.. outputs.Select(output => Data.Task.Answer(output))]);
        Dictionary<string, double> metrics = _metrics.ToDictionary(metric => metric.Name, metric => metric.Of(outcomes));
        bool isBest = State is not { BestMetrics: { } before, BestEvalLoss: { } lossBefore } || _best.IsBetter(Value(metrics), loss, Value(before), lossBefore);
        return new Validation(new EvalMetrics(StepsMade, loss, metrics), isBest
            ? State with { BestMetric = _best.Name, BestEpoch = Epoch, BestMetrics = metrics, BestSameAnswer = outcomes.SameAnswer }
            : null);
    }

    private protected override void SaveModel(string directory) => FineTuneCheckpoint.SaveModel(directory, _model, _recipe);

    private protected override void SaveCheckpoint(string directory) => FineTuneCheckpoint.Save(directory, _tuner, _recipe, State, IsAdapter);

    private protected override void TellStepped(StepMetrics metrics) => _tell?.Invoke(new FineTuneEvent.Stepped(metrics));

    private protected override void TellEvaluated(EvalMetrics metrics, bool isBest) => _tell?.Invoke(new FineTuneEvent.Evaluated(Epoch, metrics, isBest));

    private protected override void TellSaved(string checkpoint) => _tell?.Invoke(new FineTuneEvent.Saved(checkpoint));

    private protected override void TellEnded()
    {
        if (BestSameAnswer is not { } answer)
            return;
        string advice = Data.Task.Target == TargetKind.Classes ? ", or set task.class_weights: balanced" : "";
        _tell?.Invoke(new FineTuneEvent.Warned($"the best model (epoch {BestEpoch}) gives {answer}; it does not distinguish the examples: train for more epochs or with another learning rate{advice}"));
    }

    /// <summary>Gets the number of epochs completed.</summary>
    private int Epoch => StepsMade / _tuner.StepsPerEpoch;

    /// <summary>Writes the files that a later process compares with when it continues the run.</summary>
    private void SaveBeginning()
    {
        Recipe.Save(_recipe, Directory.RecipePath);
        Data.Files.Save(Directory.Path);
    }

    /// <summary>Throws if labels or files are not those that the run began with.</summary>
    private void CheckSameData(string checkpoint)
    {
        if (new[] { checkpoint, Directory.BestPath }.FirstOrDefault(TaskDescription.IsIn) is { } before)
            Data.Task.CheckSame(TaskDescription.Read(before), before);
        if (TrainingFiles.Read(Directory.Path) is { } files)
            Data.Files.CheckSame(files, Directory.Path);
    }

    private bool IsAdapter => _recipe.Model.LoraRank > 0;

    private EncodedExample[] Encode(IReadOnlyList<TaskExample> examples, TaskEncoder encoder) => [.. examples.Select(example => EncodedExample.Create(example, Data.Task, encoder))];

    /// <summary>Checks that this run can continue from a state: its step is within the run, and it chose its best epoch by the same metric.</summary>
    private TrainerState CheckedState(TrainerState state)
    {
        if (state.Step > _tuner.Steps)
            throw new InvalidDataException($"{Directory.Path} has made {state.Step} steps; train.epochs: {_recipe.Train.Epochs} makes {_tuner.Steps}; use another directory");
        return state.BestMetric is null || state.BestMetric == _best.Name
            ? state
            : throw new InvalidDataException($"{Directory.Path} chooses its best epoch by {state.BestMetric}, but the recipe by {_best.Name} (train.best_metric); use another directory");
    }

    /// <summary>Returns the value of the metric that selects the best epoch; NaN if the loss selects it.</summary>
    private double Value(IReadOnlyDictionary<string, double> metrics) => _best.Metric is { } metric ? metrics.GetValueOrDefault(metric.Name, double.NaN) : double.NaN;

    private static void CheckBlocks(BaseModelSection section, BaseModel source)
    {
        int blocks = source.Config.NLayer;
        if (section.NTransfer > blocks)
            throw new ArgumentException($"model.n_transfer is {section.NTransfer}; the model has {blocks} blocks");
        if (section.Freeze > blocks)
            throw new ArgumentException($"model.freeze is {section.Freeze}; the model has {blocks} blocks");
    }
}
