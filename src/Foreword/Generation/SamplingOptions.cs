using System.Globalization;
using Foreword.Generation.Constraints;
using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>The rule for the token with which the sum of probabilities crosses p in top-p sampling.</summary>
public enum TopPRule
{
    /// <summary>Keeps the token that crosses p, so the sum is at least p (Holtzman et al. 2020, Hugging Face).</summary>
    Crossing,

    /// <summary>Drops the token that crosses p unless it is the first one, so the sum is at most p (openai/gpt-2, sample.py).</summary>
    Released,
}

/// <summary>The rule by which the repetition penalty changes a negative logit. Both rules divide positive logits.</summary>
public enum PenaltyRule
{
    /// <summary>Multiplies negative logits, so that a penalty above 1 makes every repeated token less likely (Hugging Face).</summary>
    HuggingFace,

    /// <summary>
    /// Divides negative logits, too (Morizeyao/GPT2-Chinese, generate.py; CTRL, section 4.1). A penalty above 1 then makes a repeated token with a
    /// negative logit more likely.
    /// </summary>
    Gpt2Chinese,
}

/// <summary>Options that control how tokens are chosen and when generation ends. The defaults draw from the model's own distribution.</summary>
/// <remarks>
/// The order of the steps is that of Hugging Face: logit bias, repetition penalty, presence and frequency penalties, constraint, temperature, top-k,
/// top-p, min-p, typical, draw. The token for unknown text is excluded together with what the constraint excludes. Each step computes probabilities among the tokens that the previous step kept.
/// </remarks>
public sealed record SamplingOptions
{
    /// <summary>
    /// Gets the temperature, by which the logits are divided. 0 always takes the most likely token (among equals, the one with the lowest id). 1
    /// keeps the model's own distribution.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>
    /// Gets the number of most likely tokens to draw from (top-k, Fan et al. 2018). Among equals, the lowest ids are kept. 0 is off.
    /// </summary>
    public int TopK { get; init; }

    /// <summary>
    /// Gets the probability p of top-p sampling (Holtzman et al. 2020). A token is kept if the tokens that are more likely sum to less than p. Among
    /// equals, the lowest ids come first. From 0 to 1. 1 is off.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>Gets the rule for the token that crosses p in top-p sampling. By default, it is kept.</summary>
    public TopPRule TopPRule { get; init; }

    /// <summary>
    /// Gets the smallest probability of a token to draw from, relative to the most likely token (min-p, Nguyen et al. 2024). From 0 to 1. 0 is off.
    /// </summary>
    public double MinP { get; init; }

    /// <summary>
    /// Gets the probability mass of locally typical sampling (Meister et al. 2022). Tokens whose information -log p is nearest to the entropy of the
    /// distribution are kept until their probabilities reach or cross this mass. Greater than 0 and at most 1. 1 is off.
    /// </summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>
    /// Gets the repetition penalty (CTRL, Keskar et al. 2019, section 4.1, in Hugging Face's version). It divides positive logits and multiplies
    /// negative logits of tokens in the prompt or the completion (see <see cref="PenaltyRule"/>). From 0.01 to 100. 1 is off. Values below 1 favor repetition.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Gets the rule by which the repetition penalty changes negative logits. Hugging Face's by default.</summary>
    public PenaltyRule PenaltyRule { get; init; }

    /// <summary>
    /// Gets the presence penalty, which is subtracted from the logit of every token that the completion already contains (OpenAI's API). From -2 to
    /// 2. 0 is off.
    /// </summary>
    public double PresencePenalty { get; init; }

    /// <summary>
    /// Gets the frequency penalty, which is subtracted from the logit of a token once for each occurrence in the completion (OpenAI's API). From -2
    /// to 2. 0 is off.
    /// </summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>
    /// Gets the values that are added to the logits of these ids, each from -100 to 100. A value of -100 practically excludes a token, and 100
    /// practically forces it. Empty by default.
    /// </summary>
    public IReadOnlyDictionary<int, double> LogitBias { get; init; } = new Dictionary<int, double>();

    /// <summary>
    /// Gets the number of beams, 1 or more. If it is greater than 1, a beam search finds likely texts instead of drawing tokens. Bias and penalties
    /// then change log-probabilities instead of logits, as in Hugging Face.
    /// </summary>
    public int NumBeams { get; init; } = 1;

