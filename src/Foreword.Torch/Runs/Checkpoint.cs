using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.Data.Recipes;
using Foreword.IO;
using Foreword.Tokenization;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Training;
using Foreword.Weights.HuggingFace;
using TorchSharp.Modules;

namespace Foreword.Torch.Runs;

/// <summary>
/// A checkpoint is a model directory that other tools open (weights, config.json, tokenizer) plus what training needs to go
/// on: <c>optimizer.safetensors</c>, <c>trainer_state.json</c> and the resolved recipe. It is written beside its name and
/// renamed, so that a kill at any moment leaves the last good one.
/// </summary>
public static class Checkpoint
{
    private const string OptimizerFile = "optimizer.safetensors";
    private const string AdaptersFile = "adapters.safetensors";
    private const string StateFile = "trainer_state.json";
    internal const string RecipeFile = "recipe.yaml";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>Writes a whole checkpoint at <paramref name="directory"/>, replacing one that is there.</summary>
    /// <exception cref="IOException">It cannot be written (a full disk, say); what was there before stays.</exception>
    public static void Save(string directory, Pretrainer trainer, Tokenizer tokenizer, PretrainRecipe recipe, TrainerState state)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        Write(directory, trainer.Model, tokenizer, recipe, staged =>
        {
            if (recipe.Model.Trained.IsAdapter)
                SaveParameters(staged, trainer.Trained);
            SaveOptimizer(staged, trainer.Optimizer);
            WriteState(staged, state);
        });
    }

    /// <summary>Writes the model directory alone, without what training needs to go on: the form of <c>best/</c>.</summary>
    /// <exception cref="IOException">It cannot be written; what was there before stays.</exception>
    public static void SaveModel(string directory, GptModel model, Tokenizer tokenizer, PretrainRecipe recipe) =>
        Write(directory, model, tokenizer, recipe, _ => { });

    /// <summary>Loads weights and optimizer state into the trainer and sets its step counter.</summary>
    /// <param name="directory">The checkpoint.</param>
    /// <param name="trainer">The loop; with adapters its model holds the weights that they change already.</param>
    /// <param name="adaptersOnly">Whether only adapters train.</param>
    /// <exception cref="InvalidDataException">The directory is no checkpoint, or its tensors do not fit the recipe's model.</exception>
    public static TrainerState Load(string directory, Pretrainer trainer, bool adaptersOnly = false)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        TrainerState state = ReadState(directory);
        if (adaptersOnly)
            LoadParameters(directory, trainer.Trained);
        else
            ModelFiles.CopyInto(trainer.Model, Path.Combine(directory, ModelFiles.WeightsFile));
        LoadOptimizer(directory, trainer.Optimizer);
        trainer.ResumeAt(state.Step);
        return state;
    }

    /// <summary>What the checkpoint says of the run.</summary>
    /// <exception cref="InvalidDataException">There is no such file, or it is broken.</exception>
    public static TrainerState ReadState(string directory) => ReadState<TrainerState>(directory);

    /// <summary>Steps made before a checkpoint of pre-training or fine-tuning was saved.</summary>
    /// <exception cref="InvalidDataException">The directory is no checkpoint, or its state is broken.</exception>
    public static int ReadStep(string directory) => ReadState<StepOnly>(directory).Step;

    /// <summary>Writes the optimizer's moments into an existing directory.</summary>
    internal static void SaveOptimizer(string directory, Optimizer optimizer)
    {
        SafetensorsWriter moments = new();
        foreach (var (name, value) in optimizer.State)
            ModelFiles.Add(moments, name, value);
        moments.Save(Path.Combine(directory, OptimizerFile));
    }

    /// <summary>Reads them back.</summary>
    internal static void LoadOptimizer(string directory, Optimizer optimizer)
    {
        using SafetensorsFile moments = SafetensorsFile.Open(Path.Combine(directory, OptimizerFile));
        foreach (var (name, value) in optimizer.State)
            ModelFiles.Copy(moments, name, value);
    }

    /// <summary>Writes the weights that change beside a model that stays: adapters, and rows of new tokens.</summary>
    internal static void SaveParameters(string directory, IEnumerable<(string Name, Parameter Value)> parameters)
    {
        SafetensorsWriter writer = new();
        foreach (var (name, value) in parameters)
            ModelFiles.Add(writer, name, value);
        writer.Save(Path.Combine(directory, AdaptersFile));
    }

    /// <summary>Reads them back.</summary>
    internal static void LoadParameters(string directory, IEnumerable<(string Name, Parameter Value)> parameters)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(directory, AdaptersFile));
        foreach (var (name, value) in parameters)
            ModelFiles.Copy(file, name, value);
    }

    /// <summary>Writes where a run stands into an existing directory.</summary>
    internal static void WriteState<T>(string directory, T state) =>
        DurableFile.Replace(Path.Combine(directory, StateFile), stream => JsonSerializer.Serialize(stream, state, Json));

    /// <summary>Reads where a run stands.</summary>
    /// <exception cref="InvalidDataException">There is no such file, or it is broken.</exception>
    internal static T ReadState<T>(string directory) where T : class
    {
        string path = Path.Combine(directory, StateFile);
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, Json) ?? throw new JsonException("null");
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"{directory} is not a checkpoint: it has no {StateFile}", problem);
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{path}: broken JSON ({problem.Message})", problem);
        }
    }

    private static void Write(string directory, GptModel model, Tokenizer tokenizer, PretrainRecipe recipe, Action<string> writeMore)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        using StagedDirectory staged = StagedDirectory.Begin(directory);
        ModelFiles.Save(model, staged.Path, TextEnds.Of(tokenizer));
        tokenizer.Save(staged.Path);
        Recipe.Save(recipe, Path.Combine(staged.Path, RecipeFile));
        writeMore(staged.Path);
        staged.Replace();
    }

    /// <summary>What the states of all kinds of runs have in common.</summary>
    private sealed record StepOnly
    {
        public required int Step { get; init; }
    }
}

/// <summary>Where a run stands, beyond weights and moments.</summary>
public sealed record TrainerState
{
    /// <summary>Steps made; schedule, dropout's seeds and the data cursor follow from it.</summary>
    public required int Step { get; init; }

    /// <summary>Windows drawn so far: the data cursor, for the reader of the file.</summary>
    public required long WindowsDrawn { get; init; }

    /// <summary>Seed of the run.</summary>
    public required long Seed { get; init; }

    /// <summary>CPU threads the losses were computed with; bit-for-bit resuming needs the same.</summary>
    public required int Threads { get; init; }

    /// <summary>Lowest validation loss so far in nats, or null.</summary>
    public double? BestEvalLoss { get; init; }

    /// <summary>Validations since the lowest loss, for early stopping.</summary>
    public int EvaluationsWithoutBest { get; init; }

    /// <summary>Sum of the losses since the last line of the log.</summary>
    public double LossSum { get; init; }

    /// <summary>Steps since the last line of the log.</summary>
    public int LossCount { get; init; }

    /// <summary>Seconds spent in training steps.</summary>
    public double TrainingSeconds { get; init; }

    /// <summary>Validation loss in nats before the first step, of a model that is trained on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? StartEvalLoss { get; init; }

    /// <summary><see cref="PretrainingData.Fingerprint"/> of the tokens trained on; null in an older checkpoint.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Data { get; init; }

    /// <summary>The first id that the model trained on did not have; null where the weights began at random.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? FirstNewId { get; init; }

    /// <summary>SHA-256, in lower-case hexadecimal, of the weights that adapters change; null where the weights themselves train.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AdaptedWeights { get; init; }
}
