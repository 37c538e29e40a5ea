using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Output;
using Foreword.Models;
using Foreword.Settings;
using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Torch.Runs;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Cli.Inspection;

/// <summary>Shows a model in any format, a checkpoint or a run directory for <c>inspect</c>.</summary>
internal static class ModelInspection
{
    private const int MostLabels = 12;

    public static bool IsModel(string path) => WeightsCatalog.FormatOf(path) is not null
        || File.Exists(Path.Combine(path, HuggingFaceConfig.FileName)) || (Directory.Exists(path) && RunDirectory.HoldsRun(path));

    public static void Show(string path, bool json, Terminal terminal)
    {
        using StoredModel stored = StoredModel.Open(path);
        using ModelWeights model = stored.TakeWeights();
        Tokenizer? tokenizer = model.HasTokenizer ? stored.Tokenizer : null;
        TaskDescription? task = TaskDescription.IsIn(model.Path) ? TaskDescription.Read(model.Path) : null;
        TrainerState? state = task is null && File.Exists(Path.Combine(model.Path, "trainer_state.json")) ? Checkpoint.ReadState(model.Path) : null;
        if (json)
            JsonOutput.WriteLine(terminal, writer => Write(writer, model, tokenizer, state, task));
        else
            Print(terminal.Out, model, tokenizer, state, task);
    }

    /// <summary>Returns the bytes of the weights in float32.</summary>
    private static long WeightBytes(ModelConfig config) => 4 * config.ParameterCount;

    /// <summary>Returns the bytes of weights, gradients and AdamW's two moments, all in float32. Activations are not included.</summary>
    private static long TrainingBytes(ModelConfig config) => 4 * WeightBytes(config);

    /// <summary>Returns the bytes that a decoder keeps of a full context in float32: the keys and values of a GPT, or the state of an LSTM.</summary>
    private static long CacheBytes(ModelConfig config) => 2L * 4 * (config is LstmConfig lstm ? lstm.NHidden : (long)config.LayerCount * config.ContextLength * config.NEmbd);

    private static void Print(TextWriter output, ModelWeights model, Tokenizer? tokenizer, TrainerState? state, TaskDescription? task)
    {
        ModelConfig config = model.Config;
        PrintArchitecture(output, model.Path, config);
        Line("format", $"{model.Format.Name}, {model.CommonType ?? "several element types"}");
        Line("parameters", $"{config.ParameterCount:N0}");
        Line("memory", $"{WeightBytes(config) / 1e6:N1} MB of weights, {CacheBytes(config) / 1e6:N1} MB {(config is LstmConfig ? "of state" : "of KV cache when full")}, {TrainingBytes(config) / 1e6:N1} MB to train plus activations (float32)");
        Line("work", $"{config.TrainingFlopsPerToken / 3 / 1e6:N1} MFLOP per token to generate, {config.TrainingFlopsPerToken / 1e6:N1} to train");
        if (tokenizer is not null)
            Line("tokenizer", $"{tokenizer.Kind}, {tokenizer.VocabSize:N0} ids, fingerprint {tokenizer.Fingerprint}");
        if (state is not null)
            Line("training", $"step {state.Step}, seed {state.Seed}, {TimeSpan.FromSeconds(state.TrainingSeconds):h\\:mm\\:ss}{(state.BestValidationLoss is { } loss ? $", best validation loss {loss:F4}" : "")}");
        if (task is not null)
            PrintTask(output, task);
        if (task is null && model.LeftOut.Count > 0)
            Line("left out", $"{string.Join(", ", model.LeftOut.Select(tensor => tensor.FileName))}: a head that is not supported");

        output.WriteLine();
        foreach (WeightTensor tensor in model.Tensors.Concat(model.LeftOut))
            output.WriteLine($"{tensor.FileName,-44} {tensor.Type,-5} {TensorInfo.Format(tensor.Shape)}");

        void Line(string name, FormattableString text) => ModelInspection.Line(output, name, text);
    }

