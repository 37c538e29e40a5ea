using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Benchmarks.User;
using Foreword.Evaluation.Families;
using Foreword.Settings;

namespace Foreword.Evaluation.Running;

/// <summary>A benchmark with the switches of its protocol, as on the command line: <c>lambada:target=token:stop-words=filter</c>.</summary>
/// <param name="Text">The text as the user wrote it; it names the benchmark in results.</param>
/// <param name="Benchmark">The benchmark.</param>
/// <param name="Switches">The switches that were given, by name.</param>
public sealed record BenchmarkSpecification(string Text, Benchmark Benchmark, IReadOnlyDictionary<string, string> Switches)
{
    /// <summary>Gets the number of solved examples that the benchmark's group sets; null for the paper's.</summary>
    internal int? Shots { get; init; }

    /// <summary>Gets the group that the user named; null if the user named the benchmark.</summary>
    internal BenchmarkGroup? Group { get; init; }

    /// <summary>
    /// Finds the benchmark and checks the switches. A .yaml or .yml file is a user-defined benchmark, and a .txt file is a corpus. Every named
    /// benchmark also has the switch <c>file</c>: the documents of that file replace the published ones.
    /// </summary>
    /// <param name="text">The text that the user wrote.</param>
    /// <param name="benchmarks">The available benchmarks.</param>
    /// <exception cref="ArgumentException">The benchmark, a switch, a value or a file is unknown; the message suggests the nearest name.</exception>
    public static BenchmarkSpecification Parse(string text, IReadOnlyList<Benchmark> benchmarks)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(benchmarks);
        bool named = benchmarks.Any(b => text.StartsWith(b.Name + ":", StringComparison.Ordinal));
        if (!named && Path.GetExtension(text) is (".yaml" or ".yml"))
        {
            UserBenchmark user = UserBenchmark.Load(text);
            return new BenchmarkSpecification(user.Name, user, new Dictionary<string, string>());
        }

        if (!named && Path.GetExtension(text) == ".txt")
            return File.Exists(text) ? new BenchmarkSpecification(Path.GetFileName(text), new TextFile(text), new Dictionary<string, string>()) : throw new ArgumentException($"there is no text file {text}", nameof(text));
        string[] parts = Parts(text);
        Benchmark benchmark = benchmarks.FirstOrDefault(b => b.Name == parts[0])
            ?? throw new ArgumentException($"unknown benchmark '{parts[0]}'{(File.Exists(text) ? "; the name of a text file must end in .txt, that of a benchmark file in .yaml" : NearestName.Suggestion(parts[0], benchmarks.Select(b => b.Name)))}", nameof(text));
        string? own = null;
        Dictionary<string, string> switches = new(StringComparer.Ordinal);
        foreach (string part in parts[1..])
        {
            if (part.Split('=', 2) is not [var name, var value])
                throw new ArgumentException($"'{text}': '{part}' is not of the form switch=value", nameof(text));
            if (name == OwnFileBenchmark.Switch)
            {
                own = File.Exists(value) ? value : throw new ArgumentException($"'{text}': there is no file '{value}'", nameof(text));
                continue;
            }

            BenchmarkSwitch known = benchmark.Switches.FirstOrDefault(s => s.Name == name)
                ?? throw new ArgumentException($"'{text}': {benchmark.Name} has no switch '{name}'{NearestName.Suggestion(name, benchmark.Switches.Select(s => s.Name).Append(OwnFileBenchmark.Switch))}", nameof(text));
            if (!known.Values.Contains(value))
                throw new ArgumentException($"'{text}': {name} is '{value}'; expected {string.Join(" or ", known.Values)}{NearestName.Suggestion(value, known.Values)}", nameof(text));
            switches[name] = value;
        }

        return new BenchmarkSpecification(text, own is null ? benchmark : new OwnFileBenchmark(benchmark, own), switches);
    }

    /// <summary>Splits the text at colons. A file name may contain colons: the longest name of an existing file is used.</summary>
    private static string[] Parts(string text)
    {
        const string File = OwnFileBenchmark.Switch + "=";
        string[] parts = text.Split(':');
        int at = Array.FindIndex(parts, part => part.StartsWith(File, StringComparison.Ordinal));
        if (at < 0)
            return parts;
        for (int end = parts.Length; end > at; end--)
        {
            string whole = string.Join(':', parts[at..end]);
            if (System.IO.File.Exists(whole[File.Length..]))
                return [.. parts[..at], whole, .. parts[end..]];
        }

        return [.. parts[..at], string.Join(':', parts[at..])];
    }
}
