using System.Text.Json;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;

namespace Foreword.Weights.HuggingFace;

/// <summary>Represents the ids that begin and end a text, as a model's <c>config.json</c> and <c>generation_config.json</c> hold them.</summary>
/// <param name="StartId">The id that begins a text, or null if there is none.</param>
/// <param name="EndIds">The ids that end a generated text. The id that ends a document comes first. May be empty.</param>
public sealed record TextEnds(int? StartId, IReadOnlyList<int> EndIds)
{
    /// <summary>Gets an instance without ids.</summary>
    public static TextEnds None { get; } = new(null, []);

    /// <summary>Returns the ids of a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    public static TextEnds Of(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new TextEnds(tokenizer.StartOfTextId, tokenizer.StopIds);
    }

    /// <summary>
    /// Reads the ids of a model directory. The ids in <c>generation_config.json</c> override those in <c>config.json</c>, as in transformers.
    /// </summary>
    /// <param name="directory">The model directory. Missing files are ignored.</param>
    /// <exception cref="InvalidDataException">
    /// <c>generation_config.json</c> is not a JSON object, or an id is not a whole number. The message names the file and the field.
    /// </exception>
    public static TextEnds Read(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ModelEnds ends = ModelEnds.Read(directory);
        return new TextEnds(ends.Start, ends.Ends);
    }

    /// <summary>Converts the id of a token that both begins and ends a text, as in GPT-2.</summary>
    /// <param name="endOfText">The id, or null for no ids.</param>
    public static implicit operator TextEnds(int? endOfText) => FromNullable(endOfText);

    /// <summary>Creates an instance from the id of a token that both begins and ends a text, as in GPT-2.</summary>
    /// <param name="endOfText">The id, or null for no ids.</param>
    public static TextEnds FromNullable(int? endOfText) => endOfText is { } id ? new TextEnds(id, [id]) : None;

    /// <summary>Returns the ids that are less than a vocabulary size.</summary>
    /// <param name="vocabularySize">The number of ids.</param>
    public TextEnds Within(int vocabularySize) => new(StartId < vocabularySize ? StartId : null, [.. EndIds.Where(id => id < vocabularySize)]);

    /// <summary>Writes <c>bos_token_id</c> and <c>eos_token_id</c>, as far as they exist. Several end ids are written as a list.</summary>
    /// <returns>Whether there is any id.</returns>
    internal bool Write(Utf8JsonWriter json)
    {
        if ((StartId ?? EndIds.Select(id => (int?)id).FirstOrDefault()) is { } start)
            json.WriteNumber("bos_token_id", start);
        if (EndIds is [var only])
        {
            json.WriteNumber("eos_token_id", only);
        }
        else if (EndIds.Count > 1)
        {
            json.WriteStartArray("eos_token_id");
            foreach (int id in EndIds)
                json.WriteNumberValue(id);
            json.WriteEndArray();
        }

        return StartId is not null || EndIds.Count > 0;
    }
}
