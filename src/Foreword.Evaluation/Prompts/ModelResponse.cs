using Foreword.Generation;
using Foreword.Models;

namespace Foreword.Evaluation.Prompts;

/// <summary>The model's response to a <see cref="ModelRequest"/>.</summary>
public abstract record ModelResponse;

/// <summary>The response to a <see cref="LikelihoodRequest"/> or a <see cref="WindowRequest"/> (which has one continuation).</summary>
/// <param name="Continuations">The score of each continuation.</param>
public sealed record LikelihoodResponse(IReadOnlyList<ContinuationScore> Continuations) : ModelResponse;

/// <summary>The response to a <see cref="GenerationRequest"/>.</summary>
/// <param name="Completion">The text that the model generated.</param>
/// <param name="LogLikelihood">log p of the generated tokens, in nats; null if it was not requested.</param>
public sealed record GenerationResponse(Completion Completion, double? LogLikelihood) : ModelResponse;

/// <summary>The response to a <see cref="NextWordRequest"/>.</summary>
/// <param name="Word">The word, without surrounding spaces.</param>
public sealed record NextWordResponse(string Word) : ModelResponse;

/// <summary>The score of a continuation.</summary>
/// <param name="Tokens">The scores of its tokens, in order.</param>
/// <param name="Bytes">Length of its text in UTF-8 bytes.</param>
public sealed record ContinuationScore(IReadOnlyList<TokenScore> Tokens, int Bytes)
{
    /// <summary>Gets log p(continuation | context), in nats.</summary>
    public double LogLikelihood { get; } = Tokens.Sum(token => (double)token.LogProb);

    /// <summary>Gets whether greedy decoding would have produced every token.</summary>
    public bool IsGreedy { get; } = Tokens.All(token => token.IsGreedy);

    /// <summary>Gets the log-likelihood divided by the number of tokens; 0 if there are none.</summary>
    public double MeanPerToken => Tokens.Count > 0 ? LogLikelihood / Tokens.Count : 0;

    /// <summary>Gets the log-likelihood divided by the number of bytes of the text.</summary>
    public double MeanPerByte => LogLikelihood / Math.Max(1, Bytes);
}
