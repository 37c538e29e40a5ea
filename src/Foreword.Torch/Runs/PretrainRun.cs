using System.Diagnostics;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Torch.Inference;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Runtime;
using Foreword.Torch.Training;
using Foreword.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Runs;

/// <summary>
/// A complete pre-training run in its directory: steps, log, validation, samples, checkpoints and early stopping. A run that was stopped
/// or killed continues from its newest checkpoint, with the same results as an uninterrupted run.
/// </summary>
public sealed class PretrainRun : IDisposable
{
    /// <summary>Directory, inside the run directory, of the shards that are made from the recipe's text.</summary>
    private const string DataDirectory = "data";

    private readonly PretrainRecipe _recipe;
    private readonly RunDirectory _directory;
    private readonly PretrainingData _data;
    private readonly GptModel _model;
    private readonly Pretrainer _trainer;
    private readonly Action<PretrainEvent>? _tell;
    private readonly double _peak;
    private int? _firstNewId;
    private string? _adaptedWeights;
    private double _lossSum;
    private int _lossCount;
    private double _bestEvalLoss = double.PositiveInfinity;
    private int _evaluationsWithoutBest;
    private double _trainingSeconds;

    private PretrainRun(
        PretrainRecipe recipe, RunDirectory directory, PretrainingData data, StartingModel? source, RunCheckpoint? checkpoint, OptimizerFactory? optimizer, Action<PretrainEvent>? tell)
    {
        _recipe = recipe;
        _directory = directory;
        _data = data;
        _tell = tell;
        set_num_threads(recipe.Train.Threads == 0 ? Environment.ProcessorCount : recipe.Train.Threads);
        Device device = Compute.Device(recipe.Train.Device);
        Precision precision = Compute.Precision(recipe.Train.Precision, device);
        GptConfig config = recipe.Model.ToGptConfig(data.Tokenizer.VocabularySize, source?.Config);
        TrainerState? state = checkpoint is null ? null : Checkpoint.ReadState(checkpoint.Path);
        _model = new GptModel(config, recipe.Train.Seed, precision, recipe.Model.Init);
        if (source is not null)
            TrainOn(source, state);
        else if (checkpoint is null && recipe.Model.InitEmbeddings is { } vectors)
            tell?.Invoke(new PretrainEvent.EmbeddingsRead(InitialEmbeddings.Apply(_model, data.Tokenizer, vectors, recipe.Train.Seed)));
        _model.to(device);
        TrainedPart part = recipe.Model.Trained;
        if (part.IsAdapter)
            _model.AddAdapters(part.LoraRank, part.LoraAlpha, part.LoraTargets, recipe.Train.Seed + 1L);
        TrainedWeights trained = source is null ? TrainedWeights.All(_model) : new(_model, part, _firstNewId!.Value, config.VocabSize - _firstNewId.Value, "new_tokens");
        _trainer = new Pretrainer(_model, data.Train, data.Validation, recipe.Train, trained, optimizer);
        if (checkpoint is not null)
            Restore(checkpoint.Path);
        else if (source is not null)
            tell?.Invoke(new PretrainEvent.TrainsOn(source.Path, source.Config, config.VocabSize - _firstNewId!.Value, part is { Freeze: 0, IsAdapter: false } ? null : trained.Parameters.Sum(p => p.Value.NumberOfElements)));
        _peak = MachinePeak.Measure(precision, device);
        tell?.Invoke(new PretrainEvent.Began(
            config, device.type.ToString().ToLowerInvariant(), precision, _trainer.IsFused, data.Train.Count, data.Validation?.Count ?? 0,
            _trainer.TokensPerStep, _trainer.StepsMade, recipe.Train.Steps, _peak));
    }

    /// <summary>Gets the last validation loss in nats, or null before the first validation.</summary>
    public double? LastEvalLoss { get; private set; }

    /// <summary>Gets the number of steps made, including those of earlier processes.</summary>
    public int StepsMade => _trainer.StepsMade;

    /// <summary>Gets whether no validation since the start has been better than that of the starting model.</summary>
    public bool BestIsTheStart => _recipe.Model.Path is not null && double.IsFinite(_bestEvalLoss) && _bestEvalLoss == StartEvalLoss;

    /// <summary>Gets the validation loss in nats before the first step; null if the weights were random or there is no validation split.</summary>
    public double? StartEvalLoss { get; private set; }

    /// <summary>Gets the tokens and the tokenizer of the run.</summary>
    public PretrainingData Data => _data;

