using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Running;
using Foreword.IO;

namespace Foreword.Evaluation.Results;

/// <summary>
/// A log of one benchmark's evaluated documents, one JSON object per line. Each has lm-evaluation-harness's fields (<c>doc_id, doc, target,
/// arguments, resps, filtered_resps</c> and each metric). It also has <c>statistics</c>, from which an interrupted evaluation resumes.
/// </summary>
internal sealed class SamplesLog : IDisposable
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly FileStream _file;
    private readonly Benchmark _benchmark;
    private readonly Dictionary<int, Judgment> _done = [];

    /// <summary>Opens or creates the log. Lines that an earlier process wrote are read. An incomplete last line is removed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="benchmark">The benchmark whose documents the log holds.</param>
    /// <exception cref="InvalidDataException">A complete line is not a sample of this benchmark.</exception>
    public SamplesLog(string path, Benchmark benchmark)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        _benchmark = benchmark;
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            ReadBack(path);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Gets the judgments of the documents in the log, by id.</summary>
    public IReadOnlyDictionary<int, Judgment> Done => _done;

    /// <summary>Appends a document and flushes the line to the operating system.</summary>
    public void Add(EvaluatedDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        _file.Write(Encoding.UTF8.GetBytes(Line(document, _benchmark).ToJsonString(Options) + "\n"));
        _file.Flush();
        _done[document.Id] = document.Judgment;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Creates a document's line, in lm-evaluation-harness's format.</summary>
    internal static JsonObject Line(EvaluatedDocument document, Benchmark benchmark)
    {
        JsonObject line = new()
        {
            ["doc_id"] = document.Id,
            ["doc"] = document.Document.Fields.DeepClone(),
            ["target"] = document.Document.Target,
            ["arguments"] = new JsonArray([.. document.Requests.SelectMany(Arguments)]),
            ["resps"] = new JsonArray([.. document.Responses.SelectMany(Answers).Select(answer => new JsonArray(answer))]),
            ["filtered_resps"] = new JsonArray([.. document.Responses.SelectMany(Answers)]),
            ["prediction"] = document.Judgment.Prediction,
            ["is_right"] = document.Judgment.IsRight,
        };
        JsonObject statistics = [];
        for (int i = 0; i < benchmark.Metrics.Count; i++)
        {
            BenchmarkMetric metric = benchmark.Metrics[i];
            double[] own = document.Judgment.Statistics[i];
            statistics[metric.Name] = new JsonArray([.. own.Select(value => (JsonNode)value)]);
            if (metric.IsMean)
                line[metric.Name] = own[0];
        }

        line["statistics"] = statistics;
        return line;
    }

    private static IEnumerable<JsonNode> Arguments(ModelRequest request) => request switch
    {
        LikelihoodRequest likelihood => likelihood.Continuations.Select(continuation => new JsonArray(likelihood.Context, continuation)),
        WindowRequest window => [new JsonArray(window.Context.Length, window.Tokens.Length)],
        GenerationRequest generation => [new JsonArray(generation.Prompt, new JsonObject
        {
            ["until"] = new JsonArray([.. generation.Options.Stop.Select(stop => (JsonNode)stop)]),
            ["max_gen_toks"] = generation.Options.MaxTokens,
            ["temperature"] = generation.Options.Temperature,
            ["top_k"] = generation.Options.TopK,
        })],
        NextWordRequest word => [new JsonArray(word.Context)],
        _ => [],
    };

    private static IEnumerable<JsonNode> Answers(ModelResponse response) => response switch
    {
        LikelihoodResponse likelihood => likelihood.Continuations.Select(c => new JsonArray(c.LogLikelihood, c.IsGreedy)),
        GenerationResponse generation => [generation.Completion.Text],
        NextWordResponse word => [word.Word],
        _ => [],
    };

    private void ReadBack(string path)
    {
        byte[] bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        int start = 0, number = 0;
        while (start < bytes.Length && Array.IndexOf(bytes, (byte)'\n', start) is >= 0 and var end)
        {
            number++;
            try
            {
                (int id, Judgment judgment) = Parse(bytes.AsSpan(start, end - start));
                _done[id] = judgment;
            }
            catch (Exception problem) when (problem is JsonException or FormatException or InvalidOperationException) // InvalidOperationException: text with a lone surrogate
            {
                throw new InvalidDataException($"{path}:{number}: the line is not a sample of {_benchmark.Name}; delete the file, or choose another directory", problem);
            }

            start = end + 1;
        }

        _file.SetLength(start); // a document that a killed process did not finish is evaluated again
        _file.Position = start;
    }

    private (int Id, Judgment Judgment) Parse(ReadOnlySpan<byte> line)
    {
        JsonObject sample = JsonNode.Parse(line).Object();
        JsonObject statistics = sample.Object("statistics");
        bool? isRight = sample["is_right"]?.Value<bool>("'is_right' is not true or false");
        return (sample.Field("doc_id").Value<int>("'doc_id' is not a whole number"), new Judgment(sample.Text("prediction"), isRight,
            [.. _benchmark.Metrics.Select(metric => statistics.Elements(metric.Name).Select(value => value.Value<double>($"'{metric.Name}' is not a list of numbers")).ToArray())]));
    }
}
