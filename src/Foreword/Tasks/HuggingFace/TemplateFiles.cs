using System.Text.Json;
using Foreword.IO;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.WordPieces;

namespace Foreword.Tasks.HuggingFace;

/// <summary>
/// Reads the ids that the tokenizer of a model directory puts around texts when <c>transformers</c> calls it. They come from the
/// <c>post_processor</c> of <c>tokenizer.json</c>. If that file is missing, they follow from the tokenizer's class.
/// </summary>
internal static class TemplateFiles
{
    /// <summary>Reads the template of a directory.</summary>
    /// <returns>The template; <see cref="SequenceTemplate.Plain"/> if the tokenizer adds nothing.</returns>
    /// <exception cref="InvalidDataException">A file is malformed. The message names it.</exception>
    /// <exception cref="NotSupportedException">The tokenizer adds ids in a way that is not supported. The message names it.</exception>
    public static SequenceTemplate Read(string directory)
    {
        string path = Path.Combine(directory, TokenizerFileNames.TokenizerJson);
        if (!File.Exists(path))
            return OfClass(directory);
        using JsonDocument document = JsonFile.Parse(path);
        TokenizerField root = new(path, "", document.RootElement);
        (int[] before, int[] between, int[] after) = TemplateJson.ReadPair(root);
        if (before.Length + between.Length + after.Length > 0)
            return new SequenceTemplate(before, between, after);
        return TokenizerFiles.ConfigBeside(path) is not null ? OfTokenizer(TokenizerFiles.Load(directory)) : SequenceTemplate.Plain;
    }

    /// <summary>
    /// Returns the template of a tokenizer without a tokenizer.json. A BERT tokenizer adds [CLS] and [SEP]. Other tokenizers add what the files next
    /// to their vocabulary specify.
    /// </summary>
    private static SequenceTemplate OfClass(string directory)
    {
        if (!TokenizerFiles.IsIn(directory))
            return SequenceTemplate.Plain;
        Tokenizer tokenizer = TokenizerFiles.Load(directory);
        if (tokenizer is not WordPiece)
            return OfTokenizer(tokenizer);
        int[] separator = [IdOf(tokenizer, "[SEP]", directory)];
        return new SequenceTemplate([IdOf(tokenizer, "[CLS]", directory)], separator, separator);
    }

    /// <summary>Returns the template of a tokenizer that puts the same ids around each text, including each text of a pair.</summary>
    private static SequenceTemplate OfTokenizer(Tokenizer tokenizer) =>
        new(tokenizer.TemplateStart, [.. tokenizer.TemplateEnd, .. tokenizer.TemplateStart], tokenizer.TemplateEnd);

    private static int IdOf(Tokenizer tokenizer, string text, string directory)
    {
        foreach (AddedToken token in tokenizer.AddedTokens)
        {
            if (token.Text == text)
                return token.Id;
        }

        throw new InvalidDataException($"{directory}: the tokenizer adds {text} to every text, but has no such token");
    }
}
