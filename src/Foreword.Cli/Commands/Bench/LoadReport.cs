using System.Globalization;
using System.Text.Json;

namespace Foreword.Cli.Commands.Bench;

/// <summary>Limits of a request's times in milliseconds. Requests within all of them are the goodput.</summary>
/// <param name="FirstToken">The time to the first token (ttft).</param>
/// <param name="PerToken">The time of each later token (tpot).</param>
/// <param name="Total">The time to the end (e2el).</param>
internal sealed record LatencyGoals(double FirstToken = double.PositiveInfinity, double PerToken = double.PositiveInfinity, double Total = double.PositiveInfinity)
{
    /// <summary>Reads goals such as <c>ttft:500,tpot:50</c>; null if the text has another form.</summary>
    public static LatencyGoals? Parse(string text)
    {
        LatencyGoals goals = new();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (part.Split(':') is not [var name, var value] || !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double limit) || !(limit > 0))
                return null;
            if (name == "ttft")
                goals = goals with { FirstToken = limit };
            else if (name == "tpot")
                goals = goals with { PerToken = limit };
            else if (name == "e2el")
                goals = goals with { Total = limit };
            else
                return null;
        }

        return goals;
    }

    /// <summary>Returns whether a request is within the limits.</summary>
    public bool AreMet(RequestTimes times) => times.FirstToken * 1000 <= FirstToken && times.PerToken * 1000 <= PerToken && times.Total * 1000 <= Total;
}

/// <summary>The figures of one load, in the words of vLLM's <c>bench serve</c>.</summary>
internal sealed class LoadReport(Load load, IReadOnlyList<RequestTimes> times, int failed, double seconds, LatencyGoals? goals)
{
    private readonly (string Name, Figures Values)[] _figures =
    [
        ("ttft", Figures.Of(times.Select(one => one.FirstToken))),
        ("tpot", Figures.Of(times.Where(one => one.OutputTokens > 1).Select(one => one.PerToken))),
        ("itl", Figures.Of(times.SelectMany(one => one.Gaps))),
        ("e2el", Figures.Of(times.Select(one => one.Total))),
    ];

    /// <summary>Gets the number of requests at a time.</summary>
    public int Clients => load.Clients;

    /// <summary>Gets the number of written tokens in a second.</summary>
    public double OutputTokensPerSecond => times.Sum(one => one.OutputTokens) / seconds;

    /// <summary>Gets the number of tokens of prompts and texts in a second.</summary>
    public double TotalTokensPerSecond => times.Sum(one => one.PromptTokens + one.OutputTokens) / seconds;

    /// <summary>Returns the figures of a time by its name in vLLM, such as <c>ttft</c>.</summary>
    public Figures Milliseconds(string name) => _figures.First(one => one.Name == name).Values;

    /// <summary>Gets the heading of <see cref="Line"/>, at most 80 columns.</summary>
    public static string Heading => "clients  output tok/s  total tok/s  TTFT ms median/p99  ITL ms median/p99  failed";

    /// <summary>Returns the main figures in one line.</summary>
    public string Line() => string.Create(
        CultureInfo.InvariantCulture,
        $"{load.Clients,7}  {OutputTokensPerSecond,12:N1}  {TotalTokensPerSecond,11:N1}  {Pair("ttft"),18}  {Pair("itl"),17}  {failed,6}");

    /// <summary>Writes all figures; times are in milliseconds.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("clients", load.Clients);
        json.WriteNumber("completed", times.Count);
        json.WriteNumber("failed", failed);
        json.WriteNumber("duration", seconds);
        json.WriteNumber("total_input_tokens", times.Sum(one => one.PromptTokens));
        json.WriteNumber("total_output_tokens", times.Sum(one => one.OutputTokens));
        json.WriteNumber("request_throughput", times.Count / seconds);
        json.WriteNumber("output_throughput", OutputTokensPerSecond);
        json.WriteNumber("total_token_throughput", TotalTokensPerSecond);
        if (goals is not null)
            json.WriteNumber("request_goodput", times.Count(goals.AreMet) / seconds);
        foreach ((string name, Figures values) in _figures)
        {
            json.WriteNumber($"mean_{name}_ms", values.Mean);
            json.WriteNumber($"median_{name}_ms", values.Median);
            json.WriteNumber($"std_{name}_ms", values.Deviation);
            json.WriteNumber($"p99_{name}_ms", values.P99);
        }
    }

    private string Pair(string name)
    {
        Figures values = Milliseconds(name);
        return string.Create(CultureInfo.InvariantCulture, $"{values.Median:N1}/{values.P99:N1}");
    }

    /// <summary>Holds mean, median, deviation and 99th percentile in milliseconds; 0 without values.</summary>
    internal readonly record struct Figures(double Mean, double Median, double Deviation, double P99)
    {
        public static Figures Of(IEnumerable<double> seconds)
        {
            double[] sorted = [.. seconds.Select(value => value * 1000).Order()];
            if (sorted.Length == 0)
                return default;
            double mean = sorted.Average();
            return new Figures(mean, At(sorted, 0.5), Math.Sqrt(sorted.Average(value => (value - mean) * (value - mean))), At(sorted, 0.99));
        }

        /// <summary>Returns a quantile, interpolated linearly.</summary>
        private static double At(double[] sorted, double share)
        {
            double place = share * (sorted.Length - 1);
            int low = (int)place;
            return low + 1 < sorted.Length ? sorted[low] + (place - low) * (sorted[low + 1] - sorted[low]) : sorted[low];
        }
    }
}
