using System.Text;
using System.Text.Json;
using Foreword.Generation;
using Foreword.Tokenization;

namespace Foreword.Server.Responses;

/// <summary>Writes tokens with their log-probabilities, in the two forms of OpenAI's API.</summary>
/// <param name="tokenizer">Provides the tokens' bytes.</param>
/// <param name="asIds">Whether a token is written as <c>token_id:N</c>.</param>
internal sealed class TokenScores(Tokenizer tokenizer, bool asIds)
{
    /// <summary>The lowest log-probability that is written: JSON has no infinities.</summary>
    private const float Lowest = -9999;

    private static readonly UTF8Encoding _strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Returns the text of a token; where its bytes are no whole characters, <c>bytes:\xNN...</c>.</summary>
    public string Name(int id)
    {
        if (asIds)
            return $"token_id:{id}";
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
        try
        {
            return _strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            StringBuilder text = new("bytes:");
            foreach (byte value in bytes)
                text.Append("\\x").Append(value.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            return text.ToString();
        }
    }

    /// <summary>Writes the object <c>logprobs</c> of <c>/v1/completions</c>.</summary>
    /// <param name="json">The place to write to.</param>
    /// <param name="tokens">The tokens; without a score where nothing stands before them.</param>
    /// <param name="top">Whether alternatives were asked for.</param>
    /// <param name="offset">The number of code points before the first token; receives the number after the last.</param>
    public void WriteCompletion(Utf8JsonWriter json, IReadOnlyList<(int Id, TokenLogProb? Score)> tokens, bool top, ref int offset)
    {
        json.WriteStartObject("logprobs");
        json.WriteStartArray("tokens");
        foreach ((int id, _) in tokens)
            json.WriteStringValue(Name(id));
        json.WriteEndArray();
        json.WriteStartArray("token_logprobs");
        foreach ((_, TokenLogProb? score) in tokens)
        {
            if (score is null)
                json.WriteNullValue();
            else
                json.WriteNumberValue(Number(score.LogProb));
        }

        json.WriteEndArray();
        if (top)
        {
            json.WriteStartArray("top_logprobs");
            foreach ((_, TokenLogProb? score) in tokens)
                WriteAlternatives(json, score);
            json.WriteEndArray();
        }
        else
        {
            json.WriteNull("top_logprobs");
        }

        json.WriteStartArray("text_offset");
        foreach ((int id, _) in tokens)
        {
            json.WriteNumberValue(offset);
            foreach (byte value in tokenizer.TokenBytes(id))
                offset += (value & 0xc0) != 0x80 ? 1 : 0; // bytes that begin a character
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes an element of <c>logprobs.content</c> of <c>/v1/chat/completions</c>.</summary>
    public void WriteChat(Utf8JsonWriter json, TokenLogProb score)
    {
        json.WriteStartObject();
        WriteOne(json, score.Id, score.LogProb);
        json.WriteStartArray("top_logprobs");
        foreach ((int id, float logProb) in score.Top)
        {
            json.WriteStartObject();
            WriteOne(json, id, logProb);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>
    /// Writes the alternatives with the token itself, the likeliest first. If two tokens have one text, the likelier one is written: a client takes a
    /// token for the likeliest if its number is the largest, so both places hold the same number.
    /// </summary>
    private void WriteAlternatives(Utf8JsonWriter json, TokenLogProb? score)
    {
        if (score is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        HashSet<string> written = [];
        IEnumerable<(int Id, float LogProb)> all = score.Top.Any(token => token.Id == score.Id) ? score.Top : score.Top.Append((score.Id, score.LogProb));
        foreach ((int id, float logProb) in all)
        {
            if (written.Add(Name(id)))
                json.WriteNumber(Name(id), Number(logProb));
        }

        json.WriteEndObject();
    }

    private void WriteOne(Utf8JsonWriter json, int id, float logProb)
    {
        json.WriteString("token", Name(id));
        json.WriteNumber("logprob", Number(logProb));
        json.WriteStartArray("bytes");
        foreach (byte value in tokenizer.TokenBytes(id))
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static float Number(float logProb) => Math.Max(logProb, Lowest);
}