    /// <summary>
    /// Gets the exponent of the length in the score of a beam: log-probability / length^exponent. The length includes the end-of-text token. Values
    /// above 0 favor long texts, and values below 0 favor short ones.
    /// </summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>
    /// Gets whether a beam search ends as soon as the number of completed texts equals the number of beams. Otherwise, it continues while a better
    /// text is likely.
    /// </summary>
    public bool EarlyStopping { get; init; }

    /// <summary>
    /// Gets the number of most likely tokens to report with each token of a completion, 0 or more. If null, completions hold no log-probabilities. If
    /// 0, they hold those of their own tokens only. The log-probabilities are the model's own, before any of these options.
    /// </summary>
    public int? LogProbs { get; init; }

    /// <summary>
    /// Gets the seed of the random draws. Every sequence has its own random stream: sample i of any prompt uses the seed of <see cref="ForSample"/>.
    /// </summary>
    public long Seed { get; init; }

    /// <summary>Gets the maximum number of tokens to generate, 1 or more.</summary>
    public int MaxTokens { get; init; } = 100;

    /// <summary>
    /// Gets the number of whole sentences after which the text ends; 0 for as many as fit into <see cref="MaxTokens"/>. A text that reaches the
    /// maximum first loses the beginning of its last sentence, unless it has no whole sentence. Null, the default, writes to the last token.
    /// </summary>
    /// <remarks>
    /// A sentence ends with <c>。！？…</c>, or with <c>.!?</c> before white space, an East Asian character or the end of the text. Closing quotes and
    /// brackets belong to it.
    /// </remarks>
    public int? Sentences { get; init; }

    /// <summary>
    /// Gets whether the token for unknown text, such as <c>[UNK]</c>, can be drawn (see <see cref="Tokenizer.UnknownId"/>). By default, it is excluded
    /// before the temperature.
    /// </summary>
    public bool AllowUnknown { get; init; }

    /// <summary>Gets the stop strings. Generation ends before the first of them. They are not part of the completion.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>
    /// Gets the stop tokens. Generation ends before the first of them, as it does before those in <see cref="Tokenizer.StopIds"/>. They are not part
    /// of the completion.
    /// </summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>
    /// Gets the number of tokens before which no token ends the text: stop tokens are not drawn. Stop strings still end it. 0 is off. It cannot be combined
    /// with a constraint or a beam search.
    /// </summary>
    public int MinTokens { get; init; }

    /// <summary>
    /// Gets whether the tokens in <see cref="Tokenizer.StopIds"/> are tokens like others, after which the text goes on. This is for measurements that need
    /// texts of a given length. Those in <see cref="StopIds"/> still end it.
    /// </summary>
    public bool IgnoreEndOfText { get; init; }

    /// <summary>
    /// Gets what the completion must match, such as a JSON schema. Tokens that cannot lead to such a text are never drawn, and the end of the text is drawn
    /// only where the text matches. Null by default. It cannot be combined with stop strings or a beam search.
    /// </summary>
    public TextConstraint? Constraint { get; init; }

    /// <summary>
    /// Gets whether the text of a special token in a prompt, such as <c>&lt;|endoftext|&gt;</c>, becomes that token. Otherwise, it is plain text.
    /// </summary>
    public bool AllowSpecial { get; init; }

    /// <summary>
    /// Gets whether the beginning of a prompt that is too long for the context is removed (see <see cref="TextGenerator.PromptIds"/>). Otherwise,
    /// such a prompt is an error.
    /// </summary>
    public bool Truncate { get; init; }

    /// <summary>
    /// Gets whether the text can be longer than the context. When the context is full, the newer half of its tokens is read again from the first
    /// position, and the older half is forgotten. The beginning of a prompt that is too long is removed.
    /// </summary>
    public bool Slide { get; init; }

    /// <summary>Returns the options of one of several samples. Its seed is <see cref="Seed"/> + index, regardless of the number of samples.</summary>
    /// <param name="index">The index of the sample, from 0.</param>
    public SamplingOptions ForSample(int index) => this with { Seed = unchecked(Seed + index) };

