using CustomBenchmark;
using Foreword;
using Foreword.Cpu;
using Foreword.Evaluation;
using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Results;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Bpe;

BenchmarkCatalog.Register(new Sums());

using TextModel model = args is [var path] ? TextModel.Load(path, new CpuEngine()) : Untrained();
int contextLength = model.Model.Config.ContextLength;
BenchmarkSpecification specification = BenchmarkSpecification.Parse("sums", BenchmarkCatalog.All);
BenchmarkInput input = new()
{
    Directory = Path.Combine(AppContext.BaseDirectory, "data"),
    Tokenizer = model.Tokenizer,
    ContextLength = contextLength,
    Switches = specification.Switches,
};
BenchmarkSet questions = specification.Benchmark.Read(input);
PreparedBenchmark benchmark = PreparedBenchmark.Of(specification, input, questions, new PromptEncoder(model.Tokenizer, contextLength, truncate: false));
BenchmarkResult result = BenchmarkResult.Of(benchmark, new Evaluator(model.Model, model.Tokenizer).Run(benchmark).ToDictionary(document => document.Id, document => document.Judgement));

Console.WriteLine($"sums, {benchmark.Count} questions: {benchmark.Protocol}");
foreach (MetricValue metric in result.Metrics)
    Console.WriteLine($"{metric.Metric.Name} {metric.Value:F2}");

static TextModel Untrained()
{
    Tokenizer tokenizer = new BpeTrainer { VocabularySize = 257 }.Train(["sums"]);
    GptConfig config = GptConfig.Preset("gpt2") with { NLayer = 1, NHead = 1, NEmbd = 16, ContextLength = 64, VocabSize = tokenizer.VocabularySize };
    return new TextModel(CpuLanguageModel.Random(config, WeightType.F32, threads: 1), tokenizer);
}
