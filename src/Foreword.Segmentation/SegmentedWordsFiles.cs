using System.Text;
using Foreword.IO;
using Foreword.Settings;
using Foreword.Tokenization.Files;

namespace Foreword.Segmentation;

/// <summary>
/// Reads and writes <see cref="SegmentedWords"/> as files: <c>vocab_seg.txt</c>, which has one token per line and whose name is GPT2-Chinese's, and
/// <c>tokenizer_config.json</c>, which names the segmenter.
/// </summary>
internal static class SegmentedWordsFiles
{
    public const string Vocabulary = "vocab_seg.txt";

    private const string SegmenterKey = "segmenter";

    /// <summary>Reads the files of a directory. Without a name of a segmenter, the first one is used.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="segmenters">The segmenters that are there.</param>
    /// <exception cref="InvalidDataException">A file is malformed; the message names it and the line.</exception>
    /// <exception cref="NotSupportedException">The files name another segmenter.</exception>
    public static SegmentedWords Read(string directory, IReadOnlyList<IWordSegmenter> segmenters)
    {
        string path = Path.Combine(directory, Vocabulary);
        TokenizerCompanions companions = TokenizerCompanions.Beside(path);
        companions.RequireRole(TokenizerCompanions.UnknownKey, SegmentedWords.Unknown);
        IWordSegmenter segmenter = segmenters[0];
        if (companions.Config?.Find(SegmenterKey) is { } name)
            segmenter = segmenters.FirstOrDefault(each => each.Name == name.Text) ?? throw name.Unsupported($"segmenter '{name.Text}'", $"supported: {string.Join(", ", segmenters.Select(each => each.Name))}");

        string[] lines = StrictText.Read(path).Split('\n');
        if (lines[^1].Length == 0)
            lines = lines[..^1];
        VocabularyEntries vocabulary = new();
        for (int id = 0; id < lines.Length; id++)
        {
            if (vocabulary.AddToken(lines[id].TrimEnd('\r'), id) is { } problem)
                throw new InvalidDataException($"{path}:{id + 1}: {problem}");
        }

        companions.AddTo(vocabulary);
        try
        {
            return (SegmentedWords)companions.Assign(new SegmentedWords(vocabulary.Texts(path), segmenter, vocabulary.Added, vocabulary.Beyond));
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {ArgumentSentence.Of(problem)}", problem);
        }
    }

    public static void Save(SegmentedWords tokenizer, string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        int last = tokenizer.VocabSize - 1; // added tokens at the end do not belong to the model's own vocabulary
        while (tokenizer.IsBeyondModel(last))
            last--;
        DurableFile.Replace(Path.Combine(directory, Vocabulary), stream =>
        {
            for (int id = 0; id <= last; id++)
                stream.Write(Encoding.UTF8.GetBytes(tokenizer.TokenText(id) + "\n"));
        });
        HashSet<string> texts = [.. tokenizer.AddedTokens.Select(token => token.Text)];
        Dictionary<string, string> roles = SegmentedWords.SpecialTexts.Where(texts.Contains).ToDictionary(text => $"{text.Trim('[', ']').ToLowerInvariant()}_token");
        TokenizerConfigJson.Write(tokenizer, directory, "SegmentedWords", roles, json => json.WriteString(SegmenterKey, tokenizer.SegmenterName));
    }
}