    /// <summary>Checks the values.</summary>
    /// <returns>This record.</returns>
    /// <exception cref="ArgumentException">A value is not valid. The message names it and the rule.</exception>
    public SamplingOptions Validate()
    {
        Check(Temperature >= 0 && double.IsFinite(Temperature), "temperature", Temperature, "0 (greedy) or above");
        Check(TopK >= 0, "top-k", TopK, "0 (off) or above");
        Check(TopP >= 0 && TopP <= 1, "top-p", TopP, "between 0 and 1 (off)");
        Check(Enum.IsDefined(TopPRule), "top-p-rule", (double)TopPRule, $"{(int)TopPRule.Crossing} ({nameof(TopPRule.Crossing)}) or {(int)TopPRule.Released} ({nameof(TopPRule.Released)})");
        Check(MinP >= 0 && MinP <= 1, "min-p", MinP, "between 0 (off) and 1");
        Check(TypicalP > 0 && TypicalP <= 1, "typical-p", TypicalP, "above 0 and at most 1 (off)");
        Check(RepetitionPenalty is >= 0.01 and <= 100, "repetition-penalty", RepetitionPenalty, "between 0.01 and 100 (1 is off)"); // a logit times 100 is far from overflow
        Check(Enum.IsDefined(PenaltyRule), "penalty-rule", (double)PenaltyRule, $"{(int)PenaltyRule.HuggingFace} ({nameof(PenaltyRule.HuggingFace)}) or {(int)PenaltyRule.Gpt2Chinese} ({nameof(PenaltyRule.Gpt2Chinese)})");
        Check(Math.Abs(PresencePenalty) <= 2, "presence-penalty", PresencePenalty, "between -2 and 2 (0 is off)");
        Check(Math.Abs(FrequencyPenalty) <= 2, "frequency-penalty", FrequencyPenalty, "between -2 and 2 (0 is off)");
        CheckGiven(LogitBias, "logit-bias");
        CheckGiven(Stop, "stop");
        CheckGiven(StopIds, "stop-ids");
        foreach ((int id, double bias) in LogitBias)
        {
            Check(id >= 0, "a token id of logit-bias", id, "0 or above");
            Check(Math.Abs(bias) <= 100, string.Create(CultureInfo.InvariantCulture, $"the logit-bias of token {id}"), bias, "between -100 and 100");
        }

        Check(NumBeams >= 1, "num-beams", NumBeams, "at least 1 (off)");
        Check(double.IsFinite(LengthPenalty), "length-penalty", LengthPenalty, "a number");
        Check(LogProbs is null or >= 0, "logprobs", LogProbs ?? 0, "0 or above");
        Check(MaxTokens >= 1, "max-tokens", MaxTokens, "at least 1");
        Check(MinTokens >= 0 && MinTokens <= MaxTokens, "min-tokens", MinTokens, string.Create(CultureInfo.InvariantCulture, $"between 0 and max-tokens, {MaxTokens}"));
        Check(Sentences is null or >= 0, "sentences", Sentences ?? 0, "0 or above");
        foreach (int id in StopIds)
            Check(id >= 0, "a stop id", id, "0 or above");
        if (Stop.Any(string.IsNullOrEmpty))
            throw new ArgumentException("a stop text is empty; it would end every completion immediately");
        if (Constraint is not null && Stop.Count > 0)
            throw new ArgumentException($"stop has the text '{Stop[0]}'; it cannot be combined with a constraint, which says itself where a text may end");
        if (Constraint is not null && (MinTokens > 0 || IgnoreEndOfText))
            throw new ArgumentException($"{(MinTokens > 0 ? "min-tokens" : "ignoring the end of the text")} cannot be combined with a constraint, which says itself where a text may end");
        if (Constraint is not null && Sentences is not null)
            throw new ArgumentException($"sentences is {Sentences}; it cannot be combined with a constraint, which says itself where a text may end");
        if (NumBeams > 1)
            CheckBeams();
        return this;
    }

    /// <summary>Rejects options that only affect random draws, or that a beam search does not support.</summary>
    private void CheckBeams()
    {
        (string Name, bool Given)[] others =
        [
            ("temperature", Temperature is not (0 or 1)), ("top-k", TopK != 0), ("top-p", TopP != 1), ("min-p", MinP != 0), ("typical-p", TypicalP != 1), ("slide", Slide), ("a constraint", Constraint is not null), ("min-tokens", MinTokens > 0),
        ];
        foreach ((string name, bool given) in others)
        {
            if (given)
                throw new ArgumentException($"num-beams is {NumBeams}; a beam search does not sample and does not slide, so {name} cannot be combined with it");
        }
    }

    private static void CheckGiven(object? list, string name)
    {
        if (list is null)
            throw new ArgumentException($"{name} is null; an empty value is allowed");
    }

    private static void Check(bool holds, string name, double value, string rule)
    {
        if (!holds)
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; it must be {rule}"));
    }
}
