using System.Diagnostics;
using Foreword.Generation;
using Foreword.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Training;

/// <summary>
/// A whole pre-training run in its directory: steps, log, validation, samples, checkpoints, early stopping. A run that was
/// stopped or killed goes on from its newest checkpoint as if nothing had happened.
/// </summary>
public sealed class PretrainRun : IDisposable
{
    /// <summary>Where shards made from the recipe's text lie inside the run directory.</summary>
    private const string DataDirectory = "data";

    private readonly PretrainRecipe _recipe;
    private readonly RunDirectory _directory;
    private readonly PretrainingData _data;
    private readonly GptModel _model;
    private readonly Pretrainer _trainer;
    private readonly Action<PretrainEvent>? _tell;
    private readonly double _peak;
    private double _lossSum;
    private int _lossCount;
    private double _bestEvalLoss = double.PositiveInfinity;
    private int _evaluationsWithoutBest;
    private double _trainingSeconds;

    private PretrainRun(PretrainRecipe recipe, RunDirectory directory, PretrainingData data, RunCheckpoint? checkpoint, Action<PretrainEvent>? tell)
    {
        _recipe = recipe;
        _directory = directory;
        _data = data;
        _tell = tell;
        set_num_threads(recipe.Train.Threads == 0 ? Environment.ProcessorCount : recipe.Train.Threads);
        Device device = Compute.Device(recipe.Train.Device);
        Precision precision = Compute.Precision(recipe.Train.Precision, device);
        GptConfig config = recipe.Model.ToGptConfig(data.Tokenizer.VocabularySize);
        _model = new GptModel(config, recipe.Train.Seed, precision, recipe.Model.Init);
        if (checkpoint is null && recipe.Model.InitEmbeddings is { } vectors)
            tell?.Invoke(new PretrainEvent.EmbeddingsRead(InitialEmbeddings.Apply(_model, data.Tokenizer, vectors, recipe.Train.Seed)));
        _model.to(device);
        _trainer = new Pretrainer(_model, data.Train, data.Validation, recipe.Train);
        if (checkpoint is not null)
            Restore(checkpoint.Path);
        _peak = MachinePeak.Measure(precision, device);
        tell?.Invoke(new PretrainEvent.Began(
            config, device.type.ToString().ToLowerInvariant(), precision, _trainer.IsFused, data.Train.Count, data.Validation?.Count ?? 0,
            _trainer.TokensPerStep, _trainer.StepsMade, recipe.Train.Steps, _peak));
    }

    /// <summary>The last validation loss in nats, or null before the first.</summary>
    public double? LastEvalLoss { get; private set; }

    /// <summary>The tokens and the tokenizer of the run.</summary>
    public PretrainingData Data => _data;

    /// <summary>The model, as it stands.</summary>
    public GptModel Model => _model;

    /// <summary>Validation tokens that an evaluation reads, the first included, which only gives context; 0 without a validation split.</summary>
    public long EvaluatedTokens => _trainer.EvaluatedTokens;

    /// <summary>Where the shards of a run lie that was given text.</summary>
    public static string ShardsIn(RunDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return Path.Combine(directory.Path, DataDirectory);
    }

    /// <summary>A new run in a directory made for it.</summary>
    /// <param name="recipe">What to train.</param>
    /// <param name="directory">An empty run directory.</param>
    /// <param name="tell">Told about everything that happens.</param>
    /// <param name="cancellation">Ends the preparation of text; later, see <see cref="Run"/>.</param>
    public static PretrainRun Start(PretrainRecipe recipe, RunDirectory directory, Action<PretrainEvent>? tell = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        PretrainingData data = PretrainingData.Open(recipe.Data, recipe.Train.Seed, ShardsIn(directory), tell, cancellation);
        PretrainRecipe resolved = recipe.Resolve(data.Tokenizer.VocabularySize);
        PretrainRun run = new(resolved, directory, data, null, tell);
        Recipe.Save(resolved, directory.RecipePath);
        return run;
    }

