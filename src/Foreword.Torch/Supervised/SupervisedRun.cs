using Foreword.Data.FineTuning;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Models;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace Foreword.Torch.Supervised;

/// <summary>
/// A complete training of a language model on examples of which some tokens are predicted, in its directory: see the kinds of
/// <see cref="ISupervisedRecipe"/>. The best model is an ordinary language model. If it was trained on messages, it has a chat template, which
/// <c>chat</c>, <c>serve</c> and the .NET interfaces use without being told.
/// </summary>
public sealed class SupervisedRun : TrainingRun
{
    private readonly ISupervisedRecipe _recipe;
    private readonly SupervisedContent _content;
    private readonly IProgress<PretrainEvent>? _progress;
    private LanguageModule _model = null!; // Load creates the model and the trainer before the run is returned
    private ISupervisedTrainer _trainer = null!;

    private SupervisedRun(ISupervisedRecipe recipe, RunDirectory directory, SupervisedContent content, IProgress<PretrainEvent>? progress)
        : base(directory, recipe.Train) => (_recipe, _content, _progress) = (recipe, content, progress);

    /// <summary>Gets the metrics of the best validation, by name; null before the first one.</summary>
    public IReadOnlyDictionary<string, double>? BestMetrics => State.BestMetrics;

    /// <summary>Gets the loss of the best validation; null before the first one. For dialogues, it is in nats a token of the answers.</summary>
    public double? BestLoss => State.BestValidationLoss;

    /// <summary>Gets the epoch of the best model, from 1; 0 for the model before the first step.</summary>
    public int BestEpoch => State.BestEpoch ?? 0;

    /// <summary>Gets the loss of the starting model on the held-out examples; null before the first validation.</summary>
    public double? StartLoss => State.StartValidationLoss;

    /// <summary>Gets the metrics of the starting model, by name; null before the first validation.</summary>
    public IReadOnlyDictionary<string, double>? StartMetrics => State.StartMetrics;

    /// <summary>Gets what was left out or shortened, in sentences.</summary>
    public IReadOnlyList<string> Notes => _content.Notes;

    /// <summary>Starts a new run in a directory created for it.</summary>
    /// <param name="recipe">The recipe of the run.</param>
    /// <param name="directory">An empty run directory.</param>
    /// <param name="progress">Receives all events of the run, in order; null for none.</param>
    /// <param name="optimizer">Creates an optimizer of the program's own; null for the one that the recipe names.</param>
    /// <param name="logger">Receives a warning about each thing that is possibly not as intended; null for no log.</param>
    /// <param name="cancellationToken">Cancels the reading of data and weights.</param>
    /// <exception cref="InvalidDataException">Model or data are broken or do not fit the recipe. No training has taken place.</exception>
    public static SupervisedRun Start(
        ISupervisedRecipe recipe, RunDirectory directory, IProgress<PretrainEvent>? progress = null, OptimizerFactory? optimizer = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        return Open(Recipe.Validate(recipe), directory, null, progress, optimizer, logger, cancellationToken);
    }

    /// <summary>Continues a run from a checkpoint, or from the beginning if it was killed before its first checkpoint.</summary>
    /// <param name="recipe">The recipe of the run. Patience, intervals, device and threads may differ.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <param name="checkpoint">The checkpoint to continue from; null to begin again.</param>
    /// <param name="progress">Receives all events of the run, in order; null for none.</param>
    /// <param name="optimizer">Creates the optimizer that the run began with, if it was the program's own.</param>
    /// <param name="logger">Receives a warning about each thing that is possibly not as intended; null for no log.</param>
    /// <param name="cancellationToken">Cancels the reading of data and weights.</param>
    /// <exception cref="InvalidDataException">The recipe trains something else or on other data than the run did, or a file is broken.</exception>
    public static SupervisedRun Resume(
        ISupervisedRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, IProgress<PretrainEvent>? progress = null, OptimizerFactory? optimizer = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        directory.DeleteTemporaries();
        _ = Recipe.Validate(recipe);
        if (File.Exists(directory.RecipePath))
            RunDirectory.CheckSameRecipe(SupervisedContent.Comparable(SupervisedContent.ReadSaved(recipe, directory.RecipePath)), SupervisedContent.Comparable(recipe), directory.RecipePath);
        return Open(recipe, directory, checkpoint, progress, optimizer, logger, cancellationToken);
    }

