using System.Text;
using System.Text.Json.Nodes;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Prompts;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Families;

/// <summary>
/// A corpus as one stream of tokens, cut into windows. The log-likelihoods of the windows add up to that of the whole corpus. The units (words, bytes
/// or characters of the published text) are divided among the windows by byte position, so that their sum is exact.
/// </summary>
internal sealed class CorpusWindows
{
    private readonly StringBuilder _text = new();
    private readonly List<(long Bytes, double Units)> _marks = [(0, 0)];

    /// <summary>Gets the number of units so far.</summary>
    public double Units => _marks[^1].Units;

    /// <summary>Appends a chunk of text that represents the given number of units of the published text.</summary>
    public void Append(string text, double units)
    {
        _text.Append(text);
        _marks.Add((_marks[^1].Bytes + Encoding.UTF8.GetByteCount(text), _marks[^1].Units + units));
    }

    /// <summary>Returns the windows as documents, each with the statistics [nats, units] for every metric.</summary>
    /// <param name="input">The window, the stride and the tokenizer.</param>
    /// <param name="factors">
    /// For each metric, the number of its own units in one unit of the corpus. If empty, there is one metric, which counts the corpus's units.
    /// </param>
    public IReadOnlyList<BenchmarkDocument> Windows(BenchmarkInput input, params double[] factors)
    {
        (int window, int stride) = Sizes(input);
        string text = _text.ToString();
        int start = new PromptEncoder(input.Tokenizer, input.ContextLength, truncate: false).Start;
        int[] tokens = [start, .. Encode(text, input.Tokenizer)];
        double[] bytes = TokenEnds(tokens, input.Tokenizer);
        double scale = _marks[^1].Bytes / Math.Max(1, bytes[^1]); // 1 unless the tokenizer changes the text
        List<BenchmarkDocument> documents = [];
        int from = 1;
        while (from < tokens.Length)
        {
            int to = Math.Min(tokens.Length, from + (from == 1 ? window : stride));
            int first = Math.Max(0, to - 1 - window);
            double units = UnitsAt(bytes[to - 1] * scale) - (from == 1 ? 0 : UnitsAt(bytes[from - 1] * scale));
            documents.Add(Document(tokens[first..from], tokens[from..to], units, documents.Count, factors is [] ? [1] : factors, input.Tokenizer));
            from = to;
        }

        return documents;
    }

    /// <summary>Describes the window and the stride, for the protocol.</summary>
    public static string Describe(BenchmarkInput input)
    {
        (int window, int stride) = Sizes(input);
        string lines = input.Tokenizer.LineBreakId is { } lineBreak ? $"; line breaks are {input.Tokenizer.TokenText(lineBreak)}" : "";
        return $"one stream of tokens after end-of-text, windows of {window} tokens, {(stride == window ? "none overlapping" : $"stride {stride}")}{lines}";
    }

    /// <summary>Returns the ids of a text, with the token for line breaks between its lines if the tokenizer has one (GPT2-Chinese's articles).</summary>
    private static List<int> Encode(string text, Tokenizer tokenizer)
    {
        List<int> ids = [];
        if (tokenizer.LineBreakId is { } lineBreak)
            tokenizer.EncodeLines(text, lineBreak, ids);
        else
            tokenizer.Encode(text, ids);
        return ids;
    }

    /// <exception cref="ArgumentException">The window or the stride is out of range.</exception>
    private static (int Window, int Stride) Sizes(BenchmarkInput input)
    {
        int window = input.Window ?? input.ContextLength, stride = input.Stride ?? window;
        if (window < 1 || window > input.ContextLength)
            throw new ArgumentException($"the window is {window} tokens; it must be 1 to the model's context length {input.ContextLength}", nameof(input));
        return stride >= 1 && stride <= window ? (window, stride) : throw new ArgumentException($"the stride is {stride} tokens; it must be 1 to the window {window}", nameof(input));
    }

    private static BenchmarkDocument Document(int[] context, int[] tokens, double units, int index, double[] factors, Tokenizer tokenizer) => new()
    {
        Fields = new JsonObject { ["window"] = index, ["tokens"] = tokens.Length, ["units"] = Math.Round(units, 3) },
        Target = tokenizer.Decode(tokens.AsSpan(0, Math.Min(tokens.Length, 64))),
        Requests = [new WindowRequest(context, tokens)],
        Judge = responses =>
        {
            double nats = -((LikelihoodResponse)responses[0]).Continuations[0].LogLikelihood;
            string perToken = (nats / tokens.Length).ToString("F4", System.Globalization.CultureInfo.InvariantCulture);
            return new Judgment($"{perToken} nats a token", null, [.. factors.Select(factor => new[] { nats, units * factor })]);
        },
    };

    /// <summary>Returns the number of bytes up to the end of each token. The start token has no bytes.</summary>
    private static double[] TokenEnds(int[] tokens, Tokenizer tokenizer)
    {
        double[] ends = new double[tokens.Length];
        for (int i = 1; i < tokens.Length; i++)
            ends[i] = ends[i - 1] + tokenizer.TokenBytes(tokens[i]).Length;
        return ends;
    }

    private double UnitsAt(double position)
    {
        int next = _marks.BinarySearch(((long)Math.Ceiling(position), double.MaxValue), Comparer<(long Bytes, double Units)>.Create((a, b) => a.Bytes != b.Bytes ? a.Bytes.CompareTo(b.Bytes) : a.Units.CompareTo(b.Units)));
        next = Math.Clamp(~next, 1, _marks.Count - 1);
        (long Bytes, double Units) low = _marks[next - 1], high = _marks[next];
        return high.Bytes == low.Bytes ? high.Units : low.Units + (high.Units - low.Units) * Math.Clamp((position - low.Bytes) / (high.Bytes - low.Bytes), 0, 1);
    }
}
