using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Chat;

/// <summary>Specifies what makes a candidate the best answer.</summary>
public enum AnswerRule
{
    /// <summary>The highest probability of the history given the answer, as DialoGPT does: only the tokens of the history count.</summary>
    History,

    /// <summary>
    /// The lowest mean loss over the answer and the history after it, as GPT2-chitchat does. The answer's own tokens count, too. Therefore answers of
    /// easily predicted tokens win, such as long repetitions.
    /// </summary>
    Sequence,

    /// <summary>(1 - lambda) log p(answer | history) + lambda log p(history | answer), after Li et al. 2016, "A Diversity-Promoting Objective Function".</summary>
    Interpolated,
}

/// <summary>An answer that could be given.</summary>
/// <param name="Text">The text.</param>
/// <param name="LogProb">log p(answer | history) in nats: the sum over the tokens that were drawn, also the one that ended the answer.</param>
/// <param name="Tokens">The number of these tokens.</param>
public sealed record AnswerCandidate(string Text, double LogProb, int Tokens)
{
    /// <summary>Creates the candidate of a completion, which has log-probabilities.</summary>
    internal static AnswerCandidate Of(Completion completion)
    {
        TokenLogProb[] drawn = [.. completion.LogProbs!, .. completion.EndLogProb is { } end ? (TokenLogProb[])[end] : []];
        return new AnswerCandidate(completion.Text, drawn.Sum(token => (double)token.LogProb), drawn.Length);
    }
}

/// <summary>A candidate with its score.</summary>
/// <param name="Index">The place of the candidate among those that were ranked, from 0.</param>
/// <param name="Answer">The candidate.</param>
/// <param name="Score">The number by which candidates are ranked; the highest wins. Negative infinity for an answer without text.</param>
public sealed record RankedAnswer(int Index, AnswerCandidate Answer, double Score)
{
    /// <summary>Gets the mean loss of the history given the answer, in nats for each token; null without a backward model.</summary>
    public double? HistoryLoss { get; init; }

    /// <summary>Gets the mean loss of the answer and the history after it, in nats for each token; null without a backward model.</summary>
    public double? SequenceLoss { get; init; }
}

/// <summary>
/// Ranks candidate answers by maximum mutual information. A backward model, trained on dialogues in the opposite order, says how probable the history is
/// after an answer. Answers that fit every history score low.
/// </summary>
/// <remarks>Threads can share a ranker if they can share its model. It does not own the model.</remarks>
public sealed class AnswerRanker
{
    private readonly ILanguageModel _backward;
    private readonly ChatEncoder _encoder;
    private readonly AnswerRule _rule;
    private readonly double _lambda;

    /// <summary>Creates a ranker.</summary>
    /// <param name="backward">The model, trained with <c>task.reverse</c>.</param>
    /// <param name="tokenizer">The tokenizer of this model.</param>
    /// <param name="template">The chat template of this model.</param>
    /// <param name="rule">What makes a candidate the best one.</param>
    /// <param name="lambda">The weight of the history's log-probability in <see cref="AnswerRule.Interpolated"/>, from 0 to 1.</param>
    /// <exception cref="ArgumentException">The weight is outside its range.</exception>
    public AnswerRanker(ILanguageModel backward, Tokenizer tokenizer, ChatTemplate template, AnswerRule rule = AnswerRule.History, double lambda = 0.5)
    {
        ArgumentNullException.ThrowIfNull(backward);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(template);
        if (lambda is not (>= 0 and <= 1))
            throw new ArgumentException(FormattableString.Invariant($"lambda is {lambda}; it must be from 0 to 1"), nameof(lambda));
        (_backward, _encoder, _rule, _lambda) = (backward, new ChatEncoder(tokenizer, template), rule, lambda);
    }

    /// <summary>Ranks candidates without a backward model: the highest mean log-probability of a token wins.</summary>
    /// <param name="candidates">The candidates, at least one.</param>
    /// <returns>All candidates, the best one first.</returns>
    public static IReadOnlyList<RankedAnswer> ByLikelihood(IReadOnlyList<AnswerCandidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        return Sorted(candidates.Select((candidate, i) => new RankedAnswer(i, candidate, IsEmpty(candidate) ? double.NegativeInfinity : candidate.LogProb / Math.Max(1, candidate.Tokens))));
    }

