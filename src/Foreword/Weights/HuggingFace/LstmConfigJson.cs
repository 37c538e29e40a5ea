using System.Text.Json;
using Foreword.Models;
using Foreword.Tokenization.Files;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// Reads and writes the <c>config.json</c> of an LSTM. <c>transformers</c> has no such model, so the fields are Foreword's own. They have GPT-2's names
/// where GPT-2 has them.
/// </summary>
internal static class LstmConfigJson
{
    /// <summary>The <c>model_type</c> of an LSTM language model.</summary>
    public const string Type = "lstm-lm";

    /// <summary>The order of the gates in the rows of the weights, as in PyTorch: input, forget, cell, output.</summary>
    private const string GateOrder = "i,f,g,o";

    /// <summary>Returns whether the fields describe an LSTM.</summary>
    public static bool IsIn(ConfigFields fields) => fields.TryGet("model_type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.GetString() == Type;

    /// <summary>Reads the fields of an LSTM. Without <c>n_positions</c>, the context length is that of GPT-1. Missing dropout rates are 0.</summary>
    /// <exception cref="InvalidDataException">A field is missing, has the wrong type or an invalid value.</exception>
    public static LstmConfig Read(ConfigFields fields)
    {
        LstmConfig published = new();
        if (fields.TryGet("n_layer", out _) && fields.Integer("n_layer") != 1)
            throw fields.Refused("n_layer", "an LSTM has a single layer");
        if (fields.TryGet("gate_order", out JsonElement order) && !(order.ValueKind == JsonValueKind.String && order.GetString() == GateOrder))
            throw fields.Refused("gate_order", $"only \"{GateOrder}\" is supported");
        return fields.Validated(new LstmConfig
        {
            VocabSize = fields.Integer("vocab_size"),
            ContextLength = fields.TryGet("n_positions", out _) ? fields.Integer("n_positions") : published.ContextLength,
            NEmbd = fields.Integer("n_embd"),
            NHidden = fields.Integer("n_hidden"),
            EmbdDropout = fields.Number("embd_pdrop", 0),
            HiddenDropout = fields.Number("hidden_pdrop", 0),
            InitializerRange = fields.Number("initializer_range", published.InitializerRange),
            TieWordEmbeddings = fields.Boolean("tie_word_embeddings", true),
            DecoderBias = fields.Boolean("decoder_bias", false),
        });
    }

    /// <summary>Writes the object with the fields of an LSTM.</summary>
    public static void Write(Utf8JsonWriter json, LstmConfig config, TextEnds ends, string torchDType)
    {
        json.WriteStartObject();
        json.WriteString("model_type", Type);
        json.WriteNumber("vocab_size", config.VocabSize);
        json.WriteNumber("n_positions", config.ContextLength);
        json.WriteNumber("n_embd", config.NEmbd);
        json.WriteNumber("n_hidden", config.NHidden);
        json.WriteNumber("n_layer", config.LayerCount);
        json.WriteString("gate_order", GateOrder);
        json.WriteNumber("embd_pdrop", config.EmbdDropout);
        json.WriteNumber("hidden_pdrop", config.HiddenDropout);
        json.WriteNumber("initializer_range", config.InitializerRange);
        json.WriteBoolean("tie_word_embeddings", config.TieWordEmbeddings);
        json.WriteBoolean("decoder_bias", config.DecoderBias);
        ends.Write(json);
        json.WriteString("torch_dtype", torchDType);
        json.WriteEndObject();
    }
}
