using System.Globalization;
using System.Text.Json.Nodes;
using Foreword.Data.Recipes;
using Foreword.Data.Tables;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;
using Foreword.Generation;
using Foreword.Settings;

namespace Foreword.Evaluation.Benchmarks.User;

/// <summary>A benchmark that a user defined in YAML (see <see cref="BenchmarkRecipe"/>).</summary>
internal sealed class UserBenchmark : Benchmark
{
    private static readonly BenchmarkMetric ExactMatch = BenchmarkMetric.Mean("exact_match"), F1 = BenchmarkMetric.Mean("f1");

    private static readonly Dictionary<AnswerMetric, IReadOnlyList<BenchmarkMetric>> TargetMetrics = new()
    {
        [AnswerMetric.ExactMatch] = [ExactMatch, F1],
        [AnswerMetric.F1] = [F1, ExactMatch],
        [AnswerMetric.Likelihood] = [BenchmarkMetric.Mean("acc"), BenchmarkMetric.Perplexity("perplexity")],
        [AnswerMetric.Bleu] = [BenchmarkMetric.OfSums("bleu", higherIsBetter: true, sums => Bleu.OfSums(sums, "").Value)],
        [AnswerMetric.Rouge] = [.. new[] { "rouge1", "rouge2", "rougeL", "rouge_avg" }.Select(name => BenchmarkMetric.Mean(name))],
    };

    private readonly string _path;
    private readonly BenchmarkRecipe _recipe;
    private readonly PromptTemplate _prompt;
    private readonly PromptTemplate[] _choices;
    private readonly PromptTemplate _answer;
    private readonly SamplingOptions _greedy;

    private UserBenchmark(string path, BenchmarkRecipe recipe)
    {
        (_path, _recipe) = (path, recipe);
        _prompt = new PromptTemplate(recipe.Prompt);
        _choices = [.. (recipe.Choices.Count > 0 || recipe.Target is not null ? recipe.Choices : recipe.Answers.Values.Distinct()).Select(choice => new PromptTemplate(choice))];
        _answer = new PromptTemplate(recipe.Target ?? recipe.Answer!);
        _greedy = new SamplingOptions { Temperature = 0, MaxTokens = recipe.MaxTokens, Stop = recipe.Stop };
        Metrics = _choices.Length == 0 ? TargetMetrics[recipe.Metric]
            : recipe.Metric == AnswerMetric.Mcc ? [.. MultipleChoice.Metrics, BenchmarkMetric.Matthews("mcc")] : MultipleChoice.Metrics;
    }

    /// <summary>Reads the YAML file.</summary>
    /// <exception cref="InvalidDataException">The file does not define a benchmark; the message names the line, the key and the value.</exception>
    public static UserBenchmark Load(string path) => new(path, Recipe.Read<BenchmarkRecipe>(path, kind: "benchmark"));

    /// <inheritdoc/>
    public override string Name => _recipe.Name;

    /// <inheritdoc/>
    public override string Title => _recipe.Title;

    /// <inheritdoc/>
    public override string Source => _path;

    /// <inheritdoc/>
    public override string Data => string.Join(", ", _recipe.Data);

