namespace Foreword.Data.Reading.Formats;

/// <summary>A file format that holds documents. A format is one class. <c>DocumentReader.Register</c> adds it.</summary>
public interface IDocumentFormat
{
    /// <summary>Gets the file name extensions, in lower case with the dot. The empty string stands for names without an extension.</summary>
    IReadOnlyList<string> Extensions { get; }

    /// <summary>Gets whether the bytes are text, so that they may be in an encoding other than UTF-8.</summary>
    bool IsText => true;

    /// <summary>Reads the documents of a file, in order.</summary>
    /// <param name="stream">The bytes, already decompressed.</param>
    /// <param name="path">The file's name, for error messages.</param>
    /// <param name="textField">The field that holds the text, if the format has fields.</param>
    /// <exception cref="InvalidDataException">The content does not have this format; the message names the position.</exception>
    IEnumerable<TextChunk> Read(Stream stream, string path, string textField);
}
