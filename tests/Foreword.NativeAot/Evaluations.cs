using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.Cpu;
using Foreword.Data.Reading;
using Foreword.Evaluation;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Overlap;
using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.NativeAot;

/// <summary>Runs every benchmark, one of the user's own, and a text file. Writes logs and results, and computes the overlap of two texts.</summary>
internal static class Evaluations
{
    public static void Run(Report report)
    {
        Tokenizer tokenizer = new BpeTrainer { VocabSize = 300 }.Train([File.ReadAllText(report.Fixture("golden/tokenizers/bpe-train-corpus.txt"))]);
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(GptConfig.Preset("gpt2") with { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 512, VocabSize = 300 }, WeightType.Int8, threads: 2);
        report.Write("own.csv", "question,answer\nis it?,yes\nis it not?,no\n");
        string own = report.Write("own.yaml", "name: own\ndata: own.csv\nprompt: \"Q: {{question}} A:\"\nchoices: [\" yes\", \" no\"]\nanswer: \"{{answer}}\"\nchance: 0.5\n");
        string wish = report.Write("wish.yaml", "name: wish\ndata: [own.csv]\nprompt: \"{{question}}\"\ntarget: \" {{answer}}\"\nmetric: likelihood\nmax_tokens: 4\n");
        string text = report.Write("text.txt", "A cat sat on the mat and thought about the language of the text that it was in.");
        report.SayRefusal("broken benchmark", () => BenchmarkSpecification.Parse(report.Write("broken.yaml", "name: x\nmetric: exact\n"), BenchmarkCatalog.All));
        report.SayRefusal("broken benchmark", () => BenchmarkSpecification.Parse(report.Write("broken.yaml", "name: x\nchance:\nmax_tokens: 0\ndata: a\nprompt: b\ntarget: c"), BenchmarkCatalog.All));
        List<(string, BenchmarkResult)> results = [];
        foreach (string name in BenchmarkCatalog.All.Select(benchmark => benchmark.Name).Concat([own, wish, text]))
        {
            try
            {
                results.Add((Path.GetFileName(name), Evaluate(report, name, model, tokenizer)));
            }
            catch (Exception refusal) when (refusal is ArgumentException or InvalidDataException)
            {
                report.Say(name, refusal.Message);
            }
        }

        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            ResultsJson.Write(writer, results, new EvaluationContext("random", "cpu", null, 2, 0, DateTimeOffset.UnixEpoch, 1));
            writer.WriteEndObject();
        }

        report.Say("results", Encoding.UTF8.GetString(stream.ToArray()));
        OverlapFilter filter = OverlapFilter.Create(() => DocumentReader.Open([text]).Read(), "text");
        filter.Save(report.Work("overlap.filter"));
        report.SayFiles("overlap", report.Work("overlap.filter"));
        report.Say("overlap", OverlapFilter.Load(report.Work("overlap.filter")).Of("It thought about the language of the text that it was in.").ToString()!);
    }

    private static BenchmarkResult Evaluate(Report report, string name, CpuLanguageModel model, Tokenizer tokenizer)
    {
        BenchmarkSpecification specification = BenchmarkSpecification.Parse(name, BenchmarkCatalog.All);
        BenchmarkInput input = new() { Directory = report.Fixture("benchmarks"), Tokenizer = tokenizer, ContextLength = model.Config.ContextLength, Switches = specification.Switches };
        PreparedBenchmark task = PreparedBenchmark.Create(specification, input, specification.Benchmark.Read(input), new PromptEncoder(tokenizer, model.Config.ContextLength, truncate: true), limit: 2);
        report.Say(name, task.Protocol);
        EvaluationDirectory directory = EvaluationDirectory.Open(report.Work("evaluation"), report.Fixture("golden/gpt2-tiny"), [task], [Path.GetFileName(name)], "", DateTimeOffset.UnixEpoch);
        string log = directory.SamplesPath(Path.GetFileName(name));
        Dictionary<int, Judgment> judgments = [];
        using (SamplesLog samples = new(log, task.Benchmark))
        {
            foreach (EvaluatedDocument document in new Evaluator(model, tokenizer).Run(task))
            {
                samples.Add(document);
                judgments[document.Id] = document.Judgment;
            }
        }

        foreach (string line in File.ReadLines(log))
            report.Say(name, line);
        using (SamplesLog again = new(log, task.Benchmark))
            report.Say(name, $"{again.Done.Count} samples read back");
        BenchmarkResult result = BenchmarkResult.Compute(task, judgments);
        foreach (MetricValue value in result.Metrics)
            report.Say(name, string.Create(CultureInfo.InvariantCulture, $"{value.Metric.Name} {value.Value:R} {value.StandardError:R}"));
        return result;
    }
}