    /// <inheritdoc/>
    public override double? Chance => _recipe.Chance;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics { get; }

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input)
    {
        string prompt = $"prompt '{_recipe.Prompt.ReplaceLineEndings("\\n")}'";
        if (_choices.Length > 0)
        {
            string mcc = _recipe.Metric == AnswerMetric.Mcc ? "; mcc = Matthews correlation of the choice with the highest sum" : "";
            return $"{prompt}, choices '{string.Join("' | '", _recipe.Choices.Count > 0 ? _recipe.Choices : _recipe.Answers.Values.Distinct())}'{Labels}; {MultipleChoice.Scores}{mcc}";
        }

        return _recipe.Metric == AnswerMetric.Likelihood
            ? $"{prompt}, target '{_recipe.Target}'{Labels}; right when greedy decoding writes it; perplexity = exp(mean nats a target)"
            : $"{prompt}, greedy, at most {_recipe.MaxTokens} tokens, until {string.Join(" or ", _recipe.Stop.Select(stop => JsonValue.Create(stop).ToJsonString()))}{Labels}; {Measure}";
    }

    private string Labels => _recipe.Answers.Count == 0 ? "" : $", {string.Join(", ", _recipe.Answers.Select(answer => $"{answer.Key} is '{answer.Value}'"))}";

    private string Measure => _recipe.Metric switch
    {
        AnswerMetric.Bleu => $"bleu = {Bleu.SignatureOf(null)}",
        AnswerMetric.Rouge => "F1 of ROUGE x 100, lower case, no stemming, the best reference",
        _ => "SQuAD's normalisation",
    };

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        string[] data = Paths(_recipe.Data), training = Paths(_recipe.Training);
        return new BenchmarkSet([.. Documents(data)], [_path, .. data, .. training])
        {
            Examples = training.Length == 0 ? null : [.. Documents(training).Select(document => document.Solved!)],
            Separator = _recipe.Separator,
        };
    }

    private string[] Paths(IReadOnlyList<string> files) => [.. files.Select(file => Path.Combine(Path.GetDirectoryName(_path) ?? "", file))];

    private IEnumerable<BenchmarkDocument> Documents(string[] files)
    {
        string[] columns = [.. _choices.Append(_prompt).Append(_answer).SelectMany(template => template.Columns).Distinct()];
        TableOptions options = new() { Header = _recipe.Header };
        if (_recipe.Quoting is { } quoting)
            options = options with { Quoting = quoting };
        return files.SelectMany(file => NamedRow.Read(file, columns, options)).Select(row => _choices.Length > 0 ? Choice(row) : Target(row));
    }

    /// <summary>Returns the text that replaces a label of the data. If no labels are mapped, returns the label itself.</summary>
    private string Mapped(string label, NamedRow row)
    {
        if (_recipe.Answers.Count == 0)
            return label;
        return _recipe.Answers.TryGetValue(label.Trim(), out string? text)
            ? text
            : throw row.Problem($"the answer is '{label.Trim()}'; expected {string.Join(" or ", _recipe.Answers.Keys)}, as in answers{NearestName.Suggestion(label.Trim(), _recipe.Answers.Keys)}");
    }

    private BenchmarkDocument Choice(NamedRow row)
    {
        string[] choices = [.. _choices.SelectMany(template => template.FillEach(row))];
        string answer = Mapped(_answer.Fill(row), row).Trim();
        int right = Array.FindIndex(choices, choice => choice.Trim() == answer);
        if (right < 0 && _recipe.Answers.Count > 0)
            throw row.Problem($"the answer is '{answer}', which is not one of the choices {string.Join(" | ", choices.Select(choice => choice.Trim()))}");
        if (right < 0)
            right = int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : answer.Length == 1 && char.IsAsciiLetterUpper(answer[0]) ? answer[0] - 'A' : -1;
        if ((uint)right >= (uint)choices.Length)
            throw row.Problem($"the answer is '{answer}'; expected the text, the number from 0 or the letter of one of {choices.Length} choices");
        return MultipleChoice.Document(new ChoiceItem(row.Fields, _prompt.Fill(row), choices, right) { HasClasses = _recipe.Metric == AnswerMetric.Mcc });
    }

    private BenchmarkDocument Target(NamedRow row)
    {
        string prompt = _prompt.Fill(row);
        string[] targets = [.. _answer.FillEach(row).Select(target => Mapped(target, row))];
        bool isLikelihood = _recipe.Metric == AnswerMetric.Likelihood;
        if (targets.Length == 0 || (isLikelihood && targets.Length > 1))
            throw row.Problem($"the target has {targets.Length} texts; expected {(isLikelihood ? "one" : "at least one")}");
        return new BenchmarkDocument
        {
            Fields = row.Fields,
            Target = targets[0].Trim(),
            Solved = prompt + targets[0],
            Requests = isLikelihood ? [new LikelihoodRequest(prompt, targets)] : [new GenerationRequest(prompt, _greedy)],
            Judge = responses => isLikelihood ? Judge(((LikelihoodResponse)responses[0]).Continuations[0], targets[0]) : Judge(((GenerationResponse)responses[0]).Completion.Text.Trim(), targets),
        };
    }

    private static Judgment Judge(ContinuationScore score, string target) =>
        new(score.IsGreedy ? target.Trim() : "something else", score.IsGreedy, [[score.IsGreedy ? 1 : 0], [-score.LogLikelihood, 1]]);

    private Judgment Judge(string written, string[] targets)
    {
        if (_recipe.Metric == AnswerMetric.Bleu)
            return new Judgment(written, null, [Bleu.Statistics(written, targets)]);
        if (_recipe.Metric == AnswerMetric.Rouge)
        {
            Rouge rouge = Rouge.Compute(written, targets);
            return new Judgment(written, null, [[100 * rouge.Rouge1.F1], [100 * rouge.Rouge2.F1], [100 * rouge.RougeL.F1], [100 * rouge.AverageF1]]);
        }

        AnswerMatch match = AnswerMatch.Best(written, targets);
        double[] exact = [match.ExactMatch], shared = [match.F1];
        return new Judgment(written, match.ExactMatch == 1, _recipe.Metric == AnswerMetric.F1 ? [shared, exact] : [exact, shared]);
    }
}
