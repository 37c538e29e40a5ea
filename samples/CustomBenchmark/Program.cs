using CustomBenchmark;
using Foreword;
using Foreword.Cpu;
using Foreword.Evaluation;
using Foreword.Evaluation.Results;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;

BenchmarkCatalog.Register(new Sums());

using TextModel model = args is [var path] ? TextModel.Load(path, new CpuEngine()) : Untrained();
BenchmarkResult result = BenchmarkRunner.Run(model, "sums", new EvaluationOptions { Data = Path.Combine(AppContext.BaseDirectory, "data") });

Console.WriteLine($"sums, {result.Benchmark.Count} questions: {result.Benchmark.Protocol}");
foreach (MetricValue metric in result.Metrics)
    Console.WriteLine($"{metric.Metric.Name} {metric.Value:F2}");

static TextModel Untrained()
{
    Tokenizer tokenizer = new BpeTrainer { VocabSize = 257 }.Train(["sums"]);
    GptConfig config = GptConfig.Preset("gpt2") with { NLayer = 1, NHead = 1, NEmbd = 16, ContextLength = 64, VocabSize = tokenizer.VocabSize };
    return new TextModel(CpuLanguageModel.CreateRandom(config, WeightType.F32, threads: 1), tokenizer);
}
