using System.Globalization;
using System.Text.Json;
using Foreword.Generation;

namespace Foreword.Server.Requests;

/// <summary>Reads the fields that say how tokens are chosen: OpenAI's, and those of vLLM and llama.cpp beside them.</summary>
internal static class SamplingFields
{
    /// <summary>The largest number of stop strings, stop tokens and biased tokens, and the largest number of alternatives for each token.</summary>
    public const int MostStops = 64, MostBiases = 1024, MostLogProbs = 20;

    /// <summary>Reads the options. <see cref="SamplingOptions.MaxTokens"/> and <see cref="SamplingOptions.LogProbs"/> are the caller's.</summary>
    /// <param name="fields">The request.</param>
    /// <param name="vocabulary">The number of token ids.</param>
    public static SamplingOptions Read(RequestFields fields, int vocabulary)
    {
        fields.Refuse("", "grammar", "guided_grammar", "structured_outputs", "allowed_token_ids", "bad_words", "include_stop_str_in_output", "use_beam_search");
        fields.Refuse("the text itself is always given in full", "skip_special_tokens");
        double? repeat = fields.Number("repetition_penalty", 0.01, 100), also = fields.Number("repeat_penalty", 0.01, 100);
        if (repeat is not null && also is not null && repeat != also)
            throw new ApiException(400, "repetition_penalty and repeat_penalty are two names of one option; give one", "repeat_penalty");
        return new SamplingOptions
        {
            Temperature = fields.Number("temperature", 0, 100) ?? 1,
            TopP = fields.Number("top_p", 0, 1) ?? 1,
            TopK = (int)Math.Max(0, fields.Integer("top_k", -1, int.MaxValue) ?? 0), // -1 is off, as in vLLM
            MinP = fields.Number("min_p", 0, 1) ?? 0,
            TypicalP = fields.Number("typical_p", 1e-9, 1) ?? 1,
            RepetitionPenalty = repeat ?? also ?? 1,
            PresencePenalty = fields.Number("presence_penalty", -2, 2) ?? 0,
            FrequencyPenalty = fields.Number("frequency_penalty", -2, 2) ?? 0,
            LogitBias = Biases(fields, vocabulary),
            Seed = fields.Integer("seed", long.MinValue, long.MaxValue) ?? Random.Shared.NextInt64(),
            Stop = Stops(fields),
            Constraint = ConstraintFields.Read(fields),
            IgnoreEndOfText = fields.Flag("ignore_eos") ?? false,
            StopIds = Ids(fields, "stop_token_ids", vocabulary),
        };
    }

    /// <summary>Adds the largest and the smallest number of tokens.</summary>
    public static SamplingOptions WithLengths(RequestFields fields, SamplingOptions options, int maxTokens) =>
        options with { MaxTokens = maxTokens, MinTokens = (int)(fields.Integer("min_tokens", 0, maxTokens) ?? 0) };

    private static string[] Stops(RequestFields fields)
    {
        string[] stops = fields.Texts("stop", MostStops);
        return Array.IndexOf(stops, "") is >= 0 and int empty
            ? throw new ApiException(400, $"stop[{empty}] is empty; it would end every completion at once", "stop") : stops;
    }

    private static int[] Ids(RequestFields fields, string field, int vocabulary)
    {
        int[] ids = fields.Integers(field, MostStops);
        return Array.FindIndex(ids, id => id >= vocabulary) is >= 0 and int at
            ? throw new ApiException(400, $"{field}[{at}] is {ids[at]}, which is out of vocabulary; it has {vocabulary} ids", field) : ids;
    }

    private static Dictionary<int, double> Biases(RequestFields fields, int vocabulary)
    {
        if (fields.Value("logit_bias") is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Object)
            throw fields.Problem("logit_bias", value, "an object of token ids and numbers");
        _ = new RequestFields(value, "logit_bias"); // refuses a key that is given twice or is no text
        Dictionary<int, double> biases = [];
        foreach (JsonProperty bias in value.EnumerateObject())
        {
            if (!int.TryParse(bias.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id >= vocabulary)
                throw new ApiException(400, $"logit_bias has the key {(bias.Name.Length > 40 ? bias.Name[..40] : bias.Name)}; it must be a token id from 0 to {vocabulary - 1}", "logit_bias");
            if (bias.Value.ValueKind != JsonValueKind.Number || !bias.Value.TryGetDouble(out double number) || !(Math.Abs(number) <= 100))
                throw new ApiException(400, $"logit_bias.{id} is {RequestFields.Describe(bias.Value)}; it must be a number from -100 to 100", "logit_bias");
            biases[id] = number;
        }

        return biases.Count <= MostBiases ? biases : throw new ApiException(400, $"logit_bias has {biases.Count} entries; at most {MostBiases} are allowed", "logit_bias");
    }
}