    /// <summary>Ranks candidates. If the history does not fit the backward model's context, its oldest messages are left out, the same ones for all candidates.</summary>
    /// <param name="history">The messages before the answer, at least one. Instructions are left out.</param>
    /// <param name="candidates">The candidates, at least one.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>All candidates, the best one first.</returns>
    /// <exception cref="OperationCanceledException">The work was canceled.</exception>
    public IReadOnlyList<RankedAnswer> Rank(IReadOnlyList<ChatMessage> history, IReadOnlyList<AnswerCandidate> candidates, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(candidates);
        int context = _backward.Config.ContextLength;
        ChatMessage[] kept = [.. history.Where(message => message.Role != ChatRole.System).Select(message => message with { Ids = null })];
        BackwardAnswer[] backward = Encode();
        while (kept.Length > 1 && backward.Any(answer => answer.Ids.Length > context))
        {
            kept = kept[1..];
            backward = Encode();
        }

        float[][] logProbs = _backward.LogProbs([.. backward.Select(answer => answer.Ids.Length > context ? answer.Ids[..context] : answer.Ids)], cancellationToken);
        return Sorted(candidates.Select((candidate, i) => Score(i, candidate, logProbs[i], backward[i].HistoryStart)));

        BackwardAnswer[] Encode() => [.. candidates.Select(candidate => Backward(kept, candidate.Text))];
    }

    /// <summary>Returns messages in the opposite order, with the roles of user and assistant exchanged. Instructions are left out.</summary>
    internal static IEnumerable<ChatMessage> Reversed(IEnumerable<ChatMessage> messages) => messages
        .Where(message => message.Role != ChatRole.System).Reverse()
        .Select(message => message with { Role = message.Role == ChatRole.User ? ChatRole.Assistant : ChatRole.User });

    private static bool IsEmpty(AnswerCandidate candidate) => string.IsNullOrWhiteSpace(candidate.Text);

    /// <summary>Sorts by score. Among equal ones, the candidate that was drawn first comes first.</summary>
    private static IReadOnlyList<RankedAnswer> Sorted(IEnumerable<RankedAnswer> ranked) => [.. ranked.OrderByDescending(answer => answer.Score)];

    private BackwardAnswer Backward(IEnumerable<ChatMessage> history, string answer)
    {
        ChatMessage[] reversed = [.. Reversed([.. history, new ChatMessage(ChatRole.Assistant, answer.Trim())])];
        return new BackwardAnswer([.. _encoder.EncodeWhole(reversed).Ids], _encoder.EncodeWhole(reversed.Take(1)).Ids.Count);
    }

    private RankedAnswer Score(int index, AnswerCandidate candidate, float[] logProbs, int historyStart)
    {
        // Element i is the log-probability of token i + 1.
        float[] history = logProbs[Math.Min(historyStart - 1, logProbs.Length)..];
        double sum = history.Sum(value => (double)value);
        double? historyLoss = history.Length > 0 ? -sum / history.Length : null;
        double sequenceLoss = -logProbs.Average(value => (double)value);
        double score = IsEmpty(candidate) ? double.NegativeInfinity : _rule switch
        {
            AnswerRule.Sequence => -sequenceLoss,
            AnswerRule.Interpolated => ((1 - _lambda) * candidate.LogProb) + (_lambda * sum),
            _ => -historyLoss ?? double.NegativeInfinity,
        };
        return new RankedAnswer(index, candidate, score) { HistoryLoss = historyLoss, SequenceLoss = sequenceLoss };
    }

    /// <summary>An answer with the history after it.</summary>
    /// <param name="Ids">The ids.</param>
    /// <param name="HistoryStart">The index of the first token of the history.</param>
    private readonly record struct BackwardAnswer(int[] Ids, int HistoryStart);
}
