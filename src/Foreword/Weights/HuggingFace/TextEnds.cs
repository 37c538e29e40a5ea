using System.Text.Json;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;

namespace Foreword.Weights.HuggingFace;

/// <summary>The ids that begin and end a text, as a model's <c>config.json</c> and <c>generation_config.json</c> hold them.</summary>
/// <param name="StartId">The id that begins a text, or null.</param>
/// <param name="EndIds">The ids that end a generated text, the one that ends a document first; may be empty.</param>
public sealed record TextEnds(int? StartId, IReadOnlyList<int> EndIds)
{
    /// <summary>No ids.</summary>
    public static TextEnds None { get; } = new(null, []);

    /// <summary>Returns the ids of a tokenizer.</summary>
    public static TextEnds Of(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new TextEnds(tokenizer.StartOfTextId, tokenizer.StopIds);
    }

    /// <summary>Reads the ids of a model directory: those of <c>generation_config.json</c> win over those of <c>config.json</c>, as in transformers.</summary>
    /// <exception cref="InvalidDataException">A file is no JSON object, or an id is no number; the message names file and field.</exception>
    public static TextEnds Read(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ModelEnds ends = ModelEnds.Read(directory);
        return new TextEnds(ends.Start, ends.Ends);
    }

    /// <summary>Returns the ids of a vocabulary with one token that both begins and ends a text, as GPT-2's does.</summary>
    public static implicit operator TextEnds(int? endOfText) => FromNullable(endOfText);

    /// <summary>Returns the ids of a vocabulary with one token that both begins and ends a text, as GPT-2's does.</summary>
    public static TextEnds FromNullable(int? endOfText) => endOfText is { } id ? new TextEnds(id, [id]) : None;

    /// <summary>Returns the ids that are below a vocabulary's size.</summary>
    public TextEnds Within(int vocabularySize) => new(StartId < vocabularySize ? StartId : null, [.. EndIds.Where(id => id < vocabularySize)]);

    /// <summary>Writes <c>bos_token_id</c> and <c>eos_token_id</c>, if they exist; several ends as a list. Returns whether there were.</summary>
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
