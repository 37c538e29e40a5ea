using System.Globalization;
using Foreword.Tokenization;

namespace Foreword.Generation;

/// <summary>Which tokens top-p keeps when the likeliest ones do not sum to p exactly.</summary>
public enum TopPRule
{
    /// <summary>The token that crosses p is kept: at least p is kept (Holtzman et al. 2020, Hugging Face).</summary>
    Crossing,

    /// <summary>The token that crosses p is dropped unless it is the first: at most p is kept (openai/gpt-2, sample.py).</summary>
    Released,
}

/// <summary>
/// How tokens are chosen and when to end. The defaults draw from the model's own distribution. Order of the steps, Hugging Face's:
/// logit bias, repetition penalty, presence and frequency penalties, temperature, top-k, top-p, min-p, typical, draw.
/// Each step counts probabilities among the tokens that the one before it left.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the likeliest token every time (the lowest id of equals). 1 is the model's own distribution.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Draws from the k likeliest tokens only (Fan et al. 2018), of equals those with the lowest ids; 0 is off.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Draws from the likeliest tokens whose probabilities before them sum to less than p (Holtzman et al. 2020), of equals those with the
    /// lowest ids. 0 to 1; 1 is off.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>Whether top-p keeps the token that crosses p; it does unless set otherwise.</summary>
    public TopPRule TopPRule { get; init; }

    /// <summary>Draws from tokens at least this share as probable as the likeliest (Nguyen et al. 2024). 0 to 1; 0 is off.</summary>
    public double MinP { get; init; }

    /// <summary>
    /// Draws from the tokens whose information -log p is nearest to the distribution's entropy, so many that they sum to this mass or cross it
    /// (locally typical sampling, Meister et al. 2022). Above 0, to 1; 1 is off.
    /// </summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>
    /// Positive logits of tokens in the prompt or the completion are divided by it, negative ones multiplied (CTRL, Keskar et al. 2019, section 4.1,
    /// as Hugging Face has it). Above 0; 1 is off, less favours repetition.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken from the logits of every token that the completion holds already (OpenAI's API). -2 to 2; 0 is off.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Taken from the logit of a token as many times as the completion holds it (OpenAI's API). -2 to 2; 0 is off.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of these ids, -100 to 100 each: -100 all but forbids a token, 100 all but forces it. None by default.</summary>
    public IReadOnlyDictionary<int, double> LogitBias { get; init; } = new Dictionary<int, double>();

    /// <summary>
    /// Above 1: the likeliest texts are searched for with so many beams instead of being drawn. Bias and penalties then change
    /// log-probabilities instead of logits, as in Hugging Face.
    /// </summary>
    public int NumBeams { get; init; } = 1;

    /// <summary>A beam's score is its log-probability over its length, end-of-text counted, to this power: above 0 favours long texts, below 0 short ones.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>Ends a beam search as soon as so many beams have ended as there are; otherwise it goes on while a better one is likely.</summary>
    public bool EarlyStopping { get; init; }

    /// <summary>
    /// When given, completions hold their tokens' log-probabilities, and those of so many likeliest tokens beside each (0: of none). They are the model's own,
    /// before any of these options.
    /// </summary>
    public int? LogProbs { get; init; }

    /// <summary>Seed of the draws. Every sequence has a stream of its own: sample i of any prompt draws from <see cref="ForSample"/>'s seed.</summary>
    public long Seed { get; init; }

    /// <summary>Tokens to generate at most, at least 1.</summary>
    public int MaxTokens { get; init; } = 100;

    /// <summary>Generation ends before the first of these texts; they are not part of the completion.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Generation ends before the first of these tokens as it does before those of <see cref="Tokenizer.StopIds"/>; they are not part of the completion.</summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>Whether the text of a special token in a prompt, such as <c>&lt;|endoftext|&gt;</c>, is that token instead of plain text.</summary>
    public bool AllowSpecial { get; init; }

    /// <summary>Whether a prompt too long for the context loses its beginning (see <see cref="TextGenerator"/>) instead of being an error.</summary>
    public bool Truncate { get; init; }

    /// <summary>
    /// Whether the text may be longer than the context: whenever it is full, the newer half of its tokens is read again from the context's first position and the
    /// older ones are forgotten. A prompt too long loses its beginning.
    /// </summary>
    public bool Slide { get; init; }

    /// <summary>The options of sample <paramref name="index"/> of several: its seed is <see cref="Seed"/> + index, however many there are.</summary>
    public SamplingOptions ForSample(int index) => this with { Seed = unchecked(Seed + index) };

    /// <summary>Checks the values, and returns this record.</summary>
    /// <exception cref="ArgumentException">A value is impossible; the message names it and the rule.</exception>
    public SamplingOptions Validate()
    {
        Check(Temperature >= 0 && double.IsFinite(Temperature), "temperature", Temperature, "0 (greedy) or above");
        Check(TopK >= 0, "top-k", TopK, "0 (off) or above");
        Check(TopP >= 0 && TopP <= 1, "top-p", TopP, "between 0 and 1 (off)");
        Check(Enum.IsDefined(TopPRule), "top-p-rule", (double)TopPRule, $"{(int)TopPRule.Crossing} ({nameof(TopPRule.Crossing)}) or {(int)TopPRule.Released} ({nameof(TopPRule.Released)})");
        Check(MinP >= 0 && MinP <= 1, "min-p", MinP, "between 0 (off) and 1");
        Check(TypicalP > 0 && TypicalP <= 1, "typical-p", TypicalP, "above 0 and at most 1 (off)");
        Check(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), "repetition-penalty", RepetitionPenalty, "above 0 (1 is off)");
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
        foreach (int id in StopIds)
            Check(id >= 0, "a stop id", id, "0 or above");
        if (Stop.Any(string.IsNullOrEmpty))
            throw new ArgumentException("a stop text is empty; it would end every completion at once");
        if (NumBeams > 1)
            CheckBeams();
        return this;
    }

    /// <summary>What draws makes no sense in a search, which draws nothing.</summary>
    private void CheckBeams()
    {
        (string Name, bool Given)[] others =
        [
            ("temperature", Temperature is not (0 or 1)), ("top-k", TopK != 0), ("top-p", TopP != 1), ("min-p", MinP != 0), ("typical-p", TypicalP != 1), ("slide", Slide),
        ];
        foreach ((string name, bool given) in others)
        {
            if (given)
                throw new ArgumentException($"num-beams is {NumBeams}; a beam search draws nothing and does not slide, so {name} cannot be given with it");
        }
    }

    private static void CheckGiven(object? list, string name)
    {
        if (list is null)
            throw new ArgumentException($"{name} is null; it may be empty");
    }

    private static void Check(bool holds, string name, double value, string rule)
    {
        if (!holds)
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; it must be {rule}"));
    }
}
