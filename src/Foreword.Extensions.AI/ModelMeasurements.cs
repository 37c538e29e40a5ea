using System.Diagnostics;
using System.Diagnostics.Metrics;
using Foreword.Cpu.Scheduling;

namespace Foreword.Extensions.AI;

/// <summary>
/// Measures a model. The <c>gen_ai.server</c> instruments are those of OpenTelemetry's conventions for a model's host. The others count what the scheduler
/// does. The instruments of a client come from the pipeline's <c>UseOpenTelemetry</c>.
/// </summary>
internal sealed class ModelMeasurements : IDisposable
{
    /// <summary>The source of the activities <c>load MODEL</c> and <c>generate MODEL</c>.</summary>
    public static readonly ActivitySource Source = new(ForewordModel.TelemetryName);

    /// <summary>Bounds of the histograms in seconds, as OpenTelemetry advises for the time of a request.</summary>
    private static readonly InstrumentAdvice<double> _requestBounds = new() { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] };

    /// <summary>Bounds of the histograms in seconds, from less than a token of a small model.</summary>
    private static readonly InstrumentAdvice<double> _tokenBounds = new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10] };

    private readonly Meter _meter = new(ForewordModel.TelemetryName);
    private readonly Func<LoadedModel?> _loaded;
    private readonly string _model;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _nextToken;
    private readonly Histogram<double> _request;

    /// <summary>Creates the instruments.</summary>
    /// <param name="model">The name of the model.</param>
    /// <param name="loaded">Returns the loaded model; null before it is loaded.</param>
    public ModelMeasurements(string model, Func<LoadedModel?> loaded)
    {
        (_model, _loaded) = (model, loaded);
        _firstToken = _meter.CreateHistogram("gen_ai.server.time_to_first_token", "s", "Time from a streaming request to its first token.", advice: _tokenBounds);
        _nextToken = _meter.CreateHistogram("gen_ai.server.time_per_output_token", "s", "Time from one token of a stream to the next.", advice: _tokenBounds);
        _request = _meter.CreateHistogram("gen_ai.server.request.duration", "s", "Time of a request.", advice: _requestBounds);
        Count("foreword.tokens.read", "{token}", "Tokens of prompts that were read.", one => one.PromptTokens);
        Count("foreword.tokens.cached", "{token}", "Tokens of prompts that were in the cache.", one => one.CachedTokens);
        Count("foreword.tokens.generated", "{token}", "Tokens that were written.", one => one.GeneratedTokens);
        Count("foreword.passes", "{pass}", "Passes over the weights.", one => one.Passes);
        Gauge("foreword.sequences.running", "{sequence}", "Texts that are read or written now.", one => one.Scheduler.Statistics.Running);
        Gauge("foreword.requests.waiting", "{request}", "Requests in the queue.", one => one.Scheduler.Statistics.Waiting);
        Gauge("foreword.cache.memory", "By", "Memory of the cache of prompts.", one => one.Scheduler.CacheBytes);
        Gauge("foreword.weights.memory", "By", "Memory of the weights.", one => one.Network.WeightBytes);

        void Count(string name, string unit, string description, Func<SchedulerStatistics, long> value) =>
            _meter.CreateObservableCounter(name, () => Observed(one => value(one.Scheduler.Statistics)), unit, description);
        void Gauge(string name, string unit, string description, Func<LoadedModel, long> value) => _meter.CreateObservableGauge(name, () => Observed(value), unit, description);
    }

    /// <summary>Records a token of a stream.</summary>
    /// <param name="time">The time since the request or since the token before.</param>
    /// <param name="isFirst">Whether the token is the first.</param>
    public void Token(TimeSpan time, bool isFirst) => (isFirst ? _firstToken : _nextToken).Record(time.TotalSeconds, Tags("chat"));

    /// <summary>Records a request that has ended.</summary>
    /// <param name="operation">The operation, <c>chat</c> or <c>embeddings</c>.</param>
    /// <param name="time">The time since the request.</param>
    /// <param name="problem">Why it failed, or null.</param>
    public void Request(string operation, TimeSpan time, Exception? problem)
    {
        TagList tags = Tags(operation);
        if (problem is not null)
            tags.Add("error.type", problem.GetType().FullName);
        _request.Record(time.TotalSeconds, tags);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private TagList Tags(string operation) => new() { { "gen_ai.operation.name", operation }, { "gen_ai.provider.name", ForewordChatClient.ProviderName }, { "gen_ai.request.model", _model } };

    private IEnumerable<Measurement<long>> Observed(Func<LoadedModel, long> value) =>
        _loaded() is { } loaded ? [new Measurement<long>(value(loaded), new KeyValuePair<string, object?>("gen_ai.request.model", _model))] : [];
}
