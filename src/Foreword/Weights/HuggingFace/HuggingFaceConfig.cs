using System.Text.Json;
using Foreword.IO;
using Foreword.Models;
using Foreword.Tokenization.Files;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// Reads and writes <c>config.json</c>, as <c>transformers</c> writes it for <c>GPT2LMHeadModel</c> and <c>OpenAIGPTLMHeadModel</c>. Missing fields
/// have the defaults of <c>GPT2Config</c> and <c>OpenAIGPTConfig</c>. The sizes have no default. <see cref="LstmConfigJson"/> does the same for an
/// LSTM, which <c>transformers</c> does not have.
/// </summary>
internal static class HuggingFaceConfig
{
    /// <summary>The name of the file in a model directory.</summary>
    public const string FileName = "config.json";

    /// <summary>Reads the configuration of a model directory.</summary>
    /// <param name="directory">The model directory.</param>
    /// <returns>The architecture, validated.</returns>
    /// <exception cref="FileNotFoundException">The directory has no <c>config.json</c>.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is not a JSON object, or a field is missing, has the wrong type or an invalid value, or needs a computation that this architecture
    /// does not have. The message names the path, the field and the value.
    /// </exception>
    public static ModelConfig Read(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string path = Path.Combine(directory, FileName);
        return JsonFile.Read(path, JsonValueKind.Object, root =>
        {
            ConfigFields fields = new(path, root);
            return LstmConfigJson.IsIn(fields) ? LstmConfigJson.Read(fields) : (ModelConfig)new Gpt(fields).Model();
        });
    }

