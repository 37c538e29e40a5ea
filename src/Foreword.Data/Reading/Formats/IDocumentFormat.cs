namespace Foreword.Data.Reading.Formats;

/// <summary>A kind of file that holds documents. A new format is one class and one line in <see cref="DocumentReader"/>.</summary>
internal interface IDocumentFormat
{
    /// <summary>File name extensions with the dot, lower case; the empty string stands for names without one.</summary>
    IReadOnlyList<string> Extensions { get; }

    /// <summary>Whether its bytes are text, so that they may be in another encoding than UTF-8.</summary>
    bool IsText => true;

    /// <summary>
    /// The documents in <paramref name="stream"/> (already decompressed), in order. <paramref name="path"/> is named
    /// in errors; <paramref name="textField"/> is the field that holds the text, where the format has fields.
    /// </summary>
    /// <exception cref="InvalidDataException">The content is not of this format; the message says where.</exception>
    IEnumerable<TextChunk> Read(Stream stream, string path, string textField);
}
