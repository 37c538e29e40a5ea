using System.Text.Json;
using Foreword.IO;

namespace Foreword.Tokenization.Files;

/// <summary>Represents the ids that begin and end a text, as a model's <c>config.json</c> and <c>generation_config.json</c> hold them.</summary>
/// <param name="StartId">The id that begins a text, or null if there is none.</param>
/// <param name="EndIds">The ids that end a generated text. The id that ends a document comes first. May be empty.</param>
public sealed record TextEnds(int? StartId, IReadOnlyList<int> EndIds)
{
    /// <summary>The file whose values override those of the other.</summary>
    internal const string GenerationConfig = "generation_config.json";

    private const string ModelConfig = "config.json";

    /// <summary>The fields that identify a model. A file with one of them describes a model.</summary>
    private static readonly string[] ModelKeys = ["model_type", "n_embd", "architectures"];

    /// <summary>Gets an instance without ids.</summary>
    public static TextEnds None { get; } = new(null, []);

    /// <summary>Returns the ids of a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    public static TextEnds FromTokenizer(Tokenizer tokenizer)
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
        ArgumentNullException.ThrowIfNull(directory);
        TextEnds first = ReadGeneration(Path.Combine(directory, GenerationConfig)), second = None;
        ReadModel(Path.Combine(directory, ModelConfig), root => second = Read(root));
        return new TextEnds(first.StartId ?? second.StartId, first.EndIds.Count > 0 ? first.EndIds : second.EndIds);
    }

    /// <summary>Returns the ids that are less than a vocabulary size.</summary>
    /// <param name="vocabSize">The number of ids.</param>
    public TextEnds Within(int vocabSize) => new(StartId < vocabSize ? StartId : null, [.. EndIds.Where(id => id < vocabSize)]);

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

    /// <summary>Returns the class of the tokenizer that a model's config.json names; null if it names none.</summary>
    internal static string? TokenizerClass(string directory)
    {
        string? name = null;
        ReadModel(Path.Combine(directory, ModelConfig), root => name = root.Find("tokenizer_class") is { Value.ValueKind: JsonValueKind.String } field ? field.Text : null);
        return name;
    }

    private static TextEnds ReadGeneration(string path)
    {
        if (!File.Exists(path))
            return None;
        using JsonDocument document = JsonFile.Parse(path);
        TokenizerField root = new(path, "", document.RootElement);
        return document.RootElement.ValueKind == JsonValueKind.Object ? Read(root) : throw root.Malformed("is not a JSON object");
    }

    /// <summary>Reads a config.json. Many programs use this file name. A file that does not describe a model says nothing about a tokenizer.</summary>
    private static void ReadModel(string path, Action<TokenizerField> read)
    {
        if (!File.Exists(path))
            return;
        JsonDocument document;
        try
        {
            document = JsonFile.Parse(path);
        }
        catch (InvalidDataException)
        {
            return; // the code that reads the model reports the error
        }

        using (document)
        {
            if (document.RootElement.ValueKind == JsonValueKind.Object && ModelKeys.Any(key => document.RootElement.TryGetProperty(key, out _)))
                read(new TokenizerField(path, "", document.RootElement));
        }
    }

    private static TextEnds Read(TokenizerField root) =>
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
