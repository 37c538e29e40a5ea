using System.Globalization;
using System.Text.Json.Nodes;
using Foreword.Evaluation.Metrics;
using Foreword.Generation;
using Foreword.Recipes;

namespace Foreword.Evaluation.Benchmarks;

/// <summary>A benchmark that a user wrote as YAML (see <see cref="BenchmarkRecipe"/>).</summary>
internal sealed class UserBenchmark : Benchmark
{
    private static readonly IReadOnlyList<BenchmarkMetric> Likelihood = [BenchmarkMetric.Mean("acc"), BenchmarkMetric.Perplexity("perplexity")];

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
        _choices = [.. recipe.Choices.Select(choice => new PromptTemplate(choice))];
        _answer = new PromptTemplate(recipe.Target ?? recipe.Answer!);
        _greedy = new SamplingOptions { Temperature = 0, MaxTokens = recipe.MaxTokens, Stop = recipe.Stop };
        Metrics = recipe.Choices.Count > 0 ? MultipleChoice.Metrics
            : recipe.Metric == AnswerMetric.Likelihood ? Likelihood : [BenchmarkMetric.Mean(recipe.Metric == AnswerMetric.F1 ? "f1" : "exact_match"), BenchmarkMetric.Mean(recipe.Metric == AnswerMetric.F1 ? "exact_match" : "f1")];
    }

    /// <summary>Reads the YAML.</summary>
    /// <exception cref="InvalidDataException">It is no such benchmark; line, key and value are named.</exception>
    public static UserBenchmark Load(string path) => new(path, Recipe.Read<BenchmarkRecipe>(path));

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
            return $"{prompt}, choices '{string.Join("' | '", _recipe.Choices)}'; {MultipleChoice.Scores}";
        return _recipe.Metric == AnswerMetric.Likelihood
            ? $"{prompt}, target '{_recipe.Target}'; right when greedy decoding writes it; perplexity = exp(mean nats a target)"
            : $"{prompt}, greedy, at most {_recipe.MaxTokens} tokens, until {string.Join(" or ", _recipe.Stop.Select(stop => JsonValue.Create(stop).ToJsonString()))}; SQuAD's normalisation";
    }

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
        return files.SelectMany(file => BenchmarkRow.Read(file, columns)).Select(row => _choices.Length > 0 ? Choice(row) : Target(row));
    }

    private BenchmarkDocument Choice(BenchmarkRow row)
    {
        string[] choices = [.. _choices.SelectMany(template => template.FillEach(row))];
        string answer = _answer.Fill(row).Trim();
        int right = Array.FindIndex(choices, choice => choice.Trim() == answer);
        if (right < 0)
            right = int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : answer.Length == 1 && char.IsAsciiLetterUpper(answer[0]) ? answer[0] - 'A' : -1;
        return (uint)right < (uint)choices.Length
            ? MultipleChoice.Document(new ChoiceItem(row.Fields, _prompt.Fill(row), choices, right))
            : throw row.Problem($"the answer is '{answer}'; expected the text, the number from 0 or the letter of one of {choices.Length} choices");
    }

    private BenchmarkDocument Target(BenchmarkRow row)
    {
        string prompt = _prompt.Fill(row), target = _answer.Fill(row);
        bool isLikelihood = _recipe.Metric == AnswerMetric.Likelihood;
        return new BenchmarkDocument
        {
            Fields = row.Fields,
            Target = target.Trim(),
            Solved = prompt + target,
            Requests = isLikelihood ? [new LikelihoodRequest(prompt, [target])]
                : [new GenerationRequest(prompt, _greedy)],
            Judge = responses => isLikelihood ? Judge(((LikelihoodResponse)responses[0]).Continuations[0], target) : Judge(((GenerationResponse)responses[0]).Completion.Text, target),
        };
    }

    private static Judgement Judge(ContinuationScore score, string target) =>
        new(score.IsGreedy ? target.Trim() : "something else", score.IsGreedy, [[score.IsGreedy ? 1 : 0], [-score.LogLikelihood, 1]]);

    private Judgement Judge(string written, string target)
    {
        AnswerMatch match = AnswerMatch.Best(written, [target]);
        double[] exact = [match.ExactMatch], shared = [match.F1];
        return new Judgement(written.Trim(), match.ExactMatch == 1, _recipe.Metric == AnswerMetric.F1 ? [shared, exact] : [exact, shared]);
    }
}
