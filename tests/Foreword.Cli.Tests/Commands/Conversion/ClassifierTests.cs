using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.Tasks;
using Foreword.Tokenization.ByteLevel;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Cli.Tests.Commands.Conversion;

/// <summary>Reads and writes classifiers of transformers. The expected numbers were computed by transformers (tests/fixtures/classifiers).</summary>
public sealed class ClassifierTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("gpt2", "cpu")]
    [InlineData("gpt2", "torch")]
    [InlineData("gpt1", "cpu")]
    [InlineData("gpt1", "torch")]
    [InlineData("gpt2-regression", "cpu")]
    [InlineData("gpt2-regression", "torch")]
    public void AClassifierOfTransformersAnswersAsItDoesThere(string name, string engine)
    {
        string model = Fixtures.Path($"classifiers/{name}");
        AssertAnswers(model, model, engine);
        if (engine == "torch")
            return;
        string copy = _directory.File("copy"), small = _directory.File("small");
        Cli converted = Cli.Run("convert", model, copy);
        Assert.True(converted.ExitCode == 0, converted.Err);
        AssertAnswers(copy, model, engine);
        Cli quantized = Cli.Run("quantize", model, "--type", "int8", "--out", small);
        Assert.Contains($"next: foreword predict {small}", quantized.Err, StringComparison.Ordinal);
        AssertAnswers(small, model, engine, tolerance: 0.05);
        Assert.Contains("no tokens are added around a text, and the head reads its last token", Cli.Run("inspect", small).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void AClassifierOfTransformersIsMeasuredAndTrainedFurther()
    {
        string model = Fixtures.Path("classifiers/gpt2"), data = _directory.Write("data.csv", "text,label\nthe weather is good,positive\nit rains,0\nwhat a day,1\n");
        Cli measured = Cli.Run("evaluate-task", model, data, "--out", _directory.File("page"), "--json");
        Assert.True(measured.ExitCode == 0, measured.Err);
        Assert.Equal(3, JsonDocument.Parse(measured.Out).RootElement.GetProperty("n").GetInt32());

        string train = _directory.Write("train.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 12).Select(i => i % 2 == 0 ? $"the weather is good {i},yes\n" : $"it rains {i},no\n")));
        Cli trained = Cli.Run("finetune", model, "--task", "classification", "--train", train, "--out", _directory.File("run"), "--epochs", "1", "--set", "train.threads=1");
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.Contains("tokens 300, 301, 302", Cli.Run("inspect", _directory.File("run")).Out, StringComparison.Ordinal); // its own tokens, after the classifier's vocabulary
    }

    [Theory]
    [InlineData("gpt2-entailment-run", "GPT2ForSequenceClassification")]
    [InlineData("gpt1-regression-run", "OpenAIGPTForSequenceClassification")]
    public void WhatAFineTunedRunBecomesGivesTheSameOutputsInTransformers(string name, string architecture)
    {
        string run = Fixtures.Path($"classifiers/{name}"), written = _directory.File("written"), again = _directory.File("again");
        AssertAnswers(run, run, "cpu");
        Cli converted = Cli.Run("convert", run, written);
        Assert.Contains($"a {architecture} is written, whose tokenizer puts the task's tokens around a text", converted.Err, StringComparison.Ordinal);
        Assert.Equal(["config.json", "model.safetensors", "task.json", "tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(written).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        JsonElement config = Json(written, "config.json"), tokenizer = Json(written, "tokenizer.json");
        Assert.Equal((architecture, 304, 300), (config.GetProperty("architectures")[0].GetString(), config.GetProperty("vocab_size").GetInt32(), config.GetProperty("pad_token_id").GetInt32()));
        Assert.Equal(["<|pad|>", "<|start|>", "<|delimiter|>", "<|extract|>"], tokenizer.GetProperty("added_tokens").EnumerateArray().TakeLast(4).Select(token => token.GetProperty("content").GetString()!));
        Assert.Equal(
            """[{"SpecialToken":{"id":"<|start|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<|extract|>","type_id":0}}]""",
            string.Concat(tokenizer.GetProperty("post_processor").GetProperty("single").GetRawText().Where(c => !char.IsWhiteSpace(c))));
        AssertAnswers(written, run, "cpu");
        AssertAnswers(written, run, "torch");
        Assert.Equal(0, Cli.Run("convert", written, again).ExitCode);
        AssertAnswers(again, run, "cpu");
        if (name == "gpt1-regression-run")
        {
            File.Delete(Path.Combine(written, "task.json")); // as transformers saves it: its own files contain everything that is needed
            AssertAnswers(written, run, "cpu");
        }
    }

    [Fact]
    public void AHeadThatTransformersCannotExpressStaysBehindWithTheReason()
    {
        string run = Copy("gpt2-entailment-run");
        Cli alone = Cli.Run("convert", run, _directory.File("alone"), "--language-model");
        Assert.Contains("is fine-tuned for entailment; only its language model is written, without the task head\n", alone.Err, StringComparison.Ordinal);
        Assert.Equal("GPT2LMHeadModel", Json(_directory.File("alone"), "config.json").GetProperty("architectures")[0].GetString());
        string task = Path.Combine(run, "task.json");
        File.WriteAllText(task, File.ReadAllText(task).Replace("\"entailment\"", "\"similarity\"", StringComparison.Ordinal));
        Cli similar = Cli.Run("convert", run, _directory.File("similar"));
        Assert.Equal(0, similar.ExitCode);
        Assert.Contains("only its language model is written, without the task head: GPT2ForSequenceClassification reads one sequence per example, but similarity has several", similar.Err, StringComparison.Ordinal);
        Assert.Equal("GPT2LMHeadModel", Json(_directory.File("similar"), "config.json").GetProperty("architectures")[0].GetString());
    }

    [Theory]
    [InlineData("gpt2", "classification")]
    [InlineData("gpt2-entailment-run", "entailment")]
    public void AClassifierDoesNotTalkAndItsLanguageModelWritesWhichIsSaid(string name, string task)
    {
        string model = Fixtures.Path($"classifiers/{name}");
        Cli chat = Cli.RunWithInput("hello\n", "chat", model);
        Assert.Equal((1, $"error: {model} is fine-tuned for {task}, not for chat; foreword predict {model} prints its answers\n"), (chat.ExitCode, chat.Err));
        Cli generated = Cli.Run("generate", model, "--prompt", "the", "--max-tokens", "2", "--temperature", "0");
        Assert.True(generated.ExitCode == 0, generated.Err);
        Assert.Contains($"{model} is fine-tuned for {task}; its language model is used, without the task's head\n", generated.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void EvaluateMeasuresTheLanguageModelOfAClassifierWhichIsSaid()
    {
        string model = Golden();
        new TaskDescription { Kind = "classification", Target = TargetKind.Classes, Labels = ["a", "b"], Tokens = TaskTokens.After(297), ContextLength = 64 }.Save(model);
        Cli evaluated = Cli.Run("evaluate", model, "--tasks", "copa", "--data", Fixtures.Path("benchmarks"), "--truncate");
        Assert.True(evaluated.ExitCode == 0, evaluated.Err);
        Assert.Contains($"{model} is fine-tuned for classification; its language model is used, without the task's head\n", evaluated.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void TheLanguageModelOfDoubleHeadsIsUsedAndTheOtherHeadIsNamed()
    {
        string model = Golden(), weights = Path.Combine(model, "model.safetensors"), both = _directory.File("both.safetensors");
        using (SafetensorsFile file = SafetensorsFile.Open(weights))
        {
            SafetensorsWriter writer = new();
            foreach (TensorInfo tensor in file.Tensors.Values)
                writer.Add(tensor.Name, tensor.DType, tensor.Shape, file.Bytes(tensor.Name).ToArray());
            writer.Add("multiple_choice_head.summary.weight", TensorDType.F32, [1, 4], new byte[16]);
            writer.Add("multiple_choice_head.summary.bias", TensorDType.F32, [1], new byte[4]);
            writer.Save(both);
        }

        File.Move(both, weights, overwrite: true);
        string config = Path.Combine(model, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("GPT2LMHeadModel", "GPT2DoubleHeadsModel", StringComparison.Ordinal));
        Assert.Contains("GPT2DoubleHeadsModel", File.ReadAllText(config), StringComparison.Ordinal);
        string[] generate = ["--prompt", "the", "--max-tokens", "3", "--temperature", "0"];
        Cli generated = Cli.Run(["generate", model, .. generate]);
        Assert.Equal(Cli.Run(["generate", Golden(), .. generate]).Out, generated.Out);
        Assert.Contains("has a head that is not supported (multiple_choice_head.summary.weight, multiple_choice_head.summary.bias); its language model is used", generated.Err, StringComparison.Ordinal);
        Assert.Equal(0, Cli.RunWithInput("hello\n", "chat", model, "--max-tokens", "2").ExitCode);
        Assert.Contains("is not a classifier of transformers", Cli.RunWithInput("a\n", "predict", model, "-").Err, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingChatTemplateIsNoMissingRecipe()
    {
        Cli chat = Cli.RunWithInput("hello\n", "chat", Fixtures.Path("golden/gpt2-tiny"), "--template", "nowhere.yaml");
        Assert.Equal((1, "error: there is no chat template nowhere.yaml\n"), (chat.ExitCode, chat.Err));
    }

    [Fact]
    public void SeveralLabelsForATextAreRefusedByName()
    {
        string model = Copy("gpt2"), config = Path.Combine(model, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("single_label", "multi_label", StringComparison.Ordinal));
        Cli predicted = Cli.RunWithInput("hello\n", "predict", model, "-");
        Assert.Equal((1, $"error: {config}: problem_type is multi_label_classification (several labels per text); only one label or one number is supported\n"), (predicted.ExitCode, predicted.Err));
        Assert.Contains("has a head that is not supported (score.weight); only the language model is written", Cli.Run("convert", model, _directory.File("written")).Err, StringComparison.Ordinal);
        Assert.Contains("is fine-tuned for GPT2ForSequenceClassification, not for chat\n", Cli.RunWithInput("", "chat", model).Err, StringComparison.Ordinal);
        Assert.Contains("score.weight: a head that is not supported", Cli.Run("inspect", model).Out, StringComparison.Ordinal);
    }

    /// <summary>Compares a model's answers in float32 with the recorded logits of another model.</summary>
    private void AssertAnswers(string model, string expected, string engine, double tolerance = 1e-5)
    {
        JsonElement recorded = Json(expected, "expected.json");
        string[] columns = expected.Contains("entailment", StringComparison.Ordinal) ? ["premise", "hypothesis"] : ["text"];
        // Texts of a table are trimmed, so a text that begins or ends with spaces cannot be compared.
        (string[] Texts, double[] Logits)[] examples = [.. recorded.GetProperty("texts").EnumerateArray().Select(Texts)
            .Zip(recorded.GetProperty("logits").EnumerateArray().Select(logits => logits.EnumerateArray().Select(logit => logit.GetDouble()).ToArray()))
            .Where(example => example.First.All(text => text == text.Trim()))];
        string input = _directory.Write("examples.jsonl", string.Concat(examples.Select(example =>
            new JsonObject(columns.Select((column, i) => KeyValuePair.Create(column, (JsonNode?)example.Texts[i]))).ToJsonString() + "\n")));
        Cli predicted = Cli.Run("predict", model, input, "--engine", engine, "--precision", "fp32", "--json");
        Assert.True(predicted.ExitCode == 0, predicted.Err);
        JsonElement[] predictions = [.. JsonDocument.Parse(predicted.Out).RootElement.GetProperty("predictions").EnumerateArray()];
        Assert.Equal(examples.Length, predictions.Length);
        for (int i = 0; i < predictions.Length; i++)
            Assert.Equal(Answer(examples[i].Logits), Numbers(predictions[i]), (a, b) => Math.Abs(a - b) <= tolerance);

        static string[] Texts(JsonElement text) => text.ValueKind == JsonValueKind.Array ? [.. text.EnumerateArray().Select(one => one.GetString()!)] : [text.GetString()!];
    }

    /// <summary>Returns the number itself for one logit, otherwise the softmax.</summary>
    private static double[] Answer(double[] logits)
    {
        double sum = logits.Sum(Math.Exp);
        return logits.Length == 1 ? logits : [.. logits.Select(logit => Math.Exp(logit) / sum)];
    }

    private static double[] Numbers(JsonElement prediction) => prediction.TryGetProperty("value", out JsonElement value)
        ? [value.GetDouble()]
        : [.. prediction.GetProperty("probabilities").EnumerateObject().Select(label => label.Value.GetDouble())];

    private string Copy(string name)
    {
        string copy = Directory.CreateDirectory(_directory.File(name)).FullName;
        foreach (string file in Directory.GetFiles(Fixtures.Path($"classifiers/{name}")))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }

    /// <summary>Creates the golden language model with a tokenizer.</summary>
    private string Golden()
    {
        string model = Directory.CreateDirectory(_directory.File($"golden-{Guid.NewGuid():N}")).FullName;
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{file}"), Path.Combine(model, file));
        new BpeTrainer { VocabSize = 297 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(model);
        return model;
    }

    private static JsonElement Json(string directory, string file) => JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, file))).RootElement;
}
