using Foreword.Models;
using Foreword.Tokenization.Words;
using Foreword.Torch.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Training;

public sealed class InitialEmbeddingsTests : IDisposable
{
    private static readonly WordTokenizer Words = new(["<unk>", "<eos>", "the", "cat", "dog"]);

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void FoundRowsAreTheVectorsAtTheDeviationOfTheRandomOnes()
    {
        string file = _directory.Write("v.txt", "cat 1 0 0 0 0 0 0 -1\nthe 0 2 0 0 0 0 2 0\nhorse 9 9 9 9 9 9 9 9\n");
        using GptModel model = Model(8), untouched = Model(8);
        EmbeddingCoverage coverage = InitialEmbeddings.Apply(model, Words, file, seed: 1, TestContext.Current.CancellationToken);
        Assert.Equal((2, 5, 8, 8), (coverage.Found, coverage.Words, coverage.Width, coverage.ModelWidth));
        using Tensor rows = model.TokenEmbedding.detach(), before = untouched.TokenEmbedding.detach();
        float scale = 0.02f / MathF.Sqrt(10f / 16); // root mean square of the two vectors
        Assert.Equal([scale, 0, 0, 0, 0, 0, 0, -scale], rows[3].data<float>().ToArray().Select(value => MathF.Round(value, 6)), new Close());
        Assert.True(rows[4].equal(before[4]).all().ToBoolean());
        Assert.False(rows[2].equal(before[2]).all().ToBoolean());
    }

    [Fact]
    public void AnotherWidthIsProjectedAndKeepsWhoIsLikeWhom()
    {
        Random random = new(3);
        float[] cat = [.. Enumerable.Range(0, 300).Select(_ => random.NextSingle() - 0.5f)];
        float[] dog = [.. cat.Select(value => value + 0.1f * (random.NextSingle() - 0.5f))];
        float[] the = [.. Enumerable.Range(0, 300).Select(_ => random.NextSingle() - 0.5f)];
        string file = _directory.Write("v.txt", string.Join('\n', new[] { ("cat", cat), ("dog", dog), ("the", the) }.Select(word => FormattableString.Invariant($"{word.Item1} {string.Join(' ', word.Item2.Select(v => v.ToString(System.Globalization.CultureInfo.InvariantCulture)))}"))));
        using GptModel model = Model(64), again = Model(64);
        Assert.Equal((3, 300, 64), Apply(model));
        Apply(again);
        using Tensor rows = model.TokenEmbedding.detach();
        Assert.True(rows.equal(again.TokenEmbedding).all().ToBoolean()); // the same seed
        Assert.True(Cosine(rows[3], rows[4]) > 0.95 && Cosine(rows[3], rows[2]) < 0.5);

        (int, int, int) Apply(GptModel to)
        {
            EmbeddingCoverage coverage = InitialEmbeddings.Apply(to, Words, file, seed: 7, TestContext.Current.CancellationToken);
            return (coverage.Found, coverage.Width, coverage.ModelWidth);
        }
    }

    [Fact]
    public void WhatCannotStartAnEmbeddingIsSaid()
    {
        using GptModel model = Model(8);
        string file = _directory.Write("v.txt", "horse 1 2\n");
        Assert.Contains("has none of the 5 words", Assert.Throws<InvalidDataException>(() => InitialEmbeddings.Apply(model, Words, file, 1, TestContext.Current.CancellationToken)).Message);
        Assert.Contains("the tokenizer is of the kind char", Assert.Throws<InvalidDataException>(() => InitialEmbeddings.Apply(model, new CharTokenizer(["a"]), file, 1, TestContext.Current.CancellationToken)).Message);
    }

    private static double Cosine(Tensor a, Tensor b) => ((a * b).sum() / (a.norm() * b.norm())).ToDouble();

    private static GptModel Model(int width) => new(new GptConfig { NLayer = 1, NHead = 2, NEmbd = width, ContextLength = 8, VocabSize = Words.VocabSize }, seed: 1);

    private sealed class Close : IEqualityComparer<float>
    {
        public bool Equals(float x, float y) => MathF.Abs(x - y) < 1e-6f;

        public int GetHashCode(float value) => 0;
    }
}
