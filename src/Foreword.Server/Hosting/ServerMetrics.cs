using System.Diagnostics.Metrics;
using Foreword.Cpu.Scheduling;

namespace Foreword.Server.Hosting;

/// <summary>
/// Measures the server. The names are those of vLLM and llama.cpp without their prefix; instruments cannot have a colon in their names. Every
/// measurement has the label <c>model_name</c>.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Foreword.Server";

    /// <summary>Bounds of the histograms in seconds: from less than a token of a small model to a long request.</summary>
    private static readonly InstrumentAdvice<double> _buckets = new() { HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300] };

    private readonly Meter _meter = new(MeterName);
    private readonly ModelHost _models;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _betweenTokens;
    private readonly Histogram<double> _request;
    private readonly Counter<long> _ended;

    /// <summary>Creates the instruments over the schedulers of the models.</summary>
    public ServerMetrics(ModelHost models)
    {
        _models = models;
        Observe("prompt_tokens", "{token}", "Tokens of prompts that were read.", one => one.PromptTokens);
        Observe("tokens_predicted", "{token}", "Tokens that were written.", one => one.GeneratedTokens);
        Observe("prefix_cache_hits", "{token}", "Tokens of prompts that were in the cache.", one => one.CachedTokens);
        Observe("n_decode", "{pass}", "Passes over the weights.", one => one.Passes);
        _meter.CreateObservableCounter("pass_time", () => Each(one => one.PassTime.TotalSeconds), "s", "Time of all passes.");
        _meter.CreateObservableGauge("num_requests_running", () => Each(one => one.Running), "{sequence}", "Sequences that are read or written now.");
        _meter.CreateObservableGauge("num_requests_waiting", () => Each(one => one.Waiting), "{request}", "Requests in the queue.");
        _meter.CreateObservableGauge("cache_memory", () => _models.Models.Where(model => model.Text is not null)
            .Select(model => new Measurement<long>(model.Text!.Scheduler.CacheBytes, Label(model.Name))), "By", "Memory of the cache of prompts.");
        _firstToken = _meter.CreateHistogram("time_to_first_token", "s", "Time from a request to its first token.", advice: _buckets);
        _betweenTokens = _meter.CreateHistogram("time_per_output_token", "s", "Time from one token of a completion to the next.", advice: _buckets);
        _request = _meter.CreateHistogram("e2e_request_latency", "s", "Time of a request.", advice: _buckets);
        _ended = _meter.CreateCounter<long>("request_success", "{request}", "Requests that were answered.");

        void Observe(string name, string unit, string description, Func<SchedulerStatistics, long> value) =>
            _meter.CreateObservableCounter(name, () => Each(value), unit, description);
    }

    /// <summary>Counts a first token.</summary>
    public void CountFirst(string model, TimeSpan time) => _firstToken.Record(time.TotalSeconds, Label(model));

    /// <summary>Counts a later token.</summary>
    public void CountNext(string model, TimeSpan time) => _betweenTokens.Record(time.TotalSeconds, Label(model));

    /// <summary>Counts a request that was answered.</summary>
    public void CountRequest(string model, TimeSpan time)
    {
        _request.Record(time.TotalSeconds, Label(model));
        _ended.Add(1, Label(model));
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Label(string model) => new("model_name", model);

    private IEnumerable<Measurement<T>> Each<T>(Func<SchedulerStatistics, T> value) where T : struct =>
        _models.Models.Where(model => model.Text is not null).Select(model => new Measurement<T>(value(model.Text!.Scheduler.Statistics), Label(model.Name)));
}
