using System.Text;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;
using Foreword.Models;
using Foreword.Numerics;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Tests;

/// <summary>The small models, and benchmarks from tests/fixtures/benchmarks, for the tests.</summary>
internal static class Evaluations
{
    public const int VocabSize = 257;

    public static Tokenizer Tokenizer { get; } = new FakeTokenizer(VocabSize);

    /// <summary>Creates a model for which all tokens are equally likely.</summary>
    public static FakeModel Uniform(int contextLength = 8192) => new(VocabSize, contextLength, _ => new float[VocabSize]);

    /// <summary>Creates a model whose probabilities depend on the last two tokens in an arbitrary way.</summary>
    public static FakeModel Arbitrary(int contextLength = 8192) => new(VocabSize, contextLength, tokens =>
    {
        SplitMix64 random = new((ulong)(tokens[^1] * 1000 + tokens[Math.Max(0, tokens.Count - 2)]));
        float[] logits = new float[VocabSize];
        for (int i = 0; i < logits.Length; i++)
            logits[i] = (float)(6 * random.NextDouble());
        return logits;
    });

    /// <summary>
    /// Creates a model that repeats the given words after any text. If the text ends with a part of them, the model continues that part.
    /// </summary>
    public static FakeModel Saying(string words)
    {
        byte[] script = Encoding.UTF8.GetBytes(words);
        return new FakeModel(VocabSize, 8192, tokens =>
        {
            byte[] text = [.. tokens.Where(id => id < 256).Select(id => (byte)id)];
            int said = Enumerable.Range(0, script.Length).Last(length => text.AsSpan().EndsWith(script.AsSpan(0, length)));
            return FakeModel.Certain(VocabSize, script[said]);
        });
    }

    public static PreparedBenchmark Prepare(string task, int contextLength = 8192, int shots = 0, long seed = 1, int? limit = null, bool truncate = false, string? directory = null, int? window = null, int? stride = null)
    {
        BenchmarkSpecification specification = BenchmarkSpecification.Parse(task, BenchmarkCatalog.All);
        BenchmarkInput input = new()
        {
            Directory = directory ?? Fixtures.Path("benchmarks"),
            Tokenizer = Tokenizer,
            ContextLength = contextLength,
            Switches = specification.Switches,
            Window = window,
            Stride = stride,
        };
        return PreparedBenchmark.Create(specification, input, specification.Benchmark.Read(input), new PromptEncoder(Tokenizer, contextLength, truncate), shots, seed, limit);
    }

    public static BenchmarkResult Run(ILanguageModel model, PreparedBenchmark task, int? batchSize = null) =>
        BenchmarkResult.Compute(task, new Evaluator(model, Tokenizer, batchSize).Run(task).ToDictionary(document => document.Id, document => document.Judgment));

    public static double Value(this BenchmarkResult result, string metric) => result.Metrics.Single(m => m.Metric.Name == metric).Value;
}
