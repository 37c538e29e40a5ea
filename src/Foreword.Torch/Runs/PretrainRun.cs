using Foreword.Chat;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Torch.Inference;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Training;
using Foreword.Weights.Catalog;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace Foreword.Torch.Runs;

/// <summary>
/// A complete pre-training run in its directory: the tokens, the model, the trainer, validation losses and samples.
/// </summary>
public sealed class PretrainRun : TrainingRun
{
    /// <summary>Directory, inside the run directory, of the shards that are made from the recipe's text.</summary>
    private const string DataDirectory = "data";

    private readonly PretrainRecipe _recipe;
    private readonly PretrainingData _data;
    private readonly ChatTemplate? _template; // saved with the model
    private readonly IProgress<PretrainEvent>? _progress;
    private LanguageModule _model = null!; // Load creates the model and the trainer before the run is returned
    private Pretrainer _trainer = null!;

    private PretrainRun(PretrainRecipe recipe, RunDirectory directory, PretrainingData data, ChatTemplate? template, IProgress<PretrainEvent>? progress)
        : base(directory, recipe.Train) => (_recipe, _data, _template, _progress) = (recipe, data, template, progress);

    /// <summary>Gets the last validation loss in nats, or null before the first validation.</summary>
    public double? LastValidationLoss { get; private set; }

    /// <summary>Gets whether no validation since the start has been better than that of the starting model.</summary>
    internal bool BestIsTheStart => _recipe.Model.Path is not null && State.BestValidationLoss is { } best && best == StartValidationLoss;

    /// <summary>Gets the validation loss in nats before the first step; null if the weights were random or there is no validation split.</summary>
    public double? StartValidationLoss => State.StartValidationLoss;

    /// <summary>Gets the tokens and the tokenizer of the run.</summary>
    internal PretrainingData Data => _data;

    /// <summary>Gets the model in its current state.</summary>
    public LanguageModule Model => _model;

    /// <summary>
    /// Gets the number of validation tokens that an evaluation reads; 0 without a validation split. It includes the first token, which is only
    /// context.
    /// </summary>
    internal long ValidatedTokens => _trainer.ValidatedTokens;

    /// <summary>Returns the directory of the shards of a run that trains on text.</summary>
    internal static string ShardsIn(RunDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return Path.Combine(directory.Path, DataDirectory);
    }

    /// <summary>Starts a new run in a directory created for it.</summary>
    /// <param name="recipe">The recipe of the run.</param>
    /// <param name="directory">An empty run directory.</param>
    /// <param name="progress">Receives all events of the run, in order; null for none.</param>
    /// <param name="optimizer">Creates an optimizer of the program's own; null for the one that the recipe names.</param>
    /// <param name="logger">Receives which files of text are not read; null for no log.</param>
    /// <param name="cancellationToken">Cancels the preparation of text and the loading of weights. To stop the training, see <see cref="TrainingRun.Run(StopRequest, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">A value of the recipe is impossible, or does not fit the starting model.</exception>
    /// <exception cref="InvalidDataException">A file is broken, or model, tokenizer and tokens do not belong together.</exception>
    public static PretrainRun Start(
        PretrainRecipe recipe, RunDirectory directory, IProgress<PretrainEvent>? progress = null, OptimizerFactory? optimizer = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        return Open(recipe, directory, null, optimizer, progress, logger, cancellationToken);
    }

    /// <summary>Continues a run from a checkpoint, or from the beginning if it was killed before its first checkpoint.</summary>
    /// <param name="recipe">The recipe of the run. Steps may increase. Intervals, device and threads may differ, and files may have moved.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <param name="checkpoint">The checkpoint to continue from, or null. Later checkpoints are replaced when the run reaches their steps.</param>
    /// <param name="progress">Receives all events of the run, in order; null for none.</param>
    /// <param name="optimizer">Creates the optimizer that the run began with, if it was the program's own.</param>
    /// <param name="logger">Receives which files of text are not read; null for no log.</param>
    /// <param name="cancellationToken">Cancels the preparation of text and the loading of weights. To stop the training, see <see cref="TrainingRun.Run(StopRequest, CancellationToken)"/>.</param>
    /// <exception cref="ArgumentException">The recipe has fewer steps than the checkpoint has made.</exception>
    /// <exception cref="InvalidDataException">The recipe trains something else or on other data than the run did, or a file is broken.</exception>
    public static PretrainRun Resume(
        PretrainRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, IProgress<PretrainEvent>? progress = null, OptimizerFactory? optimizer = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        if (checkpoint is not null && checkpoint.Step > recipe.Train.Steps)
            throw new ArgumentException($"train.steps is {recipe.Train.Steps}; {checkpoint.Path} has already made {checkpoint.Step} steps", nameof(recipe));
        directory.DeleteTemporaries();
        if (recipe.Data.Text.Count > 0)
            TextCheck.Check(ShardsIn(directory), recipe.Data);
        return Open(recipe, directory, checkpoint, optimizer, progress, logger, cancellationToken);
    }

