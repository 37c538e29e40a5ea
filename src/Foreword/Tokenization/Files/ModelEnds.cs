using System.Text.Json;
using Foreword.IO;

namespace Foreword.Tokenization.Files;

/// <summary>
/// The ids that begin and end a text according to the model's files: <c>bos_token_id</c> and <c>eos_token_id</c>, each a number or a list. They
/// are read from <c>generation_config.json</c>, or from <c>config.json</c> if that file does not set them. transformers does the same.
/// </summary>
/// <param name="Start">The id that begins a text, or null.</param>
/// <param name="Ends">The ids that end a text.</param>
internal sealed record ModelEnds(int? Start, IReadOnlyList<int> Ends)
{
    /// <summary>The file whose values win.</summary>
    public const string GenerationConfig = "generation_config.json";

    private const string ModelConfig = "config.json";

    /// <summary>The fields that identify a model. A file with one of them describes a model.</summary>
    private static readonly string[] ModelKeys = ["model_type", "n_embd", "architectures"];

    private static readonly ModelEnds None = new(null, []);

    /// <summary>Reads those of the two files that the directory contains.</summary>
    /// <exception cref="InvalidDataException">
    /// generation_config.json is not a JSON object, or an id is not an integer; the message names file, field and value.
    /// </exception>
    public static ModelEnds Read(string directory)
    {
        ModelEnds first = ReadGeneration(Path.Combine(directory, GenerationConfig)), second = ReadModel(Path.Combine(directory, ModelConfig));
        return new ModelEnds(first.Start ?? second.Start, first.Ends.Count > 0 ? first.Ends : second.Ends);
    }

    private static ModelEnds ReadGeneration(string path)
    {
        if (!File.Exists(path))
            return None;
        using JsonDocument document = JsonFile.Parse(path);
        TokenizerField root = new(path, "", document.RootElement);
        return document.RootElement.ValueKind == JsonValueKind.Object ? Of(root) : throw root.Malformed("is not a JSON object");
    }

    /// <summary>Reads a config.json. Many programs use this file name. A file that does not describe a model says nothing about a tokenizer.</summary>
    private static ModelEnds ReadModel(string path)
    {
        if (!File.Exists(path))
            return None;
        JsonDocument document;
        try
        {
            document = JsonFile.Parse(path);
        }
        catch (InvalidDataException)
        {
            return None; // the code that reads the model reports the error
        }

        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Object && ModelKeys.Any(key => document.RootElement.TryGetProperty(key, out _))
                ? Of(new TokenizerField(path, "", document.RootElement))
                : None;
        }
    }

    private static ModelEnds Of(TokenizerField root) =>
        new(Ids(root, "bos_token_id").Select(id => (int?)id).FirstOrDefault(), Ids(root, "eos_token_id"));

    /// <summary>Returns the ids of a field. A negative id means that there is none, as in transformers.</summary>
    private static int[] Ids(TokenizerField root, string name)
    {
        if (root.Find(name) is not { } field)
            return [];
        return [.. (field.Value.ValueKind == JsonValueKind.Array ? field.Items() : [field]).Select(Id).Where(id => id >= 0)];
    }

    private static int Id(TokenizerField field) => field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt32(out int id)
        ? id
        : throw field.Malformed($"is {field.Value.GetRawText()}; it must be an id or a list of ids");
}
