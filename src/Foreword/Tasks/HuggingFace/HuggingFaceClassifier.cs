using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.IO;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Gpt1;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tasks.HuggingFace;

/// <summary>
/// Writes a fine-tuned model as <c>GPT2ForSequenceClassification</c> or <c>OpenAIGPTForSequenceClassification</c>, so that <c>transformers</c>
/// computes the same outputs. The task's tokens become added tokens that the tokenizer puts around a text. The head's bias moves into the last
/// LayerNorm.
/// </summary>
internal static class HuggingFaceClassifier
{
    /// <summary>Returns the name of the transformers class that opens the written model.</summary>
    /// <param name="architecture">The model's architecture.</param>
    public static string ClassName(ModelArchitecture architecture) => HuggingFaceTask.ClassName(architecture);

    /// <summary>Explains why transformers could not compute the same outputs from a written model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="task">The task that the model answers.</param>
    /// <param name="head">The model's head.</param>
    /// <param name="tokenizer">The model's tokenizer; null if it has none.</param>
    /// <param name="dtype">The element type to write.</param>
    /// <returns>The reason; null if the model can be written.</returns>
    public static string? Obstacle(ModelWeights model, TaskDescription task, TaskHeadWeights head, Tokenizer? tokenizer, TensorDType dtype)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(task);
        if (model.Config is not GptConfig config)
            return "transformers has no classifier with an LSTM";
        if (config.WithoutFinalNorm)
            return $"{GptConfig.FinalNormDeviation}; transformers has no such GPT-2";
        if (tokenizer is null)
            return "the model has no tokenizer that could put the task's tokens around a text";
        if (tokenizer is Gpt1Bpe { Words: not Gpt1Words.Basic })
            return "tokenizer.json cannot say what this tokenizer's text_standardize does";
        if (task.Definition.HeadInput == HeadInput.Places)
            return $"{ClassName(config.Architecture)} reads the state of the last token only, but {task.Kind} reads several";
        if (task.Definition.HeadInput != HeadInput.One)
            return $"{ClassName(config.Architecture)} reads one sequence per example, but {task.Kind} has several";
        if (task.Stride is not null)
            return $"{ClassName(config.Architecture)} does not read windows of a long text";
        if (task.Target == TargetKind.ClassSet)
            return $"Foreword writes no {ClassName(config.Architecture)} with several labels";
        if (task.Target == TargetKind.SoftLabels)
            return $"{ClassName(config.Architecture)} does not compute the mean over soft labels";
        return Fold(model, config, task, head, dtype) is null ? "a head without a bias cannot represent the model's bias in that precision" : null;
    }

    /// <summary>Writes weights, configuration, tokenizer and task into an existing directory.</summary>
    /// <param name="model">The model.</param>
    /// <param name="task">The task that the model answers.</param>
    /// <param name="head">The model's head.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="dtype">The element type to write.</param>
    /// <param name="directory">An empty directory.</param>
    /// <exception cref="NotSupportedException"><see cref="Obstacle"/> returns a reason.</exception>
    public static void Write(ModelWeights model, TaskDescription task, TaskHeadWeights head, Tokenizer tokenizer, TensorDType dtype, string directory)
    {
        if (Obstacle(model, task, head, tokenizer, dtype) is { } obstacle)
            throw new NotSupportedException($"{model.Path}: {obstacle}");
        GptConfig source = (GptConfig)model.Config; // otherwise there is an obstacle
        ClassifierVocabulary vocabulary = ClassifierVocabulary.Create(source, task, tokenizer);
        GptConfig config = source with { VocabSize = vocabulary.Rows.Length, TieWordEmbeddings = true }; // a classifier has no output layer
        HuggingFaceConfig.Write(directory, config, TextEnds.FromTokenizer(tokenizer).Within(config.VocabSize), dtype);
        AddFields(Path.Combine(directory, HuggingFaceConfig.FileName), config, task, vocabulary.Template.Pad);
        WriteWeights(model, config, Fold(model, source, task, head, dtype)!, vocabulary.Rows, dtype, directory);
        vocabulary.WriteTokenizer(tokenizer, task.ContextLength, directory);
        if (vocabulary.Tokens is { } tokens)
            (task with { Tokens = tokens, ScoreMean = 0, ScoreScale = 1 }).Save(directory);
    }

    private static FoldedHead? Fold(ModelWeights model, GptConfig config, TaskDescription task, TaskHeadWeights head, TensorDType dtype)
    {
        float[] normBias = new float[config.NEmbd];
        model.Tensor(FoldedHead.NormBiasName(config)).Read(0, normBias);
        return FoldedHead.Create(head, task, normBias, dtype);
    }

    private static void WriteWeights(ModelWeights model, GptConfig config, FoldedHead head, int[] rows, TensorDType dtype, string directory)
    {
        const string Prefix = "transformer.";
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in GptParameter.Of(config))
        {
            WeightTensor tensor = model.Tensor(parameter.Name);
            if (parameter.Name == GptParameter.TokenEmbedding)
                tensor = new ChosenRows(tensor, rows);
            else if (parameter.Name == FoldedHead.NormBiasName(config) && head.NormBias is { } bias)
                tensor = new MemoryTensor(parameter.Name, parameter.Shape, bias);
            string name = HuggingFaceNameMap.FileName(parameter.Name, config.Architecture);
            Add(name.StartsWith(Prefix, StringComparison.Ordinal) ? name : Prefix + name, tensor);
        }

        Add(HuggingFaceTask.HeadWeight, new MemoryTensor(HuggingFaceTask.HeadWeight, [head.Weight.Length / config.NEmbd, config.NEmbd], head.Weight));
        writer.Save(Path.Combine(directory, SafetensorsFormat.FileName), new Dictionary<string, string> { ["format"] = "pt" });

        void Add(string name, WeightTensor tensor) => writer.Add(name, dtype, tensor.Shape, stream => TensorBytes.Write(tensor, dtype, stream));
    }

    /// <summary>Adds the fields of config.json that describe a classifier.</summary>
    private static void AddFields(string path, GptConfig config, TaskDescription task, int? pad)
    {
        string[] labels = task.Target == TargetKind.Score ? ["LABEL_0"] : [.. task.Labels];
        Change(path, root =>
        {
            root["architectures"] = new JsonArray(ClassName(config.Architecture));
            root["id2label"] = new JsonObject(labels.Select((label, id) => KeyValuePair.Create(id.ToString(CultureInfo.InvariantCulture), (JsonNode?)label)));
            root["label2id"] = new JsonObject(labels.Select((label, id) => KeyValuePair.Create(label, (JsonNode?)id)));
            root["problem_type"] = task.Target == TargetKind.Score ? "regression" : "single_label_classification";
            root["pad_token_id"] = pad;
        });
    }

    /// <summary>Changes a JSON file that was just written.</summary>
    internal static void Change(string path, Action<JsonObject> change)
    {
        JsonObject root = JsonNode.Parse(File.ReadAllBytes(path))!.AsObject();
        change(root);
        DurableFile.Replace(path, stream =>
        {
            using Utf8JsonWriter json = new(stream, ReadableJson.Indented);
            root.WriteTo(json);
        });
    }
}
