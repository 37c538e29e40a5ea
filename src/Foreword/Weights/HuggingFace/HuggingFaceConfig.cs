using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.IO;
using Foreword.Models;
using Foreword.Settings;
using Foreword.Tokenization.Files;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// Reads and writes <c>config.json</c>, as <c>transformers</c> writes it for <c>GPT2LMHeadModel</c> and <c>OpenAIGPTLMHeadModel</c>. Missing fields
/// have the defaults of <c>GPT2Config</c> and <c>OpenAIGPTConfig</c>. The sizes have no default.
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
    public static GptConfig Read(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        string path = Path.Combine(directory, FileName);
        return JsonFile.Read(path, JsonValueKind.Object, root => new Fields(path, root).Model());
    }

    /// <summary>Writes <c>config.json</c> into an existing directory, in a form that <c>transformers</c> can open.</summary>
    /// <param name="directory">The model directory.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="ends">The ids that begin and end a text; null for none.</param>
    /// <param name="dtype">The element type of the weights in the same directory: F32, F16 or BF16.</param>
    /// <exception cref="ArgumentException">The configuration is not valid, or the element type is another one.</exception>
    public static void Write(string directory, GptConfig config, TextEnds? ends = null, TensorDType dtype = TensorDType.F32)
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
            using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            WriteFields(json, config, ends ?? TextEnds.None, torchDType);
        });
    }

    private static void WriteFields(Utf8JsonWriter json, GptConfig config, TextEnds ends, string torchDType)
    {
        bool gpt2 = config.Architecture == GptArchitecture.Gpt2;
        json.WriteStartObject();
        json.WriteStartArray("architectures");
        json.WriteStringValue(gpt2 ? "GPT2LMHeadModel" : "OpenAIGPTLMHeadModel");
        json.WriteEndArray();
        json.WriteString("model_type", gpt2 ? Fields.Gpt2Type : Fields.Gpt1Type);
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
        bool hasStart = ends.Write(json), lacksDefault = gpt2 && config.VocabSize <= Fields.DefaultEndOfText;
        if (lacksDefault && !hasStart)
            json.WriteNull("bos_token_id");
        if (lacksDefault && ends.EndIds.Count == 0)
            json.WriteNull("eos_token_id");

        json.WriteString("torch_dtype", torchDType);
        json.WriteEndObject();
    }

    /// <summary>Reads the fields of one file. Every error message names the path.</summary>
    private sealed class Fields(string path, JsonElement root)
    {
        public const string Gpt2Type = "gpt2";
        public const string Gpt1Type = "openai-gpt";

        /// <summary>The id with which GPT2Config begins and ends a text if the file has none.</summary>
        public const int DefaultEndOfText = 50_256;

        public GptConfig Model()
        {
            GptArchitecture architecture = Architecture();
            GptConfig config = new()
            {
                Architecture = architecture,
                VocabSize = Integer("vocab_size"),
                ContextLength = Context(),
                NEmbd = Integer("n_embd", "hidden_size"),
                NLayer = Integer("n_layer", "num_hidden_layers"),
                NHead = Integer("n_head", "num_attention_heads"),
                EmbdDropout = Number("embd_pdrop", 0.1),
                AttnDropout = Number("attn_pdrop", 0.1),
                ResidDropout = Number("resid_pdrop", 0.1),
                LayerNormEpsilon = Number("layer_norm_epsilon", 1e-5),
                InitializerRange = Number("initializer_range", 0.02),
                TieWordEmbeddings = Boolean("tie_word_embeddings", true),
                Activation = Activation(architecture),
            };
            if (architecture == GptArchitecture.Gpt2)
                config = WithFieldsOfGpt2(config);
            RefuseOtherComputations();
            try
            {
                return config.Validate();
            }
            catch (ArgumentException problem)
            {
                throw new InvalidDataException($"{path}: {ArgumentSentence.Of(problem)}", problem);
            }
        }

        /// <summary>Adds the fields that GPT2Config has and OpenAIGPTConfig does not. transformers ignores them in a GPT-1.</summary>
        private GptConfig WithFieldsOfGpt2(GptConfig config)
        {
            _ = Boolean("reorder_and_upcast_attn", false); // the same computation in another order, always in float32
            int? width = TryGet("n_inner", out _) ? Integer("n_inner") : null;
            return config with
            {
                FeedForwardWidth = width == 4L * config.NEmbd ? null : width,
                ScaleAttention = Boolean("scale_attn_weights", true),
                ScaleAttentionByInverseLayer = Boolean("scale_attn_by_inverse_layer_idx", false),
            };
        }

        private Activation Activation(GptArchitecture architecture)
        {
            string field = architecture == GptArchitecture.Gpt2 ? "activation_function" : "afn";
            if (!TryGet(field, out JsonElement value))
                return default;
            return value.ValueKind == JsonValueKind.String && Activations.Find(architecture, value.GetString()) is { } activation
                ? activation
                : throw Refused(field, $"only {string.Join(", ", Activations.Names(architecture).Select(name => $"\"{name}\""))} are supported");
        }

        private GptArchitecture Architecture()
        {
            if (!TryGet("model_type", out JsonElement type))
                throw Missing("model_type");
            return type.ValueKind != JsonValueKind.String ? throw Refused("model_type", $"it must be \"{Gpt2Type}\" or \"{Gpt1Type}\"") : type.GetString() switch
            {
                Gpt2Type => GptArchitecture.Gpt2,
                Gpt1Type => GptArchitecture.Gpt1,
                _ => throw Refused("model_type", $"only \"{Gpt2Type}\" and \"{Gpt1Type}\" are supported"),
            };
        }

        /// <summary>Returns the context length: n_positions, or n_ctx as in some older files, or max_position_embeddings.</summary>
        private int Context() => Integer("n_positions", "n_ctx", "max_position_embeddings");

        /// <summary>
        /// Rejects fields that select a computation which the released GPT-1 and GPT-2 do not have. Ignoring them would give wrong results.
        /// </summary>
        private void RefuseOtherComputations()
        {
            if (TryGet("add_cross_attention", out JsonElement cross) && cross.ValueKind != JsonValueKind.False)
                throw Refused("add_cross_attention", "only false is supported");
            if (TryGet("pruned_heads", out JsonElement pruned) && !(pruned.ValueKind == JsonValueKind.Object && !pruned.EnumerateObject().Any()))
                throw Refused("pruned_heads", "models with pruned heads are not supported");
            if (TryGet("quantization_config", out _))
                throw Refused("quantization_config", "quantized weights of this kind are not supported");
        }

        private int Integer(string field)
        {
            if (!TryGet(field, out JsonElement value))
                throw Missing(field);
            return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Refused(field, "it must be a 32-bit integer");
        }

        /// <summary>Returns a field that has aliases (GPT2Config.attribute_map of transformers). All of its names that exist must agree.</summary>
        private int Integer(string field, params ReadOnlySpan<string> aliases)
        {
            string? found = TryGet(field, out _) ? field : null;
            foreach (string alias in aliases)
            {
                if (!TryGet(alias, out _))
                    continue;
                if (found is not null && Integer(found) != Integer(alias))
                    throw new InvalidDataException($"{path}: {found} is {Integer(found)} but {alias} is {Integer(alias)}");
                found ??= alias;
            }

            return Integer(found ?? field);
        }

        private bool Boolean(string field, bool absent)
        {
            if (!TryGet(field, out JsonElement value))
                return absent;
            return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Refused(field, "it must be true or false");
        }

        private double Number(string field, double absent)
        {
            if (!TryGet(field, out JsonElement value))
                return absent;
            return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : throw Refused(field, "it must be a number");
        }

        /// <summary>Finds the value of a field. A JSON null counts as missing, as in transformers.</summary>
        private bool TryGet(string field, out JsonElement value) =>
            root.TryGetProperty(field, out value) && value.ValueKind != JsonValueKind.Null;

        private InvalidDataException Missing(string field) => new($"{path}: the field '{field}' is missing");

        private InvalidDataException Refused(string field, string rule)
        {
            string value = root.GetProperty(field).GetRawText();
            return new InvalidDataException($"{path}: {field} is {(value.Length <= 80 ? value : $"{value[..80]}...")}; {rule}");
        }
    }
}
