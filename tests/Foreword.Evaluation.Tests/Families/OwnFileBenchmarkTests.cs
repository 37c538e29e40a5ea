using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation.Tests.Families;

public sealed class OwnFileBenchmarkTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("lambada", "a.jsonl", "{\"text\":\"the cat sat on the mat\"}\n", "mat")]
    [InlineData("lambada", "a.txt", "the cat sat on the mat\n", "mat")]
    [InlineData("openbookqa", "a.jsonl", "{\"question\":{\"stem\":\"Ice is\",\"choices\":[{\"text\":\"hot\",\"label\":\"A\"},{\"text\":\"cold\",\"label\":\"B\"}]},\"answerKey\":\"B\"}\n", "cold")]
    [InlineData("hellaswag", "a.jsonl", "{\"ctx\":\"He\",\"endings\":[\"a\",\"b\",\"c\",\"d\"],\"label\":2}\n", "c")]
    [InlineData("snli-subset", "a.tsv", "a man sleeps\ta man runs\t2\n", "False")]
    [InlineData("sst2", "a.tsv", "sentence\tlabel\ngood\t1\n", "positive")]
    [InlineData("nq-open", "a.jsonl", "{\"question\":\"who\",\"answer\":[\"me\"]}\n", "me")]
    [InlineData("tatoeba-en-fr", "a.tsv", "Go.\tVa !\n", "Va !")]
    [InlineData("dprd", "a.txt", "Bees sting boys because they tease them.\nthey\nBees,boys\nboys\n\n", null)]
    public void TheBenchmarksReaderReadsTheFile(string benchmark, string name, string content, string? target)
    {
        string file = _directory.Write(name, content);
        PreparedBenchmark task = Evaluations.Prepare($"{benchmark}:file={file}", directory: _directory.File("no-data"));
        BenchmarkDocument document = Assert.Single(task.Set.Documents);
        if (target is not null)
            Assert.Equal(target, document.Target);
        Assert.Equal([file], task.Set.Files);
        Assert.EndsWith($"documents of {name}, not the published ones; zero-shot", task.Protocol, StringComparison.Ordinal);
        Assert.Empty(task.Benchmark.Published);
        Assert.Equal(benchmark, task.Benchmark.Name);
    }

    [Fact]
    public void ExamplesStillComeFromTheDataDirectory()
    {
        string file = _directory.Write("a.jsonl", "{\"question\":{\"stem\":\"Ice is\",\"choices\":[{\"text\":\"hot\",\"label\":\"A\"},{\"text\":\"cold\",\"label\":\"B\"}]},\"answerKey\":\"B\"}\n");
        Assert.Contains("1 solved examples from the training split", Evaluations.Prepare($"openbookqa:file={file}", shots: 1).Protocol, StringComparison.Ordinal);
        Assert.Contains("openbookqa has no solved examples", Assert.Throws<ArgumentException>(() => Evaluations.Prepare($"openbookqa:file={file}", shots: 1, directory: _directory.File("no-data"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SwitchesGoTogetherWithTheFile()
    {
        string file = _directory.Write("mine.txt", "the cat sat on the mat\n");
        PreparedBenchmark task = Evaluations.Prepare($"lambada:target=token:file={file}");
        Assert.Contains("last token of the last word", task.Protocol, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lambada", "a.jsonl", "{\"text\":\"a b\"}\n{\"txt\":\"a b\"}\n", ":2: there is no 'text'")]
    [InlineData("snli-subset", "a.tsv", "a\tb\t2\na\tb\t7\n", ":2: '2' is '7'; expected 0 or 1 or 2")]
    [InlineData("piqa", "a.jsonl", "{\"goal\":\"g\",\"sol1\":\"a\",\"sol2\":\"b\"}\n", " needs its labels, 0 or 1 a line, in ")]
    [InlineData("wmt14-en-fr", "a.txt", "x\n", "must end in .en")]
    [InlineData("wmt14-en-fr", "a.en", "x\n", " needs its translations in ")]
    public void AMistakeNamesTheFile(string benchmark, string name, string content, string message)
    {
        string file = _directory.Write(name, content);
        string problem = Assert.Throws<InvalidDataException>(() => Evaluations.Prepare($"{benchmark}:file={file}")).Message;
        Assert.StartsWith(file, problem, StringComparison.Ordinal);
        Assert.Contains(message, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void LabelsAndTranslationsLieBesideTheFile()
    {
        string piqa = _directory.Write("a.jsonl", "{\"goal\":\"g\",\"sol1\":\"a\",\"sol2\":\"b\"}\n");
        _directory.Write("a-labels.lst", "1\n");
        Assert.Equal("b", Evaluations.Prepare($"piqa:file={piqa}").Set.Documents[0].Target);
        string english = _directory.Write("t.en", "Go.\n"), french = _directory.Write("t.fr", "Va !\n");
        Assert.Equal("Va !", Evaluations.Prepare($"wmt14-en-fr:file={english}").Set.Documents[0].Target);
        Assert.Equal("Go.", Evaluations.Prepare($"wmt14-fr-en:file={french}").Set.Documents[0].Target);
    }
}
