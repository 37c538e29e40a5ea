namespace Foreword.Data.Reading;

/// <summary>
/// A document, or a part of one too long to hold in memory: the pieces of a document follow each other, and their
/// texts put together are its text.
/// </summary>
/// <param name="Text">The text; never empty.</param>
/// <param name="EndsDocument">True on the last piece of a document.</param>
public readonly record struct TextChunk(string Text, bool EndsDocument);
