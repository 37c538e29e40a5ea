using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Foreword.Tokenization;

/// <summary>
/// A byte-level vocabulary in two files, as GPT-2 was released: a JSON object from token to id (<c>vocab.json</c>, OpenAI's
/// <c>encoder.json</c>) and the merges, one a line by rank (<c>merges.txt</c>, OpenAI's <c>vocab.bpe</c>).
/// </summary>
public static class Gpt2VocabularyFiles
{
    private const string VersionMark = "#version";

    /// <summary>
    /// Reads the two files. An entry that is neither a byte nor made by a merge, such as <c>&lt;|endoftext|&gt;</c>, is a
    /// special token.
    /// </summary>
    /// <exception cref="InvalidDataException">A file is malformed; the message names it and the line.</exception>
    public static ByteLevelBpe Read(string vocabularyPath, string mergesPath)
    {
        ByteLevelVocabulary vocabulary = new();
        ReadVocabulary(vocabularyPath, vocabulary);
        ReadMerges(mergesPath, vocabulary);
        vocabulary.MarkUnmadeAsSpecial();
        return vocabulary.Build(vocabularyPath);
    }

    /// <summary>Writes the two files, each beside and then renamed; all tokens stand in the first, added ones too.</summary>
    public static void Write(ByteLevelBpe tokenizer, string vocabularyPath, string mergesPath)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        DurableFile.Replace(vocabularyPath, stream =>
        {
            using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            json.WriteStartObject();
            for (int id = 0; id < tokenizer.VocabularySize; id++)
                json.WriteNumber(tokenizer.TokenText(id), id);
            json.WriteEndObject();
        });
        DurableFile.Replace(mergesPath, stream =>
        {
            using StreamWriter text = new(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
            text.WriteLine($"{VersionMark}: 0.2");
            foreach (BpeMerge merge in tokenizer.Merges)
                text.WriteLine($"{tokenizer.TokenText(merge.Left)} {tokenizer.TokenText(merge.Right)}");
        });
    }

    private static void ReadVocabulary(string path, ByteLevelVocabulary vocabulary)
    {
        byte[] file = File.ReadAllBytes(path);
        ReadOnlySpan<byte> bytes = JsonFile.WithoutMark(file);
        Utf8JsonReader json = new(bytes);
        try
        {
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject)
                throw new InvalidDataException($"{path}: the vocabulary is not a JSON object from token to id");
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                string text = json.GetString()!;
                json.Read();
                string? problem = json.TokenType == JsonTokenType.Number && json.TryGetInt32(out int id)
                    ? vocabulary.AddToken(text, id)
                    : $"token '{text}' has no whole number as its id";
                if (problem is not null)
                    throw new InvalidDataException($"{path}:{JsonFile.LineOf(bytes, json.TokenStartIndex)}: {problem}");
            }

            json.Read(); // what follows the object, if anything, is an error
        }
        catch (JsonException problem)
        {
            throw JsonFile.Broken(path, problem);
        }
        catch (InvalidOperationException) // a name with half a surrogate pair, which is no text
        {
            throw new InvalidDataException($"{path}:{JsonFile.LineOf(bytes, json.TokenStartIndex)}: the token is not valid Unicode");
        }
    }

    private static void ReadMerges(string path, ByteLevelVocabulary vocabulary)
    {
        // Split on line feeds alone: tokens may hold any other character that some readers take for the end of a line.
        string[] lines = File.ReadAllText(path).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            if ((i == 0 && line.StartsWith(VersionMark, StringComparison.Ordinal)) || (i == lines.Length - 1 && line.Length == 0))
                continue;
            if (ByteLevelMerges.Add(vocabulary, line) is { } problem)
                throw new InvalidDataException($"{path}:{i + 1}: {problem}");
        }
    }
}

/// <summary>A merge as one line of text.</summary>
internal static class ByteLevelMerges
{
    /// <summary>Adds the merge of a line, two tokens with one U+0020 between them; answers what is wrong with it, or null.</summary>
    public static string? Add(ByteLevelVocabulary vocabulary, string line)
    {
        int space = line.IndexOf(' ');
        return space <= 0 || space == line.Length - 1 || line.IndexOf(' ', space + 1) >= 0
            ? $"'{line}' is not a merge: two tokens with one space between them"
            : vocabulary.AddMerge(line[..space], line[(space + 1)..]);
    }
}
