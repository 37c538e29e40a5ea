using System.Text.Json;
using Foreword.Cli.Output;

namespace Foreword.Cli.Tests.Commands.FineTune;

/// <summary>Tests finetune, predict and evaluate-task with a tiny model that is pre-trained once.</summary>
public sealed class FinetuneCommandTests(TinyModel tiny) : IClassFixture<TinyModel>, IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void OptionsAloneTrainAModelThatPredictsAndIsMeasured()
    {
        string run = _directory.File("run");
        Cli trained = Cli.Run("finetune", tiny.Path, "--task", "classification", "--train", tiny.Train, "--test", tiny.Test, "--columns", "text,label", "--out", run,
            "--epochs", "12", "--lr", "1e-2", "--batch-size", "8", "--set", "train.threads=2", "--set", "model.dropout=0", "--json");
        Assert.True(trained.ExitCode == 0, trained.Err);
        JsonElement json = JsonDocument.Parse(trained.Out).RootElement;
        Assert.Equal("finished", json.GetProperty("outcome").GetString());
        Assert.Equal(1, json.GetProperty("test_metrics").GetProperty("accuracy").GetDouble());
        Assert.All(["best/task.json", "report.html", "evaluation.json", "metrics.jsonl", "recipe.yaml"], name => Assert.True(File.Exists(Path.Combine(run, name)), name));
        Assert.Contains("44 training examples, 4 held out, 2 outputs\nall fit the context of 32 tokens; ", trained.Err, StringComparison.Ordinal);

        Cli predicted = Cli.Run("predict", run, tiny.Test);
        Assert.True(predicted.ExitCode == 0, predicted.Err);
        string[] lines = predicted.Out.TrimEnd('\n').Split('\n');
        Assert.Equal("label,probability,p_nasty,p_pleasant", lines[0]);
        Assert.Equal(13, lines.Length);
        Assert.StartsWith("pleasant,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("nasty,", lines[2], StringComparison.Ordinal);

        // Both engines give the same answers, one at a time or in batches, and so does the model quantized to 8 bits.
        Assert.Equal(Labels(lines), Labels(Cli.Run("predict", run, tiny.Test, "--engine", "torch").Out.TrimEnd('\n').Split('\n')));
        Assert.Equal(0, Cli.Run("quantize", run, "--type", "int8", "--out", _directory.File("int8")).ExitCode);
        Assert.Equal(Labels(lines), Labels(Cli.Run("predict", _directory.File("int8"), tiny.Test).Out.TrimEnd('\n').Split('\n')));

        Cli piped = Cli.RunWithInput("the weather is bad today 49\n", "predict", run, "-");
        Assert.Equal(lines[2], piped.Out.TrimEnd('\n').Split('\n')[1]);
        Assert.Equal("nasty", JsonDocument.Parse(Cli.RunWithInput("the weather is bad today 49\n", "predict", run, "-", "--json").Out).RootElement.GetProperty("predictions")[0].GetProperty("label").GetString());

        Cli measured = Cli.Run("evaluate-task", run, tiny.Test, "--json");
        Assert.True(measured.ExitCode == 0, measured.Err);
        JsonElement evaluation = JsonDocument.Parse(measured.Out).RootElement;
        Assert.Equal(("classification", 12), (evaluation.GetProperty("task").GetString(), evaluation.GetProperty("n").GetInt32()));
        Assert.All(["value", "low", "high"], key => Assert.Equal(1, evaluation.GetProperty("metrics").GetProperty("accuracy").GetProperty(key).GetDouble()));
        Assert.True(File.Exists(Path.Combine(run, "evaluation-test", "report.html")));
        Assert.Contains("classification, reads text=text, label=label", Cli.Run("inspect", run).Out, StringComparison.Ordinal);
        AssertRefusals(run);
        AssertEachFileHasItsEvaluation(run);
    }

    /// <summary>Evaluations of different files with similar names do not replace each other. That of the same file is renewed.</summary>
    private void AssertEachFileHasItsEvaluation(string run)
    {
        string[] files = [_directory.File("test.v1.csv"), _directory.File("x/test.csv"), _directory.File("y/test.csv")];
        foreach (string file in files.Append(files[0]).Append(files[2]))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.Copy(tiny.Test, file, overwrite: true);
            Cli measured = Cli.Run("evaluate-task", run, file, "--resamples", "1");
            Assert.True(measured.ExitCode == 0, measured.Err);
        }

        string[] directories = [.. Directory.GetDirectories(run, "evaluation-*").Order(StringComparer.Ordinal)];
        Assert.Equal(["evaluation-test", "evaluation-test-2", "evaluation-test-3", "evaluation-test.v1"], directories.Select(Path.GetFileName));
        Assert.Equal([tiny.Test, files[1], files[2], files[0]], directories.Select(directory =>
            JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, "evaluation.json"))).RootElement.GetProperty("files")[0].GetString()));

        // An evaluation of an earlier version does not name its files.
        File.WriteAllText(Path.Combine(directories[3], "evaluation.json"), "{}");
        Assert.Contains("evaluation-test.v1-2", Cli.Run("evaluate-task", run, files[0], "--resamples", "1").Err, StringComparison.Ordinal);
        Assert.Equal("{}", File.ReadAllText(Path.Combine(directories[3], "evaluation.json")));
    }

    [Fact]
    public void AModelOfARunThatHasNotFinishedIsNamed()
    {
        string run = _directory.File("run");
        Cli trained = Cli.Run("finetune", tiny.Path, "--task", "classification", "--train", tiny.Train, "--out", run,
            "--epochs", "2", "--batch-size", "8", "--set", "train.threads=2", "--set", "train.keep=0");
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.Equal("", Cli.Run("predict", run, tiny.Test).Err);
        Directory.Delete(Path.Combine(run, "checkpoint-12"), recursive: true);
        Assert.Equal($"{run} is a run that has not finished; its best model so far, of epoch 1, is used; the run is at step 6\n", Cli.Run("predict", run, tiny.Test).Err);
        Assert.StartsWith($"{run} is a run that has not finished; ", Cli.Run("evaluate-task", run, tiny.Test, "--resamples", "1").Err, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(run, "best"), recursive: true);
        Assert.Equal($"{run} is a run that has not finished; its newest model is used; the run is at step 6\n", Cli.Run("predict", run, tiny.Test).Err);
        Assert.Equal("", Cli.Run("predict", Path.Combine(run, "checkpoint-6"), tiny.Test).Err);
    }

    private static string[] Labels(string[] lines) => [.. lines.Select(line => line.Split(',')[0])];

    [Fact]
    public void ARecipeIsRepeatedOverSeedsAndGoesOnWithoutTheFinishedOnes()
    {
        string recipe = _directory.Write("weather.yaml", $"""
            model: {"{"}path: {tiny.Path}, dropout: 0{"}"}
            task: {"{"}kind: classification{"}"}
            data: {"{"}directory: nowhere, train: [train.csv]{"}"}
            train: {"{"}epochs: 1, batch_size: 8, lr: 1e-2, threads: 2{"}"}
            """);
        string run = _directory.File("runs");
        string[] command = ["finetune", recipe, "--data", Path.GetDirectoryName(tiny.Train)!, "--repeats", "2", "--out", run, "--json"];
        Cli first = Cli.Run(command);
        Assert.True(first.ExitCode == 0, first.Err);
        JsonElement repeats = JsonDocument.Parse(first.Out).RootElement.GetProperty("repeats");
        Assert.Equal([1337, 1338], repeats.GetProperty("seeds").EnumerateArray().Select(seed => seed.GetInt32()));
        JsonElement accuracy = repeats.GetProperty("metrics").GetProperty("accuracy");
        Assert.Equal(accuracy.GetProperty("mean").GetDouble(), accuracy.GetProperty("values").EnumerateArray().Average(value => value.GetDouble()), 1e-12);
        Assert.True(File.Exists(Path.Combine(run, "seed-1338", "best", "task.json")) && File.Exists(Path.Combine(run, "repeats.json")));

        Assert.Contains("is not empty; continue it with --resume auto", Cli.Run(command).Err, StringComparison.Ordinal);
        Cli third = Cli.Run([.. command, "--resume", "auto", "--repeats", "3"]);
        Assert.NotEqual(0, third.ExitCode); // --repeats is given twice
        third = Cli.Run(["finetune", recipe, "--data", Path.GetDirectoryName(tiny.Train)!, "--repeats", "3", "--out", run, "--resume", "auto"]);
        Assert.True(third.ExitCode == 0, third.Err);
        Assert.DoesNotContain("seed 1337", third.Err, StringComparison.Ordinal);
        Assert.Contains("seed 1339 (3 of 3)", third.Err, StringComparison.Ordinal);
        Assert.Contains("3 seeds, validation set:", third.Out, StringComparison.Ordinal);

        // A result that cannot be read is named. It is neither used nor overwritten.
        string[] again = ["finetune", recipe, "--data", Path.GetDirectoryName(tiny.Train)!, "--repeats", "3", "--out", run, "--resume", "auto"];
        string result = Path.Combine(run, "seed-1338", "result.json"), whole = File.ReadAllText(result);
        foreach (string broken in (string[])["", "{", whole[..^5], "[]", "null", "{}", whole.Replace("1338", "1337", StringComparison.Ordinal), whole.Replace("accuracy", "acuracy", StringComparison.Ordinal)])
        {
            File.WriteAllText(result, broken);
            Cli damaged = Cli.Run(again);
            Assert.Equal(1, damaged.ExitCode);
            Assert.StartsWith($"error: {result}", damaged.Err, StringComparison.Ordinal);
            Assert.EndsWith("; delete the file to repeat the run with seed 1338\n", damaged.Err, StringComparison.Ordinal);
            Assert.Equal(broken, File.ReadAllText(result));
        }

        File.WriteAllText(result, whole);

        // A finished seed does not count for another recipe, nor for other data with the same name.
        Assert.Contains("'train.epochs: 1', the recipe says 'train.epochs: 2'", Cli.Run([.. again, "--epochs", "2"]).Err, StringComparison.Ordinal);
        string other = _directory.File("other"), changed = Path.Combine(other, "train.csv");
        Directory.CreateDirectory(other);
        File.WriteAllText(changed, File.ReadAllText(tiny.Train) + "one more,nasty\n");
        Cli refused = Cli.Run([.. again.Select(argument => argument == Path.GetDirectoryName(tiny.Train) ? other : argument)]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"error: {changed} is not the file that the run {Path.Combine(run, "seed-1337")} was started with, {tiny.Train} (SHA-256 ", refused.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text,label\na,w\nb,x\nc,y\nd,z\n", 1, ": column 'label' has 4 classes in 4 examples, one example for each class; if these are the classes, list them with task.labels")]
    [InlineData("label,text\ngood,a\nbad,b\ngood,c\nbad,d\n", 1, ": column 'text' has 4 classes in 4 examples, whose texts have only 2 different values; column 'label' has 2 different values: are the columns swapped?", "label,text")]
    [InlineData("text,label\na,x\nb\n", 1, ":3: the row has 1 field; expected 2, as in the header")]
    [InlineData("text,label\na,x\nb,x\n", 1, ": all 2 examples have the label 'x'; there is nothing to learn")]
    [InlineData("text,label\na,x\n\" \",y\n", 1, ":3: 'text' is empty")]
    [InlineData("text,lable\na,x\n", 1, ": there is no column 'label'; the columns are text, lable; did you mean 'lable'?")]
    [InlineData("text,label\n", 1, ": there are no examples")]
    public void BadTrainingDataIsOneSentenceAndLeavesNothing(string csv, int code, string message, string columns = "text,label")
    {
        string path = _directory.Write("bad.csv", csv), run = _directory.File("run");
        Cli result = Cli.Run("finetune", tiny.Path, "--task", "classification", "--train", path, "--columns", columns, "--out", run);
        Assert.Equal((code, $"error: {path}{message}\n"), (result.ExitCode, result.Err));
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void AnUnknownLabelOfTheValidationSetNamesItsRow()
    {
        string validation = _directory.Write("dev.csv", "text,label\na,pleasant\nb,plesant\n");
        Cli result = Cli.Run("finetune", tiny.Path, "--task", "classification", "--train", tiny.Train, "--validation", validation, "--out", _directory.File("run"));
        Assert.Equal((1, $"error: {validation}:3: label 'plesant' is not one of the training labels (nasty, pleasant); did you mean 'pleasant'?\n"), (result.ExitCode, result.Err));
    }

    /// <summary>After a few steps, the model answers only one class. Each place that prints F1 names its class.</summary>
    [Fact]
    public void AModelThatSaysOneClassAndTheClassOfAnF1AreNamed()
    {
        string pairs = _directory.Write("pairs.csv", "premise,hypothesis,label\n" + string.Concat(Enumerable.Range(0, 24).Select(i => $"the weather is good today {i},it rains,{(i % 3 == 0 ? "yes" : "no")}\n"))), run = _directory.File("run");
        string[] command = ["finetune", tiny.Path, "--task", "entailment", "--train", pairs, "--test", pairs, "--out", run, "--epochs", "1", "--lr", "1e-2", "--batch-size", "4", "--metric", "mcc", "--set", "train.threads=2", "--json"];
        Cli trained = Cli.Run(command);
        Assert.True(trained.ExitCode == 0, trained.Err);
        Assert.Matches("warning: the best model \\(epoch 1\\) gives all 3 examples the label '(yes|no)'; it does not distinguish the examples: train for more epochs", trained.Err);
        Assert.Matches("warning: on the test set the model gives all 24 examples the label '(yes|no)'", trained.Err);
        Assert.Matches("epoch 1: validation accuracy 0\\.\\d{4}, f1 of 'yes' 0\\.\\d{4}, matthews 0.0000,\n  loss ", trained.Err);
        Assert.Matches("best epoch 1 by mcc: validation accuracy 0\\.\\d{4}, f1 of 'yes' 0\\.", trained.Err);
        Assert.Contains("test f1 of 'yes' 0.", trained.Err, StringComparison.Ordinal);
        JsonElement json = JsonDocument.Parse(trained.Out).RootElement;
        Assert.Equal(("yes", 0), (json.GetProperty("positive_class").GetString(), json.GetProperty("metrics").GetProperty("matthews").GetDouble()));
        Assert.StartsWith("the best model gives all 3 examples the label", json.GetProperty("warning").GetString(), StringComparison.Ordinal);
        Assert.All(trained.Err.Split('\n').Where(line => line.StartsWith("epoch", StringComparison.Ordinal)), line => Assert.InRange(line.Length, 1, 80));

        Cli measured = Cli.Run("evaluate-task", run, pairs);
        Assert.Contains("  f1 of 'yes'  0.", measured.Out, StringComparison.Ordinal);
        Assert.Matches("warning: the model gives all 24 examples the label '(yes|no)'", measured.Err);

        // The metric is part of the run.
        Cli other = Cli.Run([.. command.Select(argument => argument == "mcc" ? "f1:yes" : argument), "--resume", "auto"]);
        Assert.Contains("best_metric: mcc", other.Err, StringComparison.Ordinal);
        Assert.Contains("all 6 steps are already done", Cli.Run([.. command, "--resume", "auto"]).Err, StringComparison.Ordinal);
        Cli unknown = Cli.Run([.. command.Select(argument => argument == "mcc" ? "f1:yse" : argument == run ? run + "2" : argument)]);
        Assert.Contains("error: train.best_metric is 'f1:yse'; the labels are no, yes; did you mean 'yes'?\n", unknown.Err, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run + "2"));
    }

    [Theory]
    [InlineData("step 5/20  epoch 1.0  loss 0.5000  1,000 tokens/s  50 % of peak", 80, "step 5/20  epoch 1.0  loss 0.5000  1,000 tokens/s", 15)]
    [InlineData("step 5/20  epoch 1.0  loss 0.5000  1,000 tokens/s  50 % of peak", 120, "step 5/20  epoch 1.0  loss 0.5000  1,000 tokens/s  50 % of peak", 24)]
    [InlineData("step 5/20  epoch 1.0  loss 0.5000", 20, "step 5/20", 0)]
    public void AProgressLineFitsItsTerminal(string text, int columns, string shown, int bar) => Assert.Equal((shown, bar), ProgressDisplay.Fitted(text, 16, columns));

    [Fact]
    public void WhatIsMissingOrMisspelledIsSaid()
    {
        Assert.Equal(2, Cli.Run("finetune", tiny.Path, "--train", tiny.Train).ExitCode);
        string nowhere = _directory.File("nowhere");
        Assert.Contains($"model directory '{nowhere}' does not exist", Cli.Run("finetune", nowhere, "--task", "regression", "--train", tiny.Train, "--out", _directory.File("run")).Err, StringComparison.Ordinal);
        Assert.Contains("is not a fine-tuned model: it has no task.json", Cli.Run("predict", tiny.Path, tiny.Test).Err, StringComparison.Ordinal);
    }

    private void AssertRefusals(string run)
    {
        string unknown = _directory.Write("unknown.csv", "text,label\nfine,plasant\n");
        Cli label = Cli.Run("evaluate-task", run, unknown);
        Assert.Equal((1, $"error: {unknown}:2: label 'plasant' is not one of the training labels (nasty, pleasant); did you mean 'pleasant'?\n"), (label.ExitCode, label.Err));
        string file = _directory.Write("file", "before");
        Assert.Equal($"error: --out {file} is a file; expected a directory\n", Cli.Run("evaluate-task", run, tiny.Test, "--out", file).Err);
    }
}

/// <summary>A model of a few thousand weights with its tokenizer, and labeled texts.</summary>
public sealed class TinyModel : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public TinyModel()
    {
        Train = _directory.Write("train.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 48).Select(Row)));
        Test = _directory.Write("test.csv", "text,label\n" + string.Concat(Enumerable.Range(48, 12).Select(Row)));
        Path = _directory.File("base");
        Cli run = Cli.Run("pretrain", Recipes.Small(_directory), "--out", Path, "--set", "train.steps=2");
        Assert.True(run.ExitCode == 0, run.Err);
    }

    public string Path { get; }

    public string Train { get; }

    public string Test { get; }

    public void Dispose() => _directory.Dispose();

    private static string Row(int i) => i % 2 == 0 ? $"the weather is good today {i},pleasant\n" : $"the weather is bad today {i},nasty\n";
}
