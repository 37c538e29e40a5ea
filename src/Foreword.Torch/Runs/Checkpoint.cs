using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.Chat;
using Foreword.Data.Recipes;
using Foreword.IO;
using Foreword.Settings;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Training;
using Foreword.Weights.HuggingFace;
using TorchSharp.Modules;

namespace Foreword.Torch.Runs;

/// <summary>
/// Writes and reads checkpoints. A checkpoint is a model directory that other tools open (weights, config.json, tokenizer). It also contains
/// what training needs to continue: <c>optimizer.safetensors</c>, <c>trainer_state.json</c> and the resolved recipe. It is written under a
/// temporary name and then renamed, so the last good checkpoint survives if the process is killed at any moment.
/// </summary>
internal static class Checkpoint
{
    private const string OptimizerFile = "optimizer.safetensors";
    private const string AdaptersFile = "adapters.safetensors";
    private const string StateFile = "trainer_state.json";
    private const string RecipeFile = "recipe.yaml";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>Writes a complete checkpoint at <paramref name="directory"/> and replaces an existing one.</summary>
    /// <exception cref="IOException">The checkpoint cannot be written, for example because the disk is full. An existing one is intact.</exception>
    public static void Save(string directory, Pretrainer trainer, Tokenizer tokenizer, ChatTemplate? template, PretrainRecipe recipe, TrainerState state)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        Write(directory, trainer.Model, tokenizer, template, recipe, staged =>
        {
            if (recipe.Model.Trained.IsAdapter)
                SaveParameters(staged, trainer.Trained);
            SaveOptimizer(staged, trainer.Optimizer);
            WriteState(staged, state);
        });
    }

    /// <summary>Writes only the model directory, without the files that training needs to continue. <c>best/</c> has this form.</summary>
    /// <exception cref="IOException">The directory cannot be written. An existing one is intact.</exception>
    public static void SaveModel(string directory, LanguageModule model, Tokenizer tokenizer, ChatTemplate? template, PretrainRecipe recipe) =>
        Write(directory, model, tokenizer, template, recipe, _ => { });

    /// <summary>Loads weights and optimizer state into the trainer and sets its step counter.</summary>
    /// <param name="directory">The checkpoint.</param>
    /// <param name="trainer">The training loop. With adapters, its model already holds the weights that the adapters change.</param>
    /// <param name="adaptersOnly">Whether only adapters are trained.</param>
    /// <returns>The state stored in the checkpoint.</returns>
    /// <exception cref="InvalidDataException">The directory is not a checkpoint, or its tensors do not fit the recipe's model.</exception>
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

    /// <summary>Reads the state of the run from a checkpoint of pre-training or fine-tuning.</summary>
    /// <exception cref="InvalidDataException">The directory is not a checkpoint, or its state is broken.</exception>
    public static TrainerState ReadState(string directory)
    {
        string path = Path.Combine(directory, StateFile);
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<TrainerState>(stream, Json) ?? throw new JsonException("null");
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"{directory} is not a checkpoint: it has no {StateFile}", problem);
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"{JsonFile.Place(path, problem)}: broken JSON ({JsonFile.Reason(problem)})", problem);
        }
    }

    /// <summary>Writes the optimizer's moments into an existing directory.</summary>
    internal static void SaveOptimizer(string directory, Optimizer optimizer)
    {
        SafetensorsWriter moments = new();
        foreach (var (name, value) in optimizer.State)
            ModelFiles.Add(moments, name, value);
        moments.Save(Path.Combine(directory, OptimizerFile));
    }

    /// <summary>Reads the optimizer's moments.</summary>
    internal static void LoadOptimizer(string directory, Optimizer optimizer)
    {
        using SafetensorsFile moments = SafetensorsFile.Open(Path.Combine(directory, OptimizerFile));
        foreach (var (name, value) in optimizer.State)
            ModelFiles.Copy(moments, name, value);
    }

    /// <summary>Writes the weights that change if the model itself does not: adapters, and the rows of new tokens.</summary>
    internal static void SaveParameters(string directory, IEnumerable<(string Name, Parameter Value)> parameters)
    {
        SafetensorsWriter writer = new();
        foreach (var (name, value) in parameters)
            ModelFiles.Add(writer, name, value);
        writer.Save(Path.Combine(directory, AdaptersFile));
    }

    /// <summary>Reads the weights that <see cref="SaveParameters"/> wrote.</summary>
    internal static void LoadParameters(string directory, IEnumerable<(string Name, Parameter Value)> parameters)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(directory, AdaptersFile));
        foreach (var (name, value) in parameters)
            ModelFiles.Copy(file, name, value);
    }

    /// <summary>Writes the state of a run into an existing directory.</summary>
    internal static void WriteState(string directory, TrainerState state) =>
        DurableFile.Replace(Path.Combine(directory, StateFile), stream => JsonSerializer.Serialize(stream, state, Json));

    /// <summary>Writes a directory with the recipe atomically: completely, or not at all. It replaces an existing one.</summary>
    internal static void Write(string directory, IRecipe recipe, Action<string> write)
    {
        using StagedDirectory staged = StagedDirectory.Start(directory);
        write(staged.Path);
        Recipe.Save(recipe, Path.Combine(staged.Path, RecipeFile));
        staged.Replace();
    }

    private static void Write(string directory, LanguageModule model, Tokenizer tokenizer, ChatTemplate? template, PretrainRecipe recipe, Action<string> writeMore)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        Write(directory, recipe, staged =>
        {
            SaveModelFiles(staged, model, tokenizer, template);
            writeMore(staged);
        });
    }

    /// <summary>Writes weights, config.json, tokenizer and the chat template, if there is one, into an existing directory.</summary>
    internal static void SaveModelFiles(string directory, LanguageModule model, Tokenizer tokenizer, ChatTemplate? template)
    {
        ModelFiles.Save(model, directory, TextEnds.FromTokenizer(tokenizer));
        tokenizer.Save(directory);
        if (template is not null)
            Recipe.Save(template, Path.Combine(directory, ChatTemplateFile.FileName));
    }
}
