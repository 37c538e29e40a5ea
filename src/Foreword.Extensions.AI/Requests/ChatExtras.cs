using Foreword.Generation;
using Foreword.Generation.Constraints;
using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI.Requests;

/// <summary>Reads the additional properties of chat options: the fields of the server that <see cref="ChatOptions"/> lack.</summary>
internal static class ChatExtras
{
    private static readonly string[] _known = ["min_p", "typical_p", "repetition_penalty", "min_tokens", "ignore_eos", "stop_token_ids", "logit_bias", "logprobs", "choice", "regex"];

    /// <summary>Adds the properties to options.</summary>
    /// <exception cref="ArgumentException">A property is unknown, or its value is not possible.</exception>
    public static SamplingOptions Read(AdditionalPropertiesDictionary? properties, SamplingOptions options)
    {
        if (properties is not { Count: > 0 })
            return options;
        ExtraOptions extra = new(properties, _known);
        return options with
        {
            MinP = extra.Number("min_p") ?? options.MinP,
            TypicalP = extra.Number("typical_p") ?? options.TypicalP,
            RepetitionPenalty = extra.Number("repetition_penalty") ?? options.RepetitionPenalty,
            MinTokens = extra.Integer("min_tokens") ?? options.MinTokens,
            IgnoreEndOfText = extra.Flag("ignore_eos") ?? options.IgnoreEndOfText,
            StopIds = extra.Integers("stop_token_ids") ?? options.StopIds,
            LogitBias = extra.Biases("logit_bias") ?? options.LogitBias,
            LogProbs = extra.Integer("logprobs") ?? options.LogProbs,
            Constraint = Constraint(extra, options.Constraint),
        };
    }

    private static TextConstraint? Constraint(ExtraOptions extra, TextConstraint? format)
    {
        string? regex = extra.Text("regex");
        string[]? choice = extra.Texts("choice");
        if (new object?[] { regex, choice, format }.Count(one => one is not null) > 1)
            throw new ArgumentException("two of choice, regex and ResponseFormat are given; a text can have one constraint", nameof(extra));
        return regex is not null ? SharedConstraints.Get("regex", regex, TextConstraint.Regex)
            : choice is not null ? SharedConstraints.Get("choice", string.Join('\0', choice), _ => TextConstraint.Choice(choice))
            : format;
    }
}
