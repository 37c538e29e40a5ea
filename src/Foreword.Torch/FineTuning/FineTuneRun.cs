using Foreword.Data.FineTuning;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Tokenization;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// A complete fine-tuning run in its directory: the examples, the model, the trainer, and the metrics that select the best epoch.
/// </summary>
public sealed class FineTuneRun : TrainingRun
{
    private readonly FineTuneRecipe _recipe;
    private readonly EncodedExamples _examples;
    private readonly BestMetric _best;
    private readonly IReadOnlyList<TaskMetric> _metrics;
    private readonly IProgress<FineTuneEvent>? _progress;
    private readonly ILogger _logger;
    private FineTunedModel _model = null!; // Load creates the model and the tuner before the run is returned
    private FineTuner _tuner = null!;

    private FineTuneRun(FineTuneRecipe recipe, RunDirectory directory, FineTuningData data, EncodedExamples examples, IProgress<FineTuneEvent>? progress, ILogger logger)
        : base(directory, recipe.Train)
    {
        (_recipe, Data, _examples, _progress, _logger) = (recipe, data, examples, progress, logger);
        _best = BestMetric.Create(data.Task, recipe.Train.BestMetric);
        IReadOnlyList<TaskMetric> usual = data.Task.Metrics;
        _metrics = _best.Metric is { } chosen && usual.All(metric => metric.Name != chosen.Name) ? [.. usual, chosen] : usual;
    }

    /// <summary>Gets the labeled examples.</summary>
    internal FineTuningData Data { get; }

    /// <summary>Gets the metrics of the best model on the validation set, by name; null before the first validation.</summary>
    public IReadOnlyDictionary<string, double>? BestMetrics => State.BestMetrics;

    /// <summary>
    /// Gets the single answer that the best model gave to all validation examples ("all 40 examples the label 'spam'"); null if it gave several.
    /// </summary>
    internal string? BestSameAnswer => State.BestSameAnswer;

    /// <summary>Gets the epoch of the best model, from 1; 0 before the first validation.</summary>
    public int BestEpoch => State.BestEpoch ?? 0;

    /// <summary>Starts a new run in a directory created for it.</summary>
    /// <param name="recipe">The recipe of the run.</param>
    /// <param name="directory">An empty run directory.</param>
    /// <param name="progress">Receives all events of the run, in order; null for none.</param>
    /// <param name="optimizer">Creates an optimizer of the program's own; null for the one that the recipe names.</param>
    /// <param name="logger">Receives a warning about each thing that is possibly not as intended; null for no log.</param>
    /// <param name="cancellationToken">Cancels the reading of data and weights. To stop the training, see <see cref="TrainingRun.Run(StopRequest, CancellationToken)"/>.</param>
    /// <exception cref="InvalidDataException">Model or data are broken or do not fit the recipe. No training has taken place.</exception>
    public static FineTuneRun Start(
        FineTuneRecipe recipe, RunDirectory directory, IProgress<FineTuneEvent>? progress = null, OptimizerFactory? optimizer = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        return Open(recipe.Completed().Validate(), directory, null, progress, optimizer, logger, cancellationToken);
    }

    /// <summary>Continues a run from a checkpoint, or from the beginning if it was killed before its first checkpoint.</summary>
    /// <param name="recipe">The recipe of the run. Patience, intervals, device and threads may differ.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <param name="checkpoint">The checkpoint to continue from; null to begin again.</param>
    /// <param name="progress">Receives all events of the run, in order; null for none.</param>
    /// <param name="optimizer">Creates the optimizer that the run began with, if it was the program's own.</param>
    /// <param name="logger">Receives a warning about each thing that is possibly not as intended; null for no log.</param>
    /// <param name="cancellationToken">Cancels the reading of data and weights. To stop the training, see <see cref="TrainingRun.Run(StopRequest, CancellationToken)"/>.</param>
    /// <exception cref="InvalidDataException">The recipe trains something else or on other data than the run did, or a file is broken.</exception>
    public static FineTuneRun Resume(
        FineTuneRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, IProgress<FineTuneEvent>? progress = null, OptimizerFactory? optimizer = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        directory.DeleteTemporaries();
        recipe = AsBegun(recipe.Completed().Validate(), directory);
        CheckSameRecipe(recipe, directory, checkpoint);
        return Open(recipe, directory, checkpoint, progress, optimizer, logger, cancellationToken);
    }

