using Foreword.Evaluation.Running;

namespace Foreword.Evaluation.Tests.Running;

public sealed class TaskSpecificationTests
{
    [Theory]
    [InlineData("lambda", "unknown benchmark 'lambda'; did you mean 'lambada'?")]
    [InlineData("lambada:taget=token", "lambada has no switch 'taget'; did you mean 'target'?")]
    [InlineData("lambada:target=tokens", "target is 'tokens'; expected word or token; did you mean 'token'?")]
    [InlineData("lambada:target", "'target' is not of the form switch=value")]
    [InlineData("lambada:file=nowhere.jsonl", "there is no file 'nowhere.jsonl'")]
    [InlineData("copa:fiel=x.xml", "copa has no switch 'fiel'; did you mean 'file'?")]
    [InlineData("nowhere.yaml", "there is no benchmark nowhere.yaml")]
    [InlineData("nowhere.txt", "there is no text file nowhere.txt")]
    public void WhatIsUnknownIsNamedWithTheNearest(string text, string message) =>
        Assert.Contains(message, Assert.ThrowsAny<Exception>(() => BenchmarkSpecification.Parse(text, BenchmarkCatalog.All)).Message, StringComparison.Ordinal);

    [Fact]
    public void AFileOfAnotherNameIsToldTheNamesThatAreTaken()
    {
        using TemporaryDirectory place = Fixtures.NewDirectory();
        string file = place.Write("README.md", "text");
        Assert.StartsWith($"unknown benchmark '{file}'; the name of a text file must end in .txt, that of a benchmark file in .yaml", Assert.Throws<ArgumentException>(() => BenchmarkSpecification.Parse(file, BenchmarkCatalog.All)).Message);
    }

    [Theory]
    [InlineData("mine.jsonl")]
    [InlineData("C:mine.jsonl")]
    [InlineData("a:b:mine.jsonl")]
    public void APathMayHoldColons(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && name.Contains(':', StringComparison.Ordinal), "a file's name has no colon on Windows");
        using TemporaryDirectory place = Fixtures.NewDirectory();
        string file = place.Write(name, "");
        foreach (string text in (string[])[$"lambada:file={file}:target=token", $"lambada:target=token:file={file}"])
            Assert.Equal("token", BenchmarkSpecification.Parse(text, BenchmarkCatalog.All).Switches["target"]);
    }

    [Fact]
    public void SwitchesAreThoseGiven()
    {
        BenchmarkSpecification task = BenchmarkSpecification.Parse("lambada:target=token:stop-words=filter", BenchmarkCatalog.All);
        Assert.Equal("lambada", task.Benchmark.Name);
        Assert.Equal("token", task.Switches["target"]);
        Assert.Equal("filter", task.Switches["stop-words"]);
    }
}
