using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Foreword.Cpu;
using Foreword.Cpu.Quantized;
using Foreword.Data.Labeled;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.NativeAot;

/// <summary>Loads, quantizes, uses and measures fine-tuned models of every kind and target.</summary>
internal static class TaskHeads
{
    public static void Run(Report report)
    {
        Tokenizer tokenizer = new BpeTrainer { VocabSize = 297 }.Train([File.ReadAllText(report.Fixture("golden/tokenizers/bpe-train-corpus.txt"))]);
        foreach (FineTuningTask task in FineTuningTask.All)
        {
            foreach (TargetKind target in task.Targets)
                Use(report, task, target, tokenizer);
        }

        string broken = report.NewDirectory("broken-task");
        foreach (string json in (string[])["{", "{}", """{"kind": "dance", "target": "classes", "labels": [], "tokens": {"start": 1, "delimiter": 2, "extract": 3}, "context_length": 9}"""])
        {
            report.Write("broken-task/task.json", json);
            report.SayRefusal($"task.json {json}", () => CpuTaskModel.Load(broken));
        }
    }

    private static void Use(Report report, FineTuningTask task, TargetKind target, Tokenizer tokenizer)
    {
        string what = $"{task.Kind}, {target}", directory = report.NewDirectory($"task-{task.Kind}-{target}");
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(report.Fixture($"golden/gpt2-tiny/{file}"), Path.Combine(directory, file));
        tokenizer.Save(directory);
        TaskDescription description = new()
        {
            Kind = task.Kind,
            Target = target,
            Labels = target switch { TargetKind.Score or TargetKind.Span => [], TargetKind.WordClasses => ["O", "B-CAT"], TargetKind.SoftLabels => ["1", "2", "3"], TargetKind.Choice => ["0", "1"], _ => ["no", "yes ✓"] },
            ScoreMean = 2.5,
            ScoreScale = 0.5,
            Tokens = TaskTokens.After(297),
            ContextLength = 64,
            Columns = ["text=question"],
        };
        description.Save(directory);
        float[] weight = [.. Enumerable.Range(0, description.Outputs * 32).Select(i => (i * 37 % 64 - 32) / 50f)];
        SafetensorsWriter head = new();
        head.Add("clf.weight", TensorDType.F32, [description.Outputs, 32], MemoryMarshal.AsBytes<float>(weight).ToArray());
        head.Add("clf.bias", TensorDType.F32, [description.Outputs], MemoryMarshal.AsBytes(weight.AsSpan(0, description.Outputs)).ToArray());
        head.Save(Path.Combine(directory, TaskDescription.HeadFile));
        report.SayFiles(what, directory);
        string rows = string.Join("\n", Enumerable.Range(0, 6).Select(row => JsonRow(task, description, row)));
        TaskExample[] examples = [.. TaskColumnMap.Create(task, [.. task.Columns.Select(column => $"{column.Role}={column.Role}{(column.IsMany ? "[]" : "")}"), "label=label"]).Read([report.Write($"{task.Kind}-{target}.jsonl", rows)], new())];
        foreach (WeightType? type in (WeightType?[])[null, WeightType.Bf16, WeightType.Int8])
        {
            using CpuTaskModel model = CpuTaskModel.Load(directory, type);
            Ask(report, $"{what}, {type}", model, examples);
        }

        string small = report.NewDirectory($"task-{task.Kind}-{target}-int4");
        using (ModelWeights weights = WeightsCatalog.Open(directory))
            QuantizedModel.Write(weights, WeightType.Int4, small, TextEnds.None);
        tokenizer.Save(small);
        description.Save(small);
        File.Copy(Path.Combine(directory, TaskDescription.HeadFile), Path.Combine(small, TaskDescription.HeadFile));
        using CpuTaskModel quantized = CpuTaskModel.Load(small);
        Ask(report, $"{what}, int4", quantized, examples);
        report.SayRefusal($"{what}, five texts", () => quantized.Predict("a", "b", "c", "d", "e"));
    }

    private static void Ask(Report report, string what, CpuTaskModel model, TaskExample[] examples)
    {
        IReadOnlyList<Prediction> predictions = model.Predict(examples);
        foreach (Prediction prediction in predictions)
        {
            report.Say(what, $"{prediction.Label} {prediction.Index}");
            report.Say(what, prediction.Probabilities.Prepend(prediction.Value));
        }

        TaskEvaluation evaluation = TaskEvaluation.Compute(model.Task.Kind, model.Task.Outcomes(examples, predictions), model.Task.Definition.Metrics(model.Task.Target), resamples: 50);
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
            evaluation.WriteJson(writer);
        report.Say(what, Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static string JsonRow(FineTuningTask task, TaskDescription description, int row)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            foreach (TaskColumn column in task.Columns)
            {
                if (column.IsMany)
                {
                    writer.WriteStartArray(column.Role);
                    writer.WriteStringValue($"first answer {row}");
                    writer.WriteStringValue("the second");
                    writer.WriteEndArray();
                }
                else
                {
                    writer.WriteString(column.Role, $"{column.Role} of the cat, number {row * row}");
                }
            }

            writer.WriteString(TaskDescription.LabelRole, Label(description, row));
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Returns the label of a row. Its texts are those of <see cref="JsonRow"/>.</summary>
    private static string Label(TaskDescription description, int row) => description.Target switch
    {
        TargetKind.Score => $"{row % 4}",
        TargetKind.ClassSet => string.Join('|', description.Labels.Take(row % 3)),
        TargetKind.WordClasses => "O O B-CAT O O O",
        TargetKind.Span => "the cat",
        _ => description.Labels[row % description.Labels.Count],
    };
}
