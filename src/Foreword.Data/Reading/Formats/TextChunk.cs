namespace Foreword.Data.Reading.Formats;

/// <summary>
/// A chunk of text: a document, or a part of one that is too long to hold in memory. The chunks of a document follow each other, and their
/// concatenated texts are its text.
/// </summary>
/// <param name="Text">The text; never empty.</param>
/// <param name="EndsDocument">True for the last chunk of a document.</param>
public readonly record struct TextChunk(string Text, bool EndsDocument);
