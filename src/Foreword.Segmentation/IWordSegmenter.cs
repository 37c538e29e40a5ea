namespace Foreword.Segmentation;

/// <summary>A way to divide text into words, for languages that have no spaces between them. Threads can share it.</summary>
public interface IWordSegmenter
{
    /// <summary>
    /// Gets the name that a tokenizer's files record. It includes everything that decides the words, such as the version of a dictionary.
    /// </summary>
    string Name { get; }

    /// <summary>Divides a text into words. The words, joined, are the text: white space and punctuation are words, too.</summary>
    /// <param name="text">The text, without line breaks.</param>
    IEnumerable<string> Words(string text);
}
