using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using Foreword.Server.Requests;

namespace Foreword.Server.Documentation;

// The classes of this folder exist for /openapi/v1.json only. They describe what the classes of Requests read and what those of Endpoints write.
// Tests compare both sides field by field.
internal abstract record SamplingBody
{
    [Description("The name of a model. Default: the first model of the server that fits the endpoint.")]
    public string? Model { get; init; }

    [Description("Divides the logits before a token is drawn. 0 always takes the likeliest token."), Range(0.0, 100.0), DefaultValue(1.0)]
    public double? Temperature { get; init; }

    [Description("Draws from the likeliest tokens whose probabilities add up to this value. 1 turns it off."), Range(0.0, 1.0), DefaultValue(1.0)]
    public double? TopP { get; init; }

    [Description("Draws from this number of likeliest tokens. 0 and -1 turn it off."), Range(-1, int.MaxValue), DefaultValue(0)]
    public int? TopK { get; init; }

    [Description("Leaves out tokens whose probability is below this part of the likeliest token's. 0 turns it off."), Range(0.0, 1.0), DefaultValue(0.0)]
    public double? MinP { get; init; }

    [Description("Draws from the tokens whose surprise is nearest to the expected one, until their probabilities add up to this value. 1 turns it off."), Range(1e-9, 1.0), DefaultValue(1.0)]
    public double? TypicalP { get; init; }

    [Description("Divides positive logits of tokens that were used before, and multiplies negative ones. 1 turns it off."), Range(0.01, 100.0), DefaultValue(1.0)]
    public double? RepetitionPenalty { get; init; }

    [Description("Another name of repetition_penalty, as in llama.cpp."), Range(0.01, 100.0), DefaultValue(1.0)]
    public double? RepeatPenalty { get; init; }

    [Description("Is subtracted from the logits of tokens that were written before."), Range(-2.0, 2.0), DefaultValue(0.0)]
    public double? PresencePenalty { get; init; }

    [Description("Is subtracted from the logit of a token each time that it was written before."), Range(-2.0, 2.0), DefaultValue(0.0)]
    public double? FrequencyPenalty { get; init; }

    [Description("Numbers from -100 to 100 that are added to the logits of token ids. At most 1,024 ids.")]
    public Dictionary<string, double>? LogitBias { get; init; }

    [Description("Makes the text repeatable. Sample i uses seed + i. Default: a random seed.")]
    public long? Seed { get; init; }

    [Description("Texts that end the completion. They are not part of it. At most 64."), OneOf(typeof(string), typeof(string[]))]
    public object? Stop { get; init; }

    [Description("Token ids that end the completion."), MaxLength(SamplingFields.MostStops)]
    public int[]? StopTokenIds { get; init; }

    [Description("Continues after the token that ends a text."), DefaultValue(false)]
    public bool? IgnoreEos { get; init; }

    [Description("The smallest number of tokens, up to max_tokens. The text does not end before."), Range(0, int.MaxValue), DefaultValue(0)]
    public int? MinTokens { get; init; }

    [Description("The number of completions of each prompt."), Range(1, CompletionRequest.MostSamples), DefaultValue(1)]
    public int? N { get; init; }

    [Description("Sends the answer as server-sent events, one for each piece of text. The last one is [DONE]."), DefaultValue(false)]
    public bool? Stream { get; init; }

    [Description("What a stream reports besides text. Only together with stream.")]
    public StreamOptionsBody? StreamOptions { get; init; }

    [Description("Writes tokens as token_id:N instead of their texts."), DefaultValue(false)]
    public bool? ReturnTokensAsTokenIds { get; init; }

    [Description("Makes the text JSON.")]
    public ResponseFormatBody? ResponseFormat { get; init; }

    [Description("Makes the text one of these. At most 1,024 texts."), OneOf(typeof(string), typeof(string[]))]
    public object? Choice { get; init; }

    [Description("Another name of choice, as in vLLM."), OneOf(typeof(string), typeof(string[]))]
    public object? GuidedChoice { get; init; }

    [Description("Makes the text a match of this whole regular expression.")]
    public string? Regex { get; init; }

    [Description("Another name of regex, as in vLLM.")]
    public string? GuidedRegex { get; init; }

    [Description("Makes the text JSON that matches this schema, which is an object or its text."), OneOf(typeof(JsonObject), typeof(string))]
    public object? JsonSchema { get; init; }

    [Description("Another name of json_schema, as in vLLM."), OneOf(typeof(JsonObject), typeof(string))]
    public object? GuidedJson { get; init; }

    [Description(Ignored.Text)]
    public string? User { get; init; }

    [Description(Ignored.Text)]
    public bool? Store { get; init; }

    [Description(Ignored.Text)]
    public JsonObject? Metadata { get; init; }

    [Description(Ignored.Text)]
    public string? ServiceTier { get; init; }

    [Description(Ignored.Text)]
    public int? Priority { get; init; }

    [Description("Is accepted and changes nothing. The cache of prompts is always used.")]
    public bool? CachePrompt { get; init; }

    [Description(Ignored.Text)]
    public string? SafetyIdentifier { get; init; }
}

internal sealed record StreamOptionsBody
{
    [Description("Adds an event with the numbers of tokens before [DONE]."), DefaultValue(false)]
    public bool? IncludeUsage { get; init; }

    [Description("Adds the numbers of tokens so far to every event. Only together with include_usage."), DefaultValue(false)]
    public bool? ContinuousUsageStats { get; init; }

    [Description(Ignored.Text)]
    public bool? IncludeObfuscation { get; init; }
}

internal sealed record ResponseFormatBody
{
    [Description("text is any text, json_object a JSON object, json_schema JSON that matches json_schema.schema."), AllowedValues("text", "json_object", "json_schema")]
    public required string Type { get; init; }

    [Description("The schema of the type json_schema.")]
    public NamedSchemaBody? JsonSchema { get; init; }
}

internal sealed record NamedSchemaBody
{
    [Description("A JSON schema, in the subset that OpenAI documents: an object or its text."), OneOf(typeof(JsonObject), typeof(string))]
    public required object Schema { get; init; }

    [Description(Ignored.Text)]
    public string? Name { get; init; }

    [Description(Ignored.Text)]
    public string? Description { get; init; }

    [Description("Is accepted and changes nothing. The text always matches.")]
    public bool? Strict { get; init; }
}

/// <summary>The description of fields that clients send and that change nothing here.</summary>
internal static class Ignored
{
    public const string Text = "Is accepted and changes nothing.";
}