    /// <summary>
    /// Opens the starting model and the tokens, checks that they belong together and to the contents of the directory, and loads the weights.
    /// </summary>
    private static PretrainRun Open(
        PretrainRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, OptimizerFactory? optimizer, IProgress<PretrainEvent>? progress, ILogger? logger, CancellationToken cancellationToken)
    {
        StartingModel? source = Source(recipe, checkpoint);
        string? tokenizer = HasOwnTokenizer(recipe, directory) ? null : recipe.Data.Tokenizer;
        DataSection section = (source is null ? recipe.Data : recipe.DataInUse) with { Tokenizer = tokenizer ?? source?.Path };
        if (source is not null)
        {
            if (tokenizer is not null)
                source.Check(ModelDirectory.LoadTokenizer(tokenizer), tokenizer);
            _ = recipe.Resolve(source.Tokenizer.VocabSize, source.Config); // reports a wrong number before any text is prepared
        }

        PretrainingData data = PretrainingData.Open(section, recipe.Train.Seed, ShardsIn(directory), progress, logger, cancellationToken);
        PretrainRun? run = null;
        try
        {
            PretrainRecipe resolved = recipe.Resolve(data.Tokenizer.VocabSize, source?.Config);
            if (File.Exists(directory.RecipePath))
                RecipeCheck.Check(directory.RecipePath, resolved, checkpoint, data);
            run = new PretrainRun(resolved, directory, data, data.Template is { } prepared ? prepared with { Reverse = false } : ChatTemplateFile.ReadOwn(source?.Path), progress);
            run.Load(source, checkpoint, optimizer, cancellationToken);
            Recipe.Save(resolved, directory.RecipePath);
            return run;
        }
        catch
        {
            if (run is null)
                data.Dispose();
            else
                run.Dispose();
            throw;
        }
    }

    /// <summary>Returns whether the recipe's tokenizer no longer exists and is not needed, because the prepared tokens include a copy.</summary>
    private static bool HasOwnTokenizer(PretrainRecipe recipe, RunDirectory directory) =>
        recipe.Data.Tokenizer is { } path && !System.IO.Path.Exists(path) && ModelDirectory.Downloaded(path) is null
        && File.Exists(System.IO.Path.Combine(ShardsIn(directory), ShardManifest.FileName));

