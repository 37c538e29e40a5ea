using System.Runtime.InteropServices;
using Foreword.Tasks;
using Foreword.Tokenization.ByteLevel;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Cpu.Tests;

public sealed class CpuTaskModelTests : IDisposable
{
    private static readonly string[] Texts = ["the weather is good", "it rains", ""];

    private readonly TemporaryDirectory _place = Fixtures.NewDirectory();

    /// <summary>
    /// A classifier over the golden model: three task tokens after the tokenizer's 297, and a head of which each output is one channel.
    /// </summary>
    public CpuTaskModelTests()
    {
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{file}"), _place.File(file));
        new BpeTrainer { VocabSize = 297 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(_place.Path);
        new TaskDescription { Kind = "classification", Target = TargetKind.Classes, Labels = ["a", "b"], Tokens = TaskTokens.After(297), ContextLength = 64, Columns = ["text", "label"] }.Save(_place.Path);
        int width = HuggingFaceConfig.Read(_place.Path).NEmbd;
        float[] weight = new float[2 * width];
        weight[0] = weight[width + 1] = 1;
        SafetensorsWriter head = new();
        head.Add("clf.weight", TensorDType.F32, [2, width], MemoryMarshal.AsBytes(weight.AsSpan()).ToArray());
        head.Add("clf.bias", TensorDType.F32, [2], new byte[8]);
        head.Save(_place.File(TaskDescription.HeadFile));
    }

    public void Dispose() => _place.Dispose();

    [Fact]
    public void TheFrontDoorGivesTheSameAnswers()
    {
        using CpuTaskModel model = CpuTaskModel.Load(_place.Path);
        using TaskModel front = TaskModel.Load(_place.Path);
        Assert.Equal(model.Predict(Texts[0]).Probabilities, front.Predict(Texts[0]).Probabilities);
        Assert.Equal("classification", front.Task.Kind);
        using StoredModel stored = StoredModel.Open(_place.Path);
        using TaskModel opened = TaskModel.Load(stored, new CpuEngine(), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(model.Predict(Texts[0]).Probabilities, opened.Predict(Texts[0]).Probabilities);
    }

    [Fact]
    public void AnswersAreTheSameAloneTogetherAndWithAnyNumberOfThreads()
    {
        using CpuTaskModel one = CpuTaskModel.Load(_place.Path, threads: 1), three = CpuTaskModel.Load(_place.Path, threads: 3);
        IReadOnlyList<Prediction> together = one.Predict([.. Texts.Select(text => new TaskExample([text], [], null))]);
        for (int i = 0; i < Texts.Length; i++)
        {
            Assert.Equal(together[i].Probabilities, one.Predict(Texts[i]).Probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
            Assert.Equal(together[i].Probabilities, three.Predict(Texts[i]).Probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
        }

        Assert.NotEqual(together[0].Probability, together[1].Probability, 1e-6);
    }

    [Fact]
    public void WhatCannotBeDoneIsNamed()
    {
        Assert.Equal("threads", Assert.Throws<ArgumentOutOfRangeException>(() => CpuTaskModel.Load(_place.Path, threads: 0)).ParamName);
        CpuTaskModel model = CpuTaskModel.Load(_place.Path);
        Assert.Equal("classification reads 1 text (text); 2 were given (Parameter 'example')", Assert.Throws<ArgumentException>(() => model.Predict("a", "b")).Message);
        Assert.Equal("example 2 is null (Parameter 'examples')", Assert.Throws<ArgumentException>(() => model.Predict([new TaskExample(["a"], []), null!])).Message);
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Predict("a"));
    }
}
