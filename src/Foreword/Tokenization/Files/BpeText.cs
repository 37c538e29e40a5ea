using System.Text;
using System.Text.Json;
using Foreword.IO;
using Foreword.Tokenization.Bpe;

namespace Foreword.Tokenization.Files;

/// <summary>
/// Reads and writes a BPE vocabulary as two files. The first is a JSON object from token to id (<c>vocab.json</c>, OpenAI's <c>encoder.json</c>). The
/// second lists the merges by rank, one per line (<c>merges.txt</c>, OpenAI's <c>vocab.bpe</c>).
/// </summary>
internal static class BpeText
{
    private const string VersionMark = "#version";

    /// <summary>Writes vocab.json and merges.txt into a directory.</summary>
    public static void Write(Tokenizer tokenizer, IReadOnlyList<BpeMerge> merges, string directory) =>
        Write(tokenizer, merges, Path.Combine(directory, TokenizerFileNames.VocabJson), Path.Combine(directory, TokenizerFileNames.MergesTxt));

    /// <summary>
    /// Writes the two files, each under a temporary name that is then changed. The first file also contains those added tokens that belong to the
    /// model's own vocabulary.
    /// </summary>
    public static void Write(Tokenizer tokenizer, IReadOnlyList<BpeMerge> merges, string vocabularyPath, string mergesPath)
    {
        DurableFile.Replace(vocabularyPath, stream =>
        {
            using Utf8JsonWriter json = new(stream, ReadableJson.Line);
            json.WriteStartObject();
            foreach (int id in Enumerable.Range(0, tokenizer.VocabSize).Where(id => !tokenizer.IsBeyondModel(id)))
                json.WriteNumber(tokenizer.TokenText(id), id);
            json.WriteEndObject();
        });
        DurableFile.Replace(mergesPath, stream =>
        {
            using StreamWriter text = new(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
            text.WriteLine($"{VersionMark}: 0.2");
            foreach (BpeMerge merge in merges)
                text.WriteLine($"{tokenizer.TokenText(merge.Left)} {tokenizer.TokenText(merge.Right)}");
        });
    }

    /// <summary>Reads the JSON object from token to id.</summary>
    /// <exception cref="InvalidDataException">The file is malformed; the message names it and the line.</exception>
    public static void ReadVocabulary(string path, VocabularyEntries vocabulary)
    {
        byte[] file = File.ReadAllBytes(path);
        GitLfsPointer.Refuse(path, file);
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
                    : $"token '{text}' has an id that is not a whole number";
                if (problem is not null)
                    throw new InvalidDataException($"{path}:{JsonFile.LineOf(bytes, json.TokenStartIndex)}: {problem}");
            }

            json.Read(); // throws if anything follows the object
        }
        catch (JsonException problem)
        {
            throw JsonFile.Broken(path, problem);
        }
        catch (InvalidOperationException) // a name with a lone surrogate, which is not valid text
        {
            throw new InvalidDataException($"{path}:{JsonFile.LineOf(bytes, json.TokenStartIndex)}: the token is not valid Unicode");
        }
    }

    /// <summary>Reads the list of merges.</summary>
    /// <exception cref="InvalidDataException">A line is malformed; the message names the file and the line.</exception>
    public static void ReadMerges(string path, VocabularyEntries vocabulary)
    {
        GitLfsPointer.Refuse(path);

        // Split only at line feeds. Tokens may contain any other character that some readers treat as the end of a line.
        string[] lines = File.ReadAllText(path).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            if ((i == 0 && line.StartsWith(VersionMark, StringComparison.Ordinal)) || (i == lines.Length - 1 && line.Length == 0))
                continue;
            if (AddMerge(vocabulary, line) is { } problem)
                throw new InvalidDataException($"{path}:{i + 1}: {problem}");
        }
    }

    /// <summary>Adds the merge of a line: two tokens with one U+0020 between them. Returns the problem with it, or null.</summary>
    public static string? AddMerge(VocabularyEntries vocabulary, string line)
    {
        int space = line.IndexOf(' ');
        return space <= 0 || space == line.Length - 1 || line.IndexOf(' ', space + 1) >= 0
            ? $"'{line}' is not a merge; expected two tokens with one space between them"
            : vocabulary.AddMerge(line[..space], line[(space + 1)..]);
    }
}
