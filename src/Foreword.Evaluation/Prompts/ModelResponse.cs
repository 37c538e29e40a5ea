using Foreword.Generation;
using Foreword.Models;

namespace Foreword.Evaluation.Prompts;

/// <summary>The model's answer to a <see cref="ModelRequest"/>.</summary>
public abstract record ModelResponse;

/// <summary>The answer to a <see cref="LikelihoodRequest"/> or a <see cref="WindowRequest"/> (which has one continuation).</summary>
/// <param name="Continuations">One for each continuation.</param>
public sealed record LikelihoodResponse(IReadOnlyList<ContinuationScore> Continuations) : ModelResponse;

/// <summary>The answer to a <see cref="GenerationRequest"/>.</summary>
/// <param name="Completion">What the model wrote.</param>
/// <param name="LogLikelihood">log p of the written tokens in nats; null where it was not asked for.</param>
public sealed record GenerationResponse(Completion Completion, double? LogLikelihood) : ModelResponse;

/// <summary>The answer to a <see cref="NextWordRequest"/>.</summary>
/// <param name="Word">The word, without spaces around it.</param>
public sealed record NextWordResponse(string Word) : ModelResponse;

/// <summary>How likely a continuation is.</summary>
/// <param name="Tokens">Its tokens' scores, in order.</param>
/// <param name="Bytes">Length of its text in UTF-8.</param>
public sealed record ContinuationScore(IReadOnlyList<TokenScore> Tokens, int Bytes)
{
    /// <summary>log p(continuation | context) in nats.</summary>
    public double LogLikelihood { get; } = Tokens.Sum(token => (double)token.LogProb);

    /// <summary>Whether greedy decoding would have written all of it.</summary>
    public bool IsGreedy { get; } = Tokens.All(token => token.IsGreedy);

    /// <summary>The log-likelihood by its number of tokens; 0 where there are none.</summary>
    public double MeanPerToken => Tokens.Count > 0 ? LogLikelihood / Tokens.Count : 0;

    /// <summary>The log-likelihood by the bytes of its text.</summary>
    public double MeanPerByte => LogLikelihood / Math.Max(1, Bytes);
}
