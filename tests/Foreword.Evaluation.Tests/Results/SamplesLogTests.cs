using System.Text.Json;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation.Tests.Results;

public sealed class SamplesLogTests
{
    [Fact]
    public void AKilledEvaluationGoesOnFromItsLogAndEndsWithTheSameNumbers()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        PreparedBenchmark task = Evaluations.Prepare("lambada");
        BenchmarkResult whole = Evaluations.Run(Evaluations.Arbitrary(), task);
        string path = directory.File("samples.jsonl");
        Evaluator evaluator = new(Evaluations.Arbitrary(), Evaluations.Tokenizer, batchSize: 2);
        using (SamplesLog log = new(path, task.Benchmark))
        {
            foreach (EvaluatedDocument document in evaluator.Run(task).Take(5))
                log.Add(document);
        }

        File.AppendAllText(path, "{\"doc_id\": 7, \"doc\""); // the incomplete line that a kill leaves
        using (SamplesLog log = new(path, task.Benchmark))
        {
            Assert.Equal(5, log.Done.Count);
            foreach (EvaluatedDocument document in evaluator.Run(task, log.Done.Keys.ToHashSet()))
                log.Add(document);
            BenchmarkResult resumed = BenchmarkResult.Compute(task, log.Done);
            Assert.Equal(whole.Metrics.Select(m => (m.Value, m.StandardError)), resumed.Metrics.Select(m => (m.Value, m.StandardError)));
        }

        Assert.Equal(12, File.ReadLines(path).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("doc_id").GetInt32()).Distinct().Count());
    }

    [Fact]
    public void ASampleHasTheFieldsOfLmEvaluationHarness()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        PreparedBenchmark task = Evaluations.Prepare("copa", limit: 1);
        using (SamplesLog log = new(directory.File("samples.jsonl"), task.Benchmark))
            log.Add(new Evaluator(Evaluations.Arbitrary(), Evaluations.Tokenizer).Run(task).Single());
        JsonElement sample = JsonDocument.Parse(File.ReadAllText(directory.File("samples.jsonl"))).RootElement;
        Assert.Equal(0, sample.GetProperty("doc_id").GetInt32());
        Assert.Equal("401", sample.GetProperty("doc").GetProperty("id").GetString());
        Assert.Equal(4, sample.GetProperty("arguments").GetArrayLength());
        Assert.Equal(2, sample.GetProperty("arguments")[0].GetArrayLength());
        Assert.Equal(4, sample.GetProperty("resps").GetArrayLength());
        Assert.Equal(2, sample.GetProperty("filtered_resps")[0].GetArrayLength());
        Assert.True(sample.GetProperty("acc").GetDouble() is 0 or 1);
        Assert.False(string.IsNullOrEmpty(sample.GetProperty("target").GetString()));
    }

    [Fact]
    public void AFileThatIsNoLogIsRefusedAndKept()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string path = directory.Write("samples.jsonl", "something else\n");
        Assert.Contains($"{path}:1", Assert.Throws<InvalidDataException>(() => new SamplesLog(path, BenchmarkCatalog.All[0])).Message, StringComparison.Ordinal);
        Assert.Equal("something else\n", File.ReadAllText(path));
    }
}