    /// <summary>Checks that a run was made with a recipe and its files, so that its results are valid for the recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <exception cref="InvalidDataException">The recipe trains something else or on other data than the run did.</exception>
    internal static void CheckSame(FineTuneRecipe recipe, RunDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        CheckSameRecipe(AsBegun(recipe.Completed().Validate(), directory), directory, directory.Newest);
        if (TrainingFiles.Read(directory.Path) is { } files)
            TrainingFiles.Create(recipe.Data).CheckSame(files with { Model = [] }, directory.Path);
    }

    /// <summary>
    /// Opens the base model and reads the examples, checks that they belong together and to the contents of the directory, and loads the weights.
    /// </summary>
    private static FineTuneRun Open(
        FineTuneRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, IProgress<FineTuneEvent>? progress, OptimizerFactory? optimizer, ILogger? logger, CancellationToken cancellationToken)
    {
        logger ??= NullLogger.Instance;
        BaseModel source = BaseModel.Open(recipe.Model.Path);
        CheckBlocks(recipe, source);
        FineTuningData data = FineTuningData.Open(recipe, source.Tokens, source.Config.ContextLength, logger, cancellationToken);
        if (recipe.Model.LoraRank > 0)
            data = data with { Files = data.Files.WithModel(source.Path) };
        if (checkpoint is not null)
            CheckSameData(data, directory, checkpoint);
        EncodedExamples examples = EncodedExamples.Create(data, data.Task.EncoderWith(source.Tokenizer), cancellationToken);
        string[] doubts = [.. data.Warnings, .. ExampleChecks.Encoded(data.Task, data.Train, examples.Train, data.Source)];
        if (UnknownTokens.Describe(source.Tokenizer, examples.Train.SelectMany(example => example.Sequences.Sequences), "training ") is { } unknown)
            doubts = [.. doubts, unknown];
        FineTuneRun run = new(recipe, directory, data, examples, progress, logger);
        try
        {
            run.Load(source, checkpoint, optimizer, cancellationToken);
            foreach (string doubt in doubts)
                TorchLog.ExamplesDoubted(logger, doubt);
            run.SaveBeginning();
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
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
        _tuner?.Dispose(); // null if the run could not be opened
        _model?.Dispose();
    }

    private protected override ModelConfig Config => _model.Model.Config;

    private protected override int Steps => _tuner.Steps;

    private protected override int Patience => _recipe.Train.Patience;

    private protected override StepResult Step() => _tuner.Step();

    private protected override bool ValidatesAfter(int step) => step > 0 && step % _tuner.StepsPerEpoch == 0;

    private protected override bool SavesAfter(int step) => step % _tuner.StepsPerEpoch == 0;

    private protected override Validation Validate(CancellationToken cancellationToken)
    {
        float[][] outputs = _model.Outputs(_examples.Validation, cancellationToken);
        double loss = Enumerable.Range(0, outputs.Length).Average(i => Data.Task.Loss(_examples.Validation[i], outputs[i]));
        TaskOutcomes outcomes = Data.Task.Outcomes(Data.Validation, [.. outputs.Select((output, i) => Data.Task.Answer(_examples.Validation[i], output))]);
        Dictionary<string, double> metrics = _metrics.ToDictionary(metric => metric.Name, metric => metric.Of(outcomes));
        bool isBest = State is not { BestMetrics: { } before, BestValidationLoss: { } lossBefore } || _best.IsBetter(Value(metrics), loss, Value(before), lossBefore);
        return new Validation(new ValidationMetrics(StepsMade, loss, metrics), isBest
            ? State with { BestMetric = _best.Name, BestEpoch = Epoch, BestMetrics = metrics, BestSameAnswer = outcomes.SameAnswer }
            : null);
    }

    private protected override void SaveModel(string directory) => FineTuneCheckpoint.SaveModel(directory, _model, _recipe);

    private protected override void SaveCheckpoint(string directory) => FineTuneCheckpoint.Save(directory, _tuner, _recipe, State, IsAdapter);

    private protected override void TellStepped(StepMetrics metrics) => _progress?.Report(new FineTuneEvent.Stepped(metrics));

    private protected override void TellValidated(ValidationMetrics metrics, bool isBest) => _progress?.Report(new FineTuneEvent.Validated(Epoch, metrics, isBest));

    private protected override void TellSaved(string checkpoint) => _progress?.Report(new FineTuneEvent.Saved(checkpoint));

    private protected override void TellEnded()
    {
        if (BestSameAnswer is not { } answer)
            return;
        string advice = Data.Task.Target == TargetKind.Classes ? ", or set task.class_weights: balanced" : "";
        TorchLog.AnswersAreTheSame(_logger, BestEpoch, answer, advice);
    }

    /// <summary>Gets the number of epochs completed.</summary>
    private int Epoch => StepsMade / _tuner.StepsPerEpoch;

    /// <summary>Writes the files that a later process compares with when it continues the run.</summary>
    private void SaveBeginning()
    {
        Recipe.Save(_recipe, Directory.RecipePath);
        Data.Files.Save(Directory.Path);
    }

    /// <summary>Creates the model and the tuner, and reads their weights and state.</summary>
    private void Load(BaseModel source, RunCheckpoint? checkpoint, OptimizerFactory? optimizer, CancellationToken cancellationToken)
    {
        _model = FineTunedModel.Create(_recipe.Model, Data.Task, source, _recipe.Train.Seed, Precision, Device, cancellationToken);
        _tuner = new FineTuner(_model, _recipe.Model, _examples.Windows, _recipe.Train, optimizer);
        if (checkpoint is not null)
            State = CheckedState(FineTuneCheckpoint.Load(checkpoint.Path, _tuner, IsAdapter)) with { Seed = _recipe.Train.Seed };
        _progress?.Report(new FineTuneEvent.Began(new FineTuneInfo(
            _model.Model.Config, _model.ParameterCount, _tuner.Trainable.Sum(p => p.Value.NumberOfElements), Device.type.ToString().ToLowerInvariant(), Precision,
            _examples.Train.Length, _examples.Validation.Length, _examples.Truncated, _tuner.Padding,
            Data.Task.Outputs, _tuner.StepsMade, _tuner.Steps, _tuner.StepsPerEpoch, Peak)
        {
            Labels = Data.Task.Labels,
            Target = Data.Task.Target,
            Windows = _examples.Windows.Length,
        }));
    }

    /// <summary>Throws if labels or files are not those that the run began with.</summary>
    private static void CheckSameData(FineTuningData data, RunDirectory directory, RunCheckpoint checkpoint)
    {
        if (new[] { checkpoint.Path, directory.BestPath }.FirstOrDefault(TaskDescription.IsIn) is { } before)
            data.Task.CheckSame(TaskDescription.Read(before), before);
        if (TrainingFiles.Read(directory.Path) is { } files)
            data.Files.CheckSame(files, directory.Path);
    }

    private bool IsAdapter => _recipe.Model.LoraRank > 0;

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

    /// <summary>Checks that the model has the blocks and the projections that the recipe names.</summary>
    /// <exception cref="ArgumentException">It does not have them. The message names the key and the value.</exception>
    internal static void CheckBlocks(FineTuneRecipe recipe, BaseModel source)
    {
        BaseModelSection section = recipe.Model;
        int layers = source.Config.LayerCount;
        string has = source.Config is LstmConfig ? "the model is an LSTM with a single layer" : $"the model has {layers} blocks";
        if (section.NTransfer > layers)
            throw new ArgumentException($"model.n_transfer is {section.NTransfer}; {has}", nameof(recipe));
        if (section.Freeze > layers)
            throw new ArgumentException($"model.freeze is {section.Freeze}; {has}", nameof(recipe));
        if (section.LoraRank > 0 && source.Config is LstmConfig)
            throw new ArgumentException($"model.lora_rank is {section.LoraRank}; {has}, and adapters need the projections of a GPT's blocks", nameof(recipe));
    }

    /// <summary>The examples of a run as token sequences.</summary>
    private sealed record EncodedExamples(EncodedExample[] Train, EncodedExample[] Validation)
    {
        /// <summary>Gets what a step learns from: the training examples, with each window of a long text as an example of its own.</summary>
        public EncodedExample[] Windows { get; private init; } = Train;

        /// <summary>Gets the number of examples that were cut to the context length.</summary>
        public int Truncated => Train.Concat(Validation).Count(example => example.Sequences.IsTruncated);

        public static EncodedExamples Create(FineTuningData data, TaskEncoder encoder, CancellationToken cancellationToken)
        {
            EncodedExample[] train = Encode(data.Train);
            return new EncodedExamples(train, Encode(data.Validation)) { Windows = data.Task.Definition.HeadInput is HeadInput.One or HeadInput.Places ? [.. train.SelectMany(example => example.Windows).Where(data.Task.Definer.LearnsFrom)] : train };

            EncodedExample[] Encode(IReadOnlyList<TaskExample> examples) => [.. examples.Select(example =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                return EncodedExample.Create(example, data.Task, encoder);
            })];
        }
    }
}