    /// <summary>Prints the lines that describe the task of a fine-tuned model.</summary>
    public static void PrintTask(TextWriter output, TaskDescription task)
    {
        string reads = string.Join(", ", task.Columns.Count > 0 ? task.Columns : task.Definition.Columns.Select(column => column.Role));
        Line(output, "task", $"{task.Kind}, reads {reads}; {Around(task)}");
        Line(output, "answers", $"{(task.Labels.Count == 0 ? "a number" : $"{task.Labels.Count} labels: {string.Join(", ", task.Labels.Take(MostLabels))}{(task.Labels.Count > MostLabels ? " ..." : "")}")}");
    }

    private static string Around(TaskDescription task) => task switch
    {
        { Tokens: { } tokens } => $"tokens {tokens.Start}, {tokens.Delimiter}, {tokens.Extract}",
        { Around: { Before.Count: 0, After.Count: 0 } } => "no tokens are added around a text, and the head reads its last token",
        _ => $"tokens {string.Join(" ", [.. task.Around.Before, "...", .. task.Around.After])}",
    };

    /// <summary>Prints the line that describes the network.</summary>
    public static void PrintArchitecture(TextWriter output, string path, ModelConfig config) => Line(output, "model",
        $"{path}: {config.Summary}, {config.VocabSize:N0} ids{(config.TieWordEmbeddings ? "" : ", a separate output layer")}{string.Concat(((config as GptConfig)?.Deviations ?? []).Select(deviation => $", {deviation}"))}");

    /// <summary>Prints a name and its value on one line.</summary>
    public static void Line(TextWriter output, string name, FormattableString text) => output.WriteLine($"{name,-11} {text.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Writes the numbers that only the architecture has.</summary>
    private static void WriteSizes(Utf8JsonWriter writer, ModelConfig config)
    {
        writer.WriteNumber("n_layer", config.LayerCount);
        writer.WriteNumber("n_embd", config.NEmbd);
        if (config is LstmConfig lstm)
        {
            writer.WriteNumber("n_hidden", lstm.NHidden);
        }
        else if (config is GptConfig gpt)
        {
            writer.WriteNumber("n_head", gpt.NHead);
            writer.WriteNumber("n_inner", gpt.FeedForward);
            writer.WriteString("activation", gpt.Activation.Name());
            writer.WriteBoolean("scale_attention", gpt.ScaleAttention);
            writer.WriteBoolean("scale_attention_by_inverse_layer", gpt.ScaleAttentionByInverseLayer);
        }
    }

    private static void Write(Utf8JsonWriter writer, ModelWeights model, Tokenizer? tokenizer, TrainerState? state, TaskDescription? task)
    {
        ModelConfig config = model.Config;
        writer.WriteString("model", model.Path);
        writer.WriteString("format", model.Format.Name);
        writer.WriteString("dtype", model.CommonType);
        writer.WriteString("architecture", RecipeKey.ChoiceOf(config.Architecture));
        WriteSizes(writer, config);
        writer.WriteNumber("context_length", config.ContextLength);
        writer.WriteNumber("vocab_size", config.VocabSize);
        writer.WriteBoolean("tie_word_embeddings", config.TieWordEmbeddings);
        writer.WriteNumber("parameters", config.ParameterCount);
        writer.WriteNumber("weight_bytes", WeightBytes(config));
        writer.WriteNumber("kv_cache_bytes", CacheBytes(config));
        writer.WriteNumber("training_bytes", TrainingBytes(config));
        writer.WriteNumber("training_flops_per_token", config.TrainingFlopsPerToken);
        if (tokenizer is not null)
            writer.WriteString("tokenizer_fingerprint", tokenizer.Fingerprint);
        if (state is not null)
            writer.WriteNumber("step", state.Step);
        if (task is not null)
        {
            writer.WriteString("task", task.Kind);
            writer.WriteStartArray("labels");
            foreach (string label in task.Labels)
                writer.WriteStringValue(label);
            writer.WriteEndArray();
        }

        writer.WriteStartObject("tensors");
        foreach (WeightTensor tensor in model.Tensors.Concat(model.LeftOut))
        {
            writer.WriteStartArray(tensor.FileName);
            foreach (long size in tensor.Shape)
                writer.WriteNumberValue(size);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
