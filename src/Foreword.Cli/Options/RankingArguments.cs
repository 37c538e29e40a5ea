using System.CommandLine;
using Foreword.Chat;

namespace Foreword.Cli.Options;

/// <summary>The options of commands that choose among candidate answers.</summary>
internal sealed class RankingArguments
{
    /// <summary>The number of candidates with <c>--mmi</c>, as in GPT2-chitchat.</summary>
    private const int UsualCandidates = 5;

    private readonly Option<int?> _candidates = new("--candidates") { Description = $"Number of answers from which the best one is chosen; default: 1, or {UsualCandidates} with --mmi." };
    private readonly Option<string?> _mmi = new("--mmi") { Description = "Model that was trained on reversed dialogues (finetune --task dialogue --reverse); it ranks the candidates. Default: the mean log-probability of a token ranks them." };
    private readonly Option<AnswerRule> _rule = new("--mmi-rule") { Description = "What makes a candidate the best one: the probability of the history after it (history), the mean loss of answer and history (sequence, as GPT2-chitchat), or both directions weighted (interpolated, Li et al. 2016)." };
    private readonly Option<double> _lambda = new("--mmi-lambda") { Description = "For interpolated: weight of the history's log-probability, from 0 to 1.", DefaultValueFactory = _ => 0.5 };

    /// <summary>Adds all options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_candidates, _mmi, _rule, _lambda])
            command.Add(option);
    }

    /// <summary>Reads the options.</summary>
    /// <exception cref="UsageException">A number is outside its range, or an option needs <c>--mmi</c>.</exception>
    public Ranking Read(ParseResult parsed)
    {
        string? model = parsed.GetValue(_mmi);
        int candidates = parsed.GetValue(_candidates) ?? (model is null ? 1 : UsualCandidates);
        double lambda = parsed.GetValue(_lambda);
        if (candidates is < 1 or > 64)
            throw new UsageException($"--candidates is {candidates}; it must be from 1 to 64");
        if (model is not null && candidates == 1)
            throw new UsageException("--candidates is 1; --mmi needs at least 2 to choose from");
        if (lambda is not (>= 0 and <= 1))
            throw new UsageException(FormattableString.Invariant($"--mmi-lambda is {lambda}; it must be from 0 to 1"));
        AnswerRule rule = parsed.GetValue(_rule);
        if (model is null && rule != default)
            throw new UsageException("--mmi-rule needs --mmi MODEL");
        if (parsed.GetResult(_lambda) is { Implicit: false } && rule != AnswerRule.Interpolated)
            throw new UsageException("--mmi-lambda needs --mmi-rule interpolated");
        return new Ranking(candidates, model, rule, lambda);
    }
}

/// <summary>Holds how an answer is chosen among candidates.</summary>
/// <param name="Candidates">The number of candidates.</param>
/// <param name="Model">The backward model; null ranks by log-probability.</param>
/// <param name="Rule">What makes a candidate the best one.</param>
/// <param name="Lambda">The weight of the history in <see cref="AnswerRule.Interpolated"/>.</param>
internal sealed record Ranking(int Candidates, string? Model, AnswerRule Rule, double Lambda)
{
    /// <summary>Returns the template of the backward model.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such model.</exception>
    /// <exception cref="InvalidDataException">The model was trained on dialogues from their beginning.</exception>
    public ChatTemplate? Template() => Model is null ? null : DialogueDirection.TemplateOfBackward(Model);

    /// <summary>Creates the ranker with the loaded backward model and its template.</summary>
    public AnswerRanker Ranker(TextModel backward, ChatTemplate template) => new(backward.Model, backward.Tokenizer, template, Rule, Lambda);
}
