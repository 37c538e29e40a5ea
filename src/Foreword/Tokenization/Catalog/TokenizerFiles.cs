using System.Text.Json;
using Foreword.IO;
using Foreword.Settings;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Gpt1;
using Foreword.Tokenization.WordPieces;
using Names = Foreword.Tokenization.Files.TokenizerFileNames;

namespace Foreword.Tokenization.Catalog;

/// <summary>Reads tokenizers from directories. The files in a directory decide which format is read.</summary>
public static class TokenizerFiles
{
    private static readonly Registry<TokenizerFormat> Registered = new("tokenizer format", format => [format.Name],
    [
        new("hf", [Names.TokenizerJson], static directory => HuggingFaceTokenizer.Read(Path.Combine(directory, Names.TokenizerJson))),
        new("gpt2", [Names.VocabJson, Names.MergesTxt], static directory => BpeFiles.Read(Path.Combine(directory, Names.VocabJson), Path.Combine(directory, Names.MergesTxt), Gpt1WordsOf(Path.Combine(directory, Names.VocabJson)))),
        new("openai-gpt2", [Names.EncoderJson, Names.VocabBpe], static directory => BpeFiles.Read(Path.Combine(directory, Names.EncoderJson), Path.Combine(directory, Names.VocabBpe))),
        new("openai-gpt1", [Names.Gpt1Encoder, Names.Gpt1Merges], static directory => BpeFiles.Read(Path.Combine(directory, Names.Gpt1Encoder), Path.Combine(directory, Names.Gpt1Merges))),
        new("wordpiece", [Names.VocabTxt], static directory => WordPieceFiles.Read(Path.Combine(directory, Names.VocabTxt))),
    ]);

    /// <summary>Gets the formats in order of preference. The first format whose files all exist is read.</summary>
    public static IReadOnlyList<TokenizerFormat> Formats => Registered.All;

    /// <summary>Adds a format of the program's own after the others.</summary>
    /// <param name="format">The format.</param>
    /// <exception cref="ArgumentException">Another format has the same name, or the format names no files.</exception>
    public static void Register(TokenizerFormat format)
    {
        ArgumentNullException.ThrowIfNull(format);
        if (format.Files.Count == 0)
            throw new ArgumentException($"the tokenizer format '{format.Name}' names no files", nameof(format));
        Registered.Add(format);
    }

    /// <summary>
    /// Reads the tokenizer of a directory. The first of these formats whose files exist is read: <c>tokenizer.json</c>; <c>vocab.json</c> with
    /// <c>merges.txt</c>; OpenAI's <c>encoder.json</c> with <c>vocab.bpe</c>; OpenAI's <c>encoder_bpe_40000.json</c> with
    /// <c>vocab_40000.bpe</c>; WordPiece's <c>vocab.txt</c>; a registered format. Added tokens, switches and ends of text are also read from
    /// <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c>, <c>added_tokens.json</c>, <c>config.json</c> and
    /// <c>generation_config.json</c> in the same directory.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist, or is a file.</exception>
    /// <exception cref="FileNotFoundException">The directory contains no tokenizer; the message lists the files that were searched for.</exception>
    /// <exception cref="InvalidDataException">A file is malformed; the message names file and line.</exception>
    /// <exception cref="NotSupportedException">A file requires something that Foreword does not support; the message names it.</exception>
    internal static Tokenizer Load(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!Directory.Exists(directory))
        {
            throw new DirectoryNotFoundException(File.Exists(directory)
                ? $"'{directory}' is a file; a tokenizer is a directory"
                : $"tokenizer directory '{directory}' does not exist");
        }

        if (Formats.FirstOrDefault(format => format.IsIn(directory)) is { } found)
            return found.Read(directory);
        string wanted = string.Join(", ", Formats.Select(format => string.Join(" + ", format.Files)));
        string[] halves = [.. Formats.SelectMany(format => format.Files).Where(file => File.Exists(Path.Combine(directory, file)))];
        string half = halves.Length == 0 ? "" : $"; only {string.Join(" and ", halves)} is there";
        throw new FileNotFoundException($"'{directory}' holds no tokenizer: looked for {wanted}{half}");
    }

    /// <summary>Checks whether a directory contains the files of a tokenizer.</summary>
    public static bool IsIn(string directory) => Formats.Any(format => format.IsIn(directory));

    /// <summary>Reads the tokenizer_config.json in the directory of a vocabulary file. Returns null if there is none.</summary>
    /// <exception cref="InvalidDataException">The file is not JSON.</exception>
    internal static TokenizerField? ConfigBeside(string vocabulary)
    {
        string path = Path.Combine(Path.GetDirectoryName(vocabulary)!, Names.TokenizerConfig);
        if (!File.Exists(path))
            return null;
        using JsonDocument config = JsonFile.Parse(path);
        return new TokenizerField(path, "", config.RootElement.Clone());
    }

    private static Gpt1Words Gpt1WordsOf(string vocabulary) =>
        ConfigBeside(vocabulary)?.IsTrue(Gpt1Json.StandardizeKey) == true ? Gpt1Words.Standardize : Gpt1Words.Basic;
}