    /// <summary>
    /// Opens the starting model, or null if the weights are random. If there is a checkpoint, opens the checkpoint instead: it has the
    /// architecture, the tokenizer and, except for the weights that adapters change, the weights. The original model may then be missing.
    /// </summary>
    private static StartingModel? Source(PretrainRecipe recipe, RunCheckpoint? checkpoint) =>
        recipe.Model.Path is { } path ? StartingModel.Open(checkpoint is null ? path : checkpoint.Path) : null;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _trainer?.Dispose(); // null if the run could not be opened
        _model?.Dispose();
        _data.Dispose();
    }

    private protected override ModelConfig Config => _model.Config;

    private protected override int Steps => _recipe.Train.Steps;

    private protected override int Patience => _recipe.Train.EarlyStoppingPatience;

    private protected override StepResult Step() => _trainer.Step();

    /// <summary>Returns true also before the first step of a starting model, whose loss would reveal weights that were not loaded.</summary>
    private protected override bool ValidatesAfter(int step) =>
        _data.Validation is not null && (step == 0 ? _recipe.Model.Path is not null : step == Steps || IsDue(_recipe.Train.EvalEvery, step));

    private protected override bool SavesAfter(int step) => IsDue(_recipe.Train.CheckpointEvery, step);

    private protected override Validation Validate(CancellationToken cancellationToken)
    {
        double loss = _trainer.Validate(cancellationToken);
        LastValidationLoss = loss;
        if (StepsMade == 0)
            State = State with { StartValidationLoss = loss };
        return new Validation(new ValidationMetrics(StepsMade, loss), loss < (State.BestValidationLoss ?? double.PositiveInfinity) ? State : null);
    }

    private protected override void Sample(RunLog log)
    {
        if (!IsDue(_recipe.Train.SampleEvery, StepsMade))
            return;
        using TorchLanguageModel model = new(_model, ownsModel: false);
        TextGenerator generator = new(model, _data.Tokenizer);
        SamplingOptions options = new() { MaxTokens = _recipe.Train.SampleTokens, Seed = _recipe.Train.Seed, Truncate = true };
        foreach (string prompt in _recipe.Train.SamplePrompts)
        {
            PretrainEvent.Sampled sample = new(StepsMade, prompt, generator.Generate(prompt, options).Text);
            log.Write(sample);
            _progress?.Report(sample);
        }
    }

    private protected override void SaveModel(string directory) => Checkpoint.SaveModel(directory, _model, _data.Tokenizer, _template, _recipe);

    private protected override void SaveCheckpoint(string directory) =>
        Checkpoint.Save(directory, _trainer, _data.Tokenizer, _template, _recipe, State with { WindowsDrawn = _trainer.WindowsDrawn });

    private protected override void TellStepped(StepMetrics metrics) => _progress?.Report(new PretrainEvent.Stepped(metrics));

    private protected override void TellValidated(ValidationMetrics metrics, bool isBest) => _progress?.Report(new PretrainEvent.Validated(metrics, isBest));

    private protected override void TellSaved(string checkpoint) => _progress?.Report(new PretrainEvent.Saved(checkpoint));

    /// <summary>Creates the model and the trainer, and reads their weights and state.</summary>
    private void Load(StartingModel? source, RunCheckpoint? checkpoint, OptimizerFactory? optimizer, CancellationToken cancellationToken)
    {
        ModelConfig config = _recipe.Model.ToModelConfig(_data.Tokenizer.VocabSize, source?.Config);
        if (checkpoint is not null)
            State = Checkpoint.ReadState(checkpoint.Path);
        _model = LanguageModule.Create(config, _recipe.Train.Seed, Precision, _recipe.Model.Init);
        if (source is not null)
            TrainOn(source, isResumed: checkpoint is not null, cancellationToken);
        else if (checkpoint is null && _recipe.Model.InitEmbeddings is { } vectors)
            _progress?.Report(new PretrainEvent.EmbeddingsRead(InitialEmbeddings.Apply(_model, _data.Tokenizer, vectors, _recipe.Train.Seed, cancellationToken)));
        _model.to(Device);
        TrainedPart part = _recipe.Model.Trained;
        if (part.IsAdapter)
            _model.AddAdapters(part.LoraRank, part.LoraAlpha, part.LoraTargets, _recipe.Train.Seed + 1L);
        TrainedWeights trained = source is null ? TrainedWeights.All(_model) : new(_model, part, State.FirstNewId!.Value, config.VocabSize - State.FirstNewId.Value, "new_tokens");
        try
        {
            _trainer = new Pretrainer(_model, _data.Train, _data.Validation, _recipe.Train, trained, optimizer);
        }
        catch
        {
            trained.Dispose();
            throw;
        }

        if (checkpoint is not null)
            Checkpoint.Load(checkpoint.Path, _trainer, part.IsAdapter);
        else if (source is not null)
            _progress?.Report(new PretrainEvent.StartingModelRead(source.Path, source.Config, config.VocabSize - State.FirstNewId!.Value, part is { Freeze: 0, IsAdapter: false } ? null : trained.Parameters.Sum(p => p.Value.NumberOfElements)));
        State = State with { Seed = _recipe.Train.Seed, Data = _data.Fingerprint };
        _progress?.Report(new PretrainEvent.Began(new PretrainInfo(
            config, Device.type.ToString().ToLowerInvariant(), Precision, _trainer.IsFused, _data.Train.Count, _data.Validation?.Count ?? 0,
            _trainer.TokensPerStep, _trainer.StepsMade, _recipe.Train.Steps, Peak)));
    }

    /// <summary>Reads the weights of the starting model, unless a checkpoint contains them.</summary>
    private void TrainOn(StartingModel source, bool isResumed, CancellationToken cancellationToken)
    {
        bool isAdapter = _recipe.Model.Trained.IsAdapter;
        StartingModel weights = isResumed && isAdapter ? StartingModel.Open(_recipe.Model.Path!) : source;
        int firstNewId = isResumed ? State.FirstNewId ?? _model.Config.VocabSize : weights.FirstNewId(_data.Tokenizer);
        State = State with { FirstNewId = firstNewId };
        if (isResumed && !isAdapter)
            return;
        weights.ReadInto(_model, firstNewId, layers: null, cancellationToken);
        if (!isAdapter)
            return;
        string adapted = ModelFiles.Fingerprint(_model);
        if (State.AdaptedWeights is { } before && before != adapted)
            throw new InvalidDataException($"{weights.Path} is not the model that the run's adapters belong to: its weights have changed since the run started");
        State = State with { AdaptedWeights = adapted };
    }
}