    private static SupervisedRun Open(
        ISupervisedRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, IProgress<PretrainEvent>? progress, OptimizerFactory? optimizer, ILogger? logger, CancellationToken cancellationToken)
    {
        bool isAdapter = recipe.Model.LoraRank > 0;
        StartingModel source = StartingModel.Open(checkpoint is null || isAdapter ? recipe.Model.Path : checkpoint.Path);
        SupervisedContent content = SupervisedContent.Open(recipe, source, cancellationToken);
        if (checkpoint is not null && TrainingFiles.Read(directory.Path) is { } files)
            content.Files.CheckSame(files, directory.Path);
        SupervisedRun run = new(recipe, directory, content, progress);
        try
        {
            run.Load(source, checkpoint, optimizer, cancellationToken);
            foreach (string note in content.Notes)
                TorchLog.ExamplesDoubted(logger ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, note);
            Recipe.Save(recipe, directory.RecipePath);
            content.Files.Save(directory.Path);
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _trainer?.Dispose(); // null if the run could not be opened
        _model?.Dispose();
    }

    private protected override ModelConfig Config => _model.Config;

    private protected override int Steps => _trainer.Steps;

    private protected override int Patience => _recipe.Train.Patience;

    private protected override StepResult Step() => _trainer.Step();

    private protected override bool ValidatesAfter(int step) => step % _trainer.StepsPerEpoch == 0;

    private protected override bool SavesAfter(int step) => step % _trainer.StepsPerEpoch == 0;

    private protected override Validation Validate(CancellationToken cancellationToken)
    {
        (double loss, Dictionary<string, double> metrics) = _trainer.Validate(cancellationToken);
        if (StepsMade == 0)
            State = State with { StartValidationLoss = loss, StartMetrics = metrics };
        return new Validation(new ValidationMetrics(StepsMade, loss, metrics), loss < (State.BestValidationLoss ?? double.PositiveInfinity)
            ? State with { BestMetric = "loss", BestEpoch = StepsMade / _trainer.StepsPerEpoch, BestMetrics = metrics }
            : null);
    }

    private protected override void SaveModel(string directory) => Checkpoint.Write(directory, _recipe, WriteModel);

    private protected override void SaveCheckpoint(string directory) => Checkpoint.Write(directory, _recipe, staged =>
    {
        WriteModel(staged);
        if (IsAdapter)
            Checkpoint.SaveParameters(staged, _trainer.Updates.Trained);
        Checkpoint.SaveOptimizer(staged, _trainer.Updates.Optimizer);
        Checkpoint.WriteState(staged, State);
    });

    private protected override void TellStepped(StepMetrics metrics) => _progress?.Report(new PretrainEvent.Stepped(metrics));

    private protected override void TellValidated(ValidationMetrics metrics, bool isBest) => _progress?.Report(new PretrainEvent.Validated(metrics, isBest));

    private protected override void TellSaved(string checkpoint) => _progress?.Report(new PretrainEvent.Saved(checkpoint));

    private bool IsAdapter => _recipe.Model.LoraRank > 0;

    private void WriteModel(string directory) => Checkpoint.SaveModelFiles(directory, _model, _content.Tokenizer, _content.Template);

    /// <summary>Creates the model and the trainer, and reads their weights and state.</summary>
    private void Load(StartingModel source, RunCheckpoint? checkpoint, OptimizerFactory? optimizer, CancellationToken cancellationToken)
    {
        if (checkpoint is not null)
            State = Checkpoint.ReadState(checkpoint.Path);
        BaseModelSection section = _recipe.Model;
        ModelConfig config = source.Config.WithDropout(section.Dropout) with { VocabSize = Math.Max(source.Config.VocabSize, _content.Tokenizer.VocabSize) };
        int firstNewId = State.FirstNewId ?? source.FirstNewId(_content.Tokenizer);
        _model = LanguageModule.Create(config, _recipe.Train.Seed, Precision);
        if (section.From == StartFrom.Pretrained && (checkpoint is null || IsAdapter))
            source.ReadInto(_model, firstNewId, section.NTransfer, cancellationToken);
        State = State with { FirstNewId = firstNewId, Seed = _recipe.Train.Seed };
        if (IsAdapter)
            CheckAdapted(source);
        _model.to(Device);
        TrainedPart part = section.Trained;
        if (part.IsAdapter)
            _model.AddAdapters(part.LoraRank, part.LoraAlpha, part.LoraTargets, _recipe.Train.Seed + 1L);
        TrainedWeights trained = new(_model, part, firstNewId, config.VocabSize - firstNewId, "new_tokens");
        try
        {
            _trainer = _content.CreateTrainer(_model, trained, optimizer);
        }
        catch
        {
            trained.Dispose();
            throw;
        }

        if (checkpoint is not null)
        {
            Resume(checkpoint);
        }
        else
        {
            _trainer.Start(Directory.Path, cancellationToken);
            _progress?.Report(new PretrainEvent.StartingModelRead(source.Path, source.Config, config.VocabSize - firstNewId, part is { Freeze: 0, IsAdapter: false } ? null : trained.Parameters.Sum(p => p.Value.NumberOfElements)));
        }

        (long tokens, long held) = _trainer.Tokens;
        _progress?.Report(new PretrainEvent.Began(new PretrainInfo(
            config, Device.type.ToString().ToLowerInvariant(), Precision, _trainer.Updates.Path.IsFused, tokens, held, tokens / _trainer.StepsPerEpoch, _trainer.Updates.StepsMade, _trainer.Steps, Peak)));
    }

    private void Resume(RunCheckpoint checkpoint)
    {
        if (State.Step > _trainer.Steps)
            throw new InvalidDataException($"{Directory.Path} has made {State.Step} steps; train.epochs: {_recipe.Train.Epochs} makes {_trainer.Steps}; use another directory");
        _trainer.Resume(Directory.Path);
        if (IsAdapter)
            Checkpoint.LoadParameters(checkpoint.Path, _trainer.Updates.Trained);
        else
            ModelFiles.CopyInto(_model, Path.Combine(checkpoint.Path, ModelFiles.WeightsFile));
        Checkpoint.LoadOptimizer(checkpoint.Path, _trainer.Updates.Optimizer);
        _trainer.Updates.ResumeAt(State.Step);
    }

    /// <summary>Checks that the weights under the adapters are those with which the run began.</summary>
    private void CheckAdapted(StartingModel source)
    {
        string adapted = ModelFiles.Fingerprint(_model);
        if (State.AdaptedWeights is { } before && before != adapted)
            throw new InvalidDataException($"{source.Path} is not the model that the run's adapters belong to: its weights have changed since the run started");
        State = State with { AdaptedWeights = adapted };
    }
}