    /// <summary>Gets the model in its current state.</summary>
    public GptModel Model => _model;

    /// <summary>
    /// Gets the number of validation tokens that an evaluation reads; 0 without a validation split. It includes the first token, which is only
    /// context.
    /// </summary>
    public long EvaluatedTokens => _trainer.EvaluatedTokens;

    /// <summary>Returns the directory of the shards of a run that trains on text.</summary>
    public static string ShardsIn(RunDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return Path.Combine(directory.Path, DataDirectory);
    }

    /// <summary>Starts a new run in a directory created for it.</summary>
    /// <param name="recipe">The recipe of the run.</param>
    /// <param name="directory">An empty run directory.</param>
    /// <param name="tell">Receives all events of the run, or null.</param>
    /// <param name="cancellationToken">Cancels the preparation of text. To stop the training, see <see cref="Run"/>.</param>
    /// <exception cref="ArgumentException">A value of the recipe is impossible, or does not fit the starting model.</exception>
    /// <exception cref="InvalidDataException">A file is broken, or model, tokenizer and tokens do not belong together.</exception>
    public static PretrainRun Start(PretrainRecipe recipe, RunDirectory directory, Action<PretrainEvent>? tell = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        return Open(recipe, directory, null, null, tell, cancellationToken);
    }

    /// <summary>Starts a new run with an optimizer of the program's own.</summary>
    /// <param name="recipe">The recipe of the run. Its <c>train.optimizer</c> is not used.</param>
    /// <param name="directory">An empty run directory.</param>
    /// <param name="optimizer">Creates the optimizer.</param>
    /// <param name="tell">Receives all events of the run, or null.</param>
    /// <param name="cancellationToken">Cancels the preparation of text. To stop the training, see <see cref="Run"/>.</param>
    /// <exception cref="ArgumentException">A value of the recipe is impossible, or does not fit the starting model.</exception>
    /// <exception cref="InvalidDataException">A file is broken, or model, tokenizer and tokens do not belong together.</exception>
    public static PretrainRun Start(PretrainRecipe recipe, RunDirectory directory, OptimizerFactory optimizer, Action<PretrainEvent>? tell = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(optimizer);
        return Open(recipe, directory, null, optimizer, tell, cancellationToken);
    }

    /// <summary>Continues a run from a checkpoint, or from the beginning if it was killed before its first checkpoint.</summary>
    /// <param name="recipe">The recipe of the run. Steps may increase; intervals, device and threads may differ; files may have moved.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <param name="checkpoint">The checkpoint to continue from, or null. Later checkpoints are replaced when the run reaches their steps.</param>
    /// <param name="tell">Receives all events of the run, or null.</param>
    /// <param name="cancellationToken">Cancels the preparation of text. To stop the training, see <see cref="Run"/>.</param>
    /// <exception cref="ArgumentException">The recipe has fewer steps than the checkpoint has made.</exception>
    /// <exception cref="InvalidDataException">The recipe trains something else or on other data than the run did, or a file is broken.</exception>
    public static PretrainRun Resume(PretrainRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, Action<PretrainEvent>? tell = null, CancellationToken cancellationToken = default) =>
        ResumeWith(recipe, directory, checkpoint, null, tell, cancellationToken);

    /// <summary>Continues a run that began with an optimizer of the program's own.</summary>
    /// <param name="recipe">The recipe of the run. Steps may increase; intervals, device and threads may differ; files may have moved.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <param name="checkpoint">The checkpoint to continue from, or null. Later checkpoints are replaced when the run reaches their steps.</param>
    /// <param name="optimizer">Creates the same optimizer as at the beginning of the run.</param>
    /// <param name="tell">Receives all events of the run, or null.</param>
    /// <param name="cancellationToken">Cancels the preparation of text. To stop the training, see <see cref="Run"/>.</param>
    /// <exception cref="ArgumentException">The recipe has fewer steps than the checkpoint has made.</exception>
    /// <exception cref="InvalidDataException">The recipe trains something else or on other data than the run did, or a file is broken.</exception>
    public static PretrainRun Resume(
        PretrainRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, OptimizerFactory optimizer, Action<PretrainEvent>? tell = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        return ResumeWith(recipe, directory, checkpoint, optimizer, tell, cancellationToken);
    }

    private static PretrainRun ResumeWith(
        PretrainRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, OptimizerFactory? optimizer, Action<PretrainEvent>? tell, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        if (checkpoint is not null && checkpoint.Step > recipe.Train.Steps)
            throw new ArgumentException($"train.steps is {recipe.Train.Steps}; {checkpoint.Path} has already made {checkpoint.Step} steps");
        directory.DeleteTemporaries();
        if (recipe.Data.Text.Count > 0)
            RunText.Check(ShardsIn(directory), recipe.Data);
        return Open(recipe, directory, checkpoint, optimizer, tell, cancellationToken);
    }

