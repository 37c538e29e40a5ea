using Foreword.Evaluation.Results;

namespace Foreword.Evaluation.Tests.Results;

public sealed class EvaluationDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("ckpt.pt")]
    [InlineData("model.pth")]
    [InlineData("model.ckpt")]
    [InlineData("model.ckpt.data-00001-of-00002")]
    public void TheEvaluationOfAnotherModelIsNotGoneOnWith(string weights)
    {
        _directory.Write($"model/{weights}", "one");
        Open();
        Open();
        _directory.Write($"model/{weights}", "two");
        Assert.Contains("holds an evaluation of coqa with another model", Assert.Throws<InvalidDataException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelWithoutKnownFilesIsRefused()
    {
        _directory.Write("model/config.json", "{}");
        _directory.Write("model/weights.unknown", "one");
        Assert.Contains("holds no file of weights that is known here", Assert.Throws<InvalidDataException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEvaluationThatAnEarlierVersionBeganGoesOn()
    {
        _directory.Write("model/model.safetensors", "one");
        string started = Open().Started, file = _directory.File("out/progress.json");
        File.Move(file, _directory.File("out/evaluation.json"));
        Assert.Equal(started, EvaluationDirectory.Open(_directory.File("out"), _directory.File("model"), [Evaluations.Prepare("coqa")], ["coqa"], "", DateTimeOffset.UnixEpoch.AddDays(1)).Started);
        Assert.True(File.Exists(file));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"started\": 1, \"tasks\": {}}")]
    [InlineData("{\"started\": \"x\"}")]
    [InlineData("null")]
    public void AFileOfSomethingElseIsRefused(string text)
    {
        _directory.Write("model/model.safetensors", "one");
        _directory.Write("out/progress.json", text);
        Assert.EndsWith("progress.json: expected the results of an evaluation; choose another directory", Assert.Throws<InvalidDataException>(() => Open()).Message);
    }

    private EvaluationDirectory Open() => EvaluationDirectory.Open(_directory.File("out"), _directory.File("model"), [Evaluations.Prepare("coqa")], ["coqa"], "", DateTimeOffset.UnixEpoch);
}
