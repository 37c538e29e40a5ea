using System.Text.Json;
using Foreword.IO;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Gpt1;
using Foreword.Tokenization.WordPieces;
using Foreword.Tokenization.Words;

namespace Foreword.Tokenization.Catalog;

/// <summary>
/// Reads a tokenizer from Hugging Face's <c>tokenizer.json</c>. Reading is strict: a part that changes ids and that no supported kind uses
/// is an error that names the part. It is never skipped. <c>truncation</c> and <c>padding</c> are ignored, because they are options of a call.
/// </summary>
internal static class HuggingFaceTokenizer
{
    /// <summary>Reads a tokenizer.json.</summary>
    /// <param name="path">The path of the file.</param>
    /// <exception cref="InvalidDataException">The file is malformed; the message names it and the line or field.</exception>
    /// <exception cref="NotSupportedException">The file describes another kind of tokenizer; the message names the part.</exception>
    public static Tokenizer Read(string path)
    {
        using JsonDocument document = JsonFile.Parse(path);
        TokenizerField root = new(path, "", document.RootElement);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw root.Malformed("is not a JSON object");
        TokenizerField model = root.Require("model", JsonValueKind.Object);
        TokenizerField? type = model.Find("type");
        return type?.Text switch
        {
            null or "BPE" => model.Find("end_of_word_suffix") is { Text.Length: > 0 } ? Gpt1Json.Read(root) : ByteLevelJson.Read(root),
            "WordLevel" => WordLevelJson.Read(root),
            "WordPiece" => WordPieceFiles.Read(root),
            _ => throw model.Unsupported($"model {type.Value.Text}", "supported: BPE, WordPiece, WordLevel"),
        };
    }
}