    /// <summary>
    /// Opens the starting model and the tokens, checks that they belong together and to the contents of the directory, and loads the weights.
    /// </summary>
    private static PretrainRun Open(
        PretrainRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, OptimizerFactory? optimizer, Action<PretrainEvent>? tell, CancellationToken cancellationToken)
    {
        StartingModel? source = Source(recipe, checkpoint);
        string? tokenizer = HasOwnTokenizer(recipe, directory) ? null : recipe.Data.Tokenizer;
        DataSection section = (source is null ? recipe.Data : recipe.DataInUse) with { Tokenizer = tokenizer ?? source?.Path };
        if (source is not null)
        {
            if (tokenizer is not null)
                source.Check(ModelDirectory.LoadTokenizer(tokenizer), tokenizer);
            _ = recipe.Resolve(source.Tokenizer.VocabularySize, source.Config); // reports a wrong number before any text is prepared
        }

        PretrainingData data = PretrainingData.Open(section, recipe.Train.Seed, ShardsIn(directory), tell, cancellationToken);
        try
        {
            PretrainRecipe resolved = recipe.Resolve(data.Tokenizer.VocabularySize, source?.Config);
            if (File.Exists(directory.RecipePath))
                RunRecipe.Check(directory.RecipePath, resolved, checkpoint, data);
            PretrainRun run = new(resolved, directory, data, source, checkpoint, optimizer, tell);
            Recipe.Save(resolved, directory.RecipePath);
            return run;
        }
        catch
        {
            data.Dispose();
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

    /// <summary>Trains to the last step. In every case, the newest checkpoint is the state at the end.</summary>
    /// <param name="stop">Requests a graceful stop: the run finishes its step, saves a checkpoint and returns.</param>
    /// <exception cref="DivergenceException">Loss or gradient norm is infinite or not a number.</exception>
    /// <exception cref="IOException">A file cannot be written. Earlier checkpoints are intact.</exception>
    public RunOutcome Run(CancellationToken stop = default)
    {
        TrainingConfig train = _recipe.Train;
        bool isNew = _trainer.StepsMade == 0 && !File.Exists(_directory.MetricsPath);
        if (_trainer.StepsMade == 0)
            File.Delete(_directory.MetricsPath); // the log of a run that was killed before its first checkpoint
        using RunLog log = isNew ? RunLog.Start(_directory) : RunLog.Resume(_directory, _trainer.StepsMade);
        RunOutcome outcome = RunOutcome.Finished;
        double windowSeconds = 0;
        long windowTokens = 0;
        if (_trainer.StepsMade == 0 && _recipe.Model.Path is not null && _data.Validation is not null)
            Evaluate(log); // the loss of the starting model: it would reveal weights that were not loaded
        while (_trainer.StepsMade < train.Steps)
        {
            long begin = Stopwatch.GetTimestamp();
            StepResult step = Step();
            double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            (windowSeconds, windowTokens, _trainingSeconds) = (windowSeconds + seconds, windowTokens + step.Tokens, _trainingSeconds + seconds);
            (_lossSum, _lossCount) = (_lossSum + step.Loss, _lossCount + 1);
            double rate = windowTokens / windowSeconds;
            _tell?.Invoke(new PretrainEvent.Stepped(Metrics(step, step.Loss, rate)));

            bool isLast = step.Step == train.Steps;
            if (isLast || step.Step % train.LogEvery == 0)
            {
                log.Write(Metrics(step, _lossSum / _lossCount, rate));
                (_lossSum, _lossCount, windowSeconds, windowTokens) = (0, 0, 0, 0);
            }

            if (_data.Validation is not null && (isLast || Due(train.EvalEvery, step.Step)))
                Evaluate(log);
            if (Due(train.SampleEvery, step.Step))
                Sample(step.Step);
            bool stopping = stop.IsCancellationRequested && !isLast;
            bool patienceOver = train.EarlyStoppingPatience > 0 && _evaluationsWithoutBest >= train.EarlyStoppingPatience && !isLast;
            if (isLast || stopping || patienceOver || Due(train.CheckpointEvery, step.Step))
                Save();
            if (stopping || patienceOver)
            {
                outcome = stopping ? RunOutcome.Stopped : RunOutcome.StoppedEarly;
                break;
            }
        }

        return outcome;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
        _data.Dispose();
    }

    private static bool Due(int every, int step) => every > 0 && step % every == 0;

    private StepMetrics Metrics(StepResult step, double loss, double tokensPerSecond) =>
        new(step.Step, loss, step.LearningRate, step.GradNorm, tokensPerSecond, tokensPerSecond * _model.Config.TrainingFlopsPerToken / _peak);

    private StepResult Step()
    {
        try
        {
            return _trainer.Step();
        }
        catch (DivergenceException problem)
        {
            throw new DivergenceException(problem, _directory.LastGood);
        }
    }

    private void Evaluate(RunLog log)
    {
        double loss = _trainer.Evaluate();
        LastEvalLoss = loss;
        if (_trainer.StepsMade == 0)
            StartEvalLoss = loss;
        EvalMetrics metrics = new(_trainer.StepsMade, loss);
        log.Write(metrics);
        bool isBest = loss < _bestEvalLoss;
        if (isBest)
        {
            (_bestEvalLoss, _evaluationsWithoutBest) = (loss, 0);
            _directory.Write("the best model", () => Checkpoint.SaveModel(_directory.BestPath, _model, _data.Tokenizer, _recipe));
        }
        else
        {
            _evaluationsWithoutBest++;
        }

        _tell?.Invoke(new PretrainEvent.Evaluated(metrics, isBest));
    }

    private void Sample(int step)
    {
        using TorchLanguageModel model = new(_model, ownsModel: false);
        TextGenerator generator = new(model, _data.Tokenizer);
        SamplingOptions options = new() { MaxTokens = _recipe.Train.SampleTokens, Seed = _recipe.Train.Seed, Truncate = true };
        foreach (string prompt in _recipe.Train.SamplePrompts)
            _tell?.Invoke(new PretrainEvent.Sampled(step, prompt, generator.Generate(prompt, options).Text));
    }

    private void Save()
    {
        string path = _directory.CheckpointPath(_trainer.StepsMade);
        TrainerState state = new()
        {
            Step = _trainer.StepsMade,
            WindowsDrawn = _trainer.WindowsDrawn,
            Seed = _recipe.Train.Seed,
            Threads = get_num_threads(),
            BestEvalLoss = double.IsFinite(_bestEvalLoss) ? _bestEvalLoss : null,
            EvaluationsWithoutBest = _evaluationsWithoutBest,
            LossSum = _lossSum,
            LossCount = _lossCount,
            TrainingSeconds = _trainingSeconds,
            StartEvalLoss = StartEvalLoss,
            Data = _data.Fingerprint,
            FirstNewId = _firstNewId,
            AdaptedWeights = _adaptedWeights,
        };
        _directory.Write($"the checkpoint of step {_trainer.StepsMade}", () => Checkpoint.Save(path, _trainer, _data.Tokenizer, _recipe, state));
        _directory.DeleteOldCheckpoints(_recipe.Train.Keep, _trainer.StepsMade);
        _tell?.Invoke(new PretrainEvent.Saved(path));
    }

    private void Restore(string checkpoint)
    {
        TrainerState state = Checkpoint.Load(checkpoint, _trainer, _recipe.Model.Trained.IsAdapter);
        (_bestEvalLoss, _evaluationsWithoutBest) = (state.BestEvalLoss ?? double.PositiveInfinity, state.EvaluationsWithoutBest);
        (_lossSum, _lossCount, _trainingSeconds) = (state.LossSum, state.LossCount, state.TrainingSeconds);
        StartEvalLoss = state.StartEvalLoss;
    }

    /// <summary>Reads the weights of the starting model, unless a checkpoint contains them.</summary>
    private void TrainOn(StartingModel source, TrainerState? state)
    {
        bool isAdapter = _recipe.Model.Trained.IsAdapter;
        StartingModel weights = state is not null && isAdapter ? StartingModel.Open(_recipe.Model.Path!) : source;
        _firstNewId = state is null ? weights.FirstNewId(_data.Tokenizer) : state.FirstNewId ?? _model.Config.VocabSize;
        if (state is not null && !isAdapter)
            return;
        weights.ReadInto(_model, _firstNewId.Value);
        if (!isAdapter)
            return;
        _adaptedWeights = ModelFiles.Fingerprint(_model);
        if (state?.AdaptedWeights is { } before && before != _adaptedWeights)
            throw new InvalidDataException($"{weights.Path} is not the model that the run's adapters belong to: its weights have changed since the run started");
    }
}
