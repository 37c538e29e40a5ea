using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Foreword.IO;
using Foreword.Models;

namespace Foreword.Weights.OpenAi;

/// <summary>Reads GPT-2 in the form that OpenAI released: <c>hparams.json</c> and a TensorFlow checkpoint (openai/gpt-2, src/model.py).</summary>
/// <remarks>
/// The index of the checkpoint is a table from the name of a tensor to its position in <c>model.ckpt.data-00000-of-00001</c>
/// (tensorflow/core/protobuf/tensor_bundle.proto). Checksums are verified. The checksum of a tensor is verified when the tensor is first read.
/// </remarks>
internal sealed partial class OpenAiGpt2Format : WeightsFormat
{
    private const string HyperParameters = "hparams.json";
    private const string DefaultPrefix = "model.ckpt";
    private const string IndexSuffix = ".index";

    public override string Name => "openai-gpt2";

    public override string Files => $"{HyperParameters} + {DefaultPrefix}.index + {DefaultPrefix}.data-...";

    public override bool IsAt(string path) => File.Exists(Path.Combine(path, HyperParameters)) && Prefix(path) is not null;

    protected override (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
    {
        string hyperParameters = Path.Combine(path, HyperParameters);
        GptConfig config = Validated(hyperParameters, JsonFile.Read(hyperParameters, JsonValueKind.Object, root => Config(hyperParameters, root)));
        string prefix = Prefix(path)!;
        TensorBundle bundle = TensorBundle.Open(prefix, files);
        return (config, ParameterMatch.Of(prefix + IndexSuffix, config, [.. bundle.Tensors.Select(Renamed)], FileName));
    }

    private static GptConfig Config(string path, JsonElement root)
    {
        return new GptConfig { VocabSize = Field("n_vocab"), ContextLength = Field("n_ctx"), NEmbd = Field("n_embd"), NHead = Field("n_head"), NLayer = Field("n_layer") };

        int Field(string name) => !root.TryGetProperty(name, out JsonElement value)
            ? throw new InvalidDataException($"{path}: the field '{name}' is missing")
            : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw new InvalidDataException($"{path}: {name} is {value.GetRawText()}; it must be a 32-bit integer");
    }

    /// <summary>
    /// Returns the path of the checkpoint without the file endings, or null if there is none. It is the checkpoint that the file <c>checkpoint</c>
    /// names, or <c>model.ckpt</c>, or the only checkpoint in the directory.
    /// </summary>
    private static string? Prefix(string directory)
    {
        string list = Path.Combine(directory, "checkpoint");
        if (File.Exists(list) && NewestCheckpoint().Match(FirstCharacters(list)) is { Success: true } newest)
        {
            string named = Path.Combine(directory, Path.GetFileName(newest.Groups["path"].Value));
            if (File.Exists(named + IndexSuffix))
                return named;
        }

        string usual = Path.Combine(directory, DefaultPrefix);
        if (File.Exists(usual + IndexSuffix))
            return usual;
        string[] all = Directory.GetFiles(directory, $"*{IndexSuffix}");
        return all is [var only] ? only[..^IndexSuffix.Length] : null;
    }

    private static string FirstCharacters(string path)
    {
        using StreamReader text = new(path);
        char[] characters = new char[4096];
        return new string(characters, 0, text.ReadBlock(characters));
    }

    [GeneratedRegex("""^model_checkpoint_path: "(?<path>[^"]+)"$""", RegexOptions.Multiline)]
    private static partial Regex NewestCheckpoint();

    /// <summary>Gives a tensor its name in Foreword, and removes the leading dimension of 1 of a width-1 convolution's kernel.</summary>
    private static (string Name, StoredTensor Tensor) Renamed(StoredTensor tensor)
    {
        string name = OurName(tensor.FileName);
        return (name, tensor.Shape is [1, var rows, var columns] ? tensor.As(name, [rows, columns]) : tensor);
    }

    private static string OurName(string fileName) => fileName switch
    {
        "model/wte" => GptParameter.TokenEmbedding,
        "model/wpe" => GptParameter.PositionEmbedding,
        _ when fileName.Split('/') is ["model", .. var scopes, var kind] && scopes.Length > 0 && Kind(kind, scopes[^1]) is { } suffix => $"{Scope(scopes)}.{suffix}",
        _ => fileName,
    };

    private static string? Kind(string kind, string module) => (kind, module.StartsWith("ln_", StringComparison.Ordinal)) switch
    {
        ("g", true) or ("w", false) => "weight",
        ("b", _) => "bias",
        _ => null,
    };

    /// <summary>Converts h0/attn/c_attn to h.0.attn.c_attn.</summary>
    private static string Scope(string[] scopes)
    {
        string joined = string.Join('.', scopes);
        return joined is ['h', >= '0' and <= '9', ..] ? $"h.{joined[1..]}" : joined;
    }

    private static string FileName(string name)
    {
        if (name is GptParameter.TokenEmbedding or GptParameter.PositionEmbedding)
            return $"model/{name[..3]}";
        string[] parts = name.Split('.');
        string module = parts[^2], kind = parts[^1] == "bias" ? "b" : module.StartsWith("ln_", StringComparison.Ordinal) ? "g" : "w";
        return parts[0] == "h"
            ? $"model/h{int.Parse(parts[1], CultureInfo.InvariantCulture)}/{string.Join('/', parts[2..^1])}/{kind}"
            : $"model/{module}/{kind}";
    }
}