    /// <summary>Writes <c>config.json</c> into an existing directory, in a form that <c>transformers</c> can open.</summary>
    /// <param name="directory">The model directory.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="ends">The ids that begin and end a text; null for none.</param>
    /// <param name="dtype">The element type of the weights in the same directory: F32, F16 or BF16.</param>
    /// <exception cref="ArgumentException">The configuration is not valid, or the element type is another one.</exception>
    public static void Write(string directory, ModelConfig config, TextEnds? ends = null, TensorDType dtype = TensorDType.F32)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        string torchDType = dtype switch
        {
            TensorDType.F32 => "float32",
            TensorDType.F16 => "float16",
            TensorDType.Bf16 => "bfloat16",
            _ => throw new ArgumentException($"weights are written as F32, F16 or BF16, not {dtype.HeaderName()}", nameof(dtype)),
        };
        DurableFile.Replace(Path.Combine(directory, FileName), stream =>
        {
            using Utf8JsonWriter json = new(stream, ReadableJson.Indented);
            if (config is LstmConfig lstm)
                LstmConfigJson.Write(json, lstm, ends ?? TextEnds.None, torchDType);
            else
                WriteFields(json, config.AsGpt(FileName), ends ?? TextEnds.None, torchDType);
        });
    }

    private static void WriteFields(Utf8JsonWriter json, GptConfig config, TextEnds ends, string torchDType)
    {
        bool gpt2 = config.Architecture == ModelArchitecture.Gpt2;
        json.WriteStartObject();
        json.WriteStartArray("architectures");
        json.WriteStringValue(config.WithoutFinalNorm ? "ForewordGpt2WithoutFinalNorm" : gpt2 ? "GPT2LMHeadModel" : "OpenAIGPTLMHeadModel");
        json.WriteEndArray();
        json.WriteString("model_type", config.WithoutFinalNorm ? Gpt.Gpt2WithoutFinalNormType : gpt2 ? Gpt.Gpt2Type : Gpt.Gpt1Type);
        json.WriteNumber("vocab_size", config.VocabSize);
        json.WriteNumber("n_positions", config.ContextLength);
        json.WriteNumber("n_ctx", config.ContextLength);
        json.WriteNumber("n_embd", config.NEmbd);
        json.WriteNumber("n_layer", config.NLayer);
        json.WriteNumber("n_head", config.NHead);
        if (gpt2 && config.FeedForwardWidth is { } width)
            json.WriteNumber("n_inner", width);
        else if (gpt2)
            json.WriteNull("n_inner"); // null means 4 n_embd
        json.WriteString(gpt2 ? "activation_function" : "afn", Activations.NameOf(config.Architecture, config.Activation));
        if (!config.ScaleAttention)
            json.WriteBoolean("scale_attn_weights", false);
        if (config.ScaleAttentionByInverseLayer)
            json.WriteBoolean("scale_attn_by_inverse_layer_idx", true);
        json.WriteNumber("embd_pdrop", config.EmbdDropout);
        json.WriteNumber("attn_pdrop", config.AttnDropout);
        json.WriteNumber("resid_pdrop", config.ResidDropout);
        json.WriteNumber("layer_norm_epsilon", config.LayerNormEpsilon);
        json.WriteNumber("initializer_range", config.InitializerRange);
        json.WriteBoolean("tie_word_embeddings", config.TieWordEmbeddings);
        bool hasStart = ends.Write(json), lacksDefault = gpt2 && config.VocabSize <= Gpt.DefaultEndOfText;
        if (lacksDefault && !hasStart)
            json.WriteNull("bos_token_id");
        if (lacksDefault && ends.EndIds.Count == 0)
            json.WriteNull("eos_token_id");

        json.WriteString("torch_dtype", torchDType);
        json.WriteEndObject();
    }

    /// <summary>Reads the fields of a GPT.</summary>
    private sealed class Gpt(ConfigFields fields)
    {
        public const string Gpt2Type = "gpt2";
        public const string Gpt1Type = "openai-gpt";

        /// <summary>A type of our own, so that transformers refuses the model instead of adding a final LayerNorm to it.</summary>
        public const string Gpt2WithoutFinalNormType = "foreword-gpt2-without-final-norm";

        private const string Types = $"\"{Gpt2Type}\", \"{Gpt1Type}\" and \"{LstmConfigJson.Type}\"";

        /// <summary>The id with which GPT2Config begins and ends a text if the file has none.</summary>
        public const int DefaultEndOfText = 50_256;

        public GptConfig Model()
        {
            ModelArchitecture architecture = Architecture();
            GptConfig config = new()
            {
                Architecture = architecture,
                VocabSize = fields.Integer("vocab_size"),
                ContextLength = Context(),
                NEmbd = fields.Integer("n_embd", "hidden_size"),
                NLayer = fields.Integer("n_layer", "num_hidden_layers"),
                NHead = fields.Integer("n_head", "num_attention_heads"),
                EmbdDropout = fields.Number("embd_pdrop", 0.1),
                AttnDropout = fields.Number("attn_pdrop", 0.1),
                ResidDropout = fields.Number("resid_pdrop", 0.1),
                LayerNormEpsilon = fields.Number("layer_norm_epsilon", 1e-5),
                InitializerRange = fields.Number("initializer_range", 0.02),
                TieWordEmbeddings = fields.Boolean("tie_word_embeddings", true),
                Activation = Activation(architecture),
            };
            if (architecture == ModelArchitecture.Gpt2)
                config = WithFieldsOfGpt2(config);
            RefuseOtherComputations();
            return fields.Validated(config);
        }

        /// <summary>Adds the fields that GPT2Config has and OpenAIGPTConfig does not. transformers ignores them in a GPT-1.</summary>
        private GptConfig WithFieldsOfGpt2(GptConfig config)
        {
            _ = fields.Boolean("reorder_and_upcast_attn", false); // the same computation in another order, always in float32
            int? width = fields.TryGet("n_inner", out _) ? fields.Integer("n_inner") : null;
            return config with
            {
                FeedForwardWidth = width == 4L * config.NEmbd ? null : width,
                ScaleAttention = fields.Boolean("scale_attn_weights", true),
                ScaleAttentionByInverseLayer = fields.Boolean("scale_attn_by_inverse_layer_idx", false),
                WithoutFinalNorm = fields.TryGet("model_type", out JsonElement type) && type.ValueEquals(Gpt2WithoutFinalNormType),
            };
        }

        private Activation Activation(ModelArchitecture architecture)
        {
            string field = architecture == ModelArchitecture.Gpt2 ? "activation_function" : "afn";
            if (!fields.TryGet(field, out JsonElement value))
                return default;
            return value.ValueKind == JsonValueKind.String && Activations.Find(architecture, value.GetString()) is { } activation
                ? activation
                : throw fields.Refused(field, $"only {string.Join(", ", Activations.Names(architecture).Select(name => $"\"{name}\""))} are supported");
        }

        private ModelArchitecture Architecture()
        {
            if (!fields.TryGet("model_type", out JsonElement type))
                throw fields.Missing("model_type");
            return type.ValueKind != JsonValueKind.String ? throw fields.Refused("model_type", $"it must be {Types}") : type.GetString() switch
            {
                Gpt2Type or Gpt2WithoutFinalNormType => ModelArchitecture.Gpt2,
                Gpt1Type => ModelArchitecture.Gpt1,
                _ => throw fields.Refused("model_type", $"only {Types} are supported"),
            };
        }

        /// <summary>Returns the context length: n_positions, or n_ctx as in some older files, or max_position_embeddings.</summary>
        private int Context() => fields.Integer("n_positions", "n_ctx", "max_position_embeddings");

        /// <summary>
        /// Rejects fields that select a computation which the released GPT-1 and GPT-2 do not have. Ignoring them would give wrong results.
        /// </summary>
        private void RefuseOtherComputations()
        {
            if (fields.TryGet("add_cross_attention", out JsonElement cross) && cross.ValueKind != JsonValueKind.False)
                throw fields.Refused("add_cross_attention", "only false is supported");
            if (fields.TryGet("pruned_heads", out JsonElement pruned) && !(pruned.ValueKind == JsonValueKind.Object && !pruned.EnumerateObject().Any()))
                throw fields.Refused("pruned_heads", "models with pruned heads are not supported");
            if (fields.TryGet("quantization_config", out _))
                throw fields.Refused("quantization_config", "quantized weights of this kind are not supported");
        }
    }
}