    /// <summary>Goes on from a checkpoint, or from the beginning when the run was killed before its first one.</summary>
    /// <param name="recipe">The recipe of the run; steps, cadences, device and threads may differ.</param>
    /// <param name="directory">The directory of the earlier run.</param>
    /// <param name="checkpoint">Where to go on; later checkpoints of the directory are replaced as the run reaches them.</param>
    /// <param name="tell">Told about everything that happens.</param>
    /// <param name="cancellation">Ends the preparation of text; later, see <see cref="Run"/>.</param>
    /// <exception cref="InvalidDataException">The recipe trains something else than the run did, or a file is broken.</exception>
    public static PretrainRun Resume(PretrainRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, Action<PretrainEvent>? tell = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(directory);
        directory.DeleteTemporaries();
        PretrainingData data = PretrainingData.Open(recipe.Data, recipe.Train.Seed, ShardsIn(directory), tell, cancellation);
        PretrainRecipe resolved = recipe.Resolve(data.Tokenizer.VocabularySize);
        if (File.Exists(directory.RecipePath))
            CheckSameRun(Recipe.Read<PretrainRecipe>(directory.RecipePath), resolved, directory.RecipePath);
        PretrainRun run = new(resolved, directory, data, checkpoint, tell);
        Recipe.Save(resolved, directory.RecipePath);
        return run;
    }

    /// <summary>Trains to the last step. Whatever the outcome, the newest checkpoint is the state at the end.</summary>
    /// <param name="stop">Asks the run to finish its step, save and return.</param>
    /// <exception cref="DivergenceException">Loss or gradient became infinite or not a number.</exception>
    /// <exception cref="IOException">A file cannot be written; the checkpoints from before are intact.</exception>
    public RunOutcome Run(CancellationToken stop = default)
    {
        TrainingConfig train = _recipe.Train;
        using RunLog log = _trainer.StepsMade == 0 && !File.Exists(_directory.MetricsPath) ? RunLog.Start(_directory) : RunLog.Resume(_directory, _trainer.StepsMade);
        RunOutcome outcome = RunOutcome.Finished;
        double windowSeconds = 0;
        long windowTokens = 0;
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
        };
        _directory.Write($"the checkpoint of step {_trainer.StepsMade}", () => Checkpoint.Save(path, _trainer, _data.Tokenizer, _recipe, state));
        _directory.DeleteOldCheckpoints(_recipe.Train.Keep);
        LossPlot.Write(_directory, Path.GetFileName(Path.GetFullPath(_directory.Path)));
        _tell?.Invoke(new PretrainEvent.Saved(path));
    }

    private void Restore(string checkpoint)
    {
        TrainerState state = Checkpoint.Load(checkpoint, _trainer);
        (_bestEvalLoss, _evaluationsWithoutBest) = (state.BestEvalLoss ?? double.PositiveInfinity, state.EvaluationsWithoutBest);
        (_lossSum, _lossCount, _trainingSeconds) = (state.LossSum, state.LossCount, state.TrainingSeconds);
    }

    /// <summary>Refuses a recipe that would train on something else than the checkpoint stands for.</summary>
    private static void CheckSameRun(PretrainRecipe saved, PretrainRecipe resolved, string savedPath)
    {
        RunDirectory.CheckSameRecipe(Comparable(saved), Comparable(resolved), savedPath);

        // Length, cadences and machine may change between two parts of a run.
        static string Comparable(PretrainRecipe recipe) => Recipe.ToYaml(recipe with
        {
            Data = recipe.Data with { Text = recipe.Data.Text.Count > 0 ? ["text"] : [] },
            Train = recipe.Train with
            {
                Steps = 1,
                LogEvery = 1,
                EvalEvery = 1,
                EvalBatches = 1,
                SampleEvery = 0,
                SamplePrompts = [],
                SampleTokens = 1,
                CheckpointEvery = 1,
                Keep = 1,
                EarlyStoppingPatience = 0,
                Recompute = false,
                Threads = 0,
                Device = DeviceChoice.Auto,
            },
        });
    }
}
