using System.Text;

namespace Foreword.Tokenization;

/// <summary>Turns text into token ids and back. Implementations are immutable and safe to share between threads.</summary>
public abstract class Tokenizer
{
    /// <summary>Number of ids; every id is at least 0 and below it.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The id that ends a document (GPT-2's <c>&lt;|endoftext|&gt;</c>), or null where the vocabulary has none.</summary>
    public abstract int? EndOfTextId { get; }

    /// <summary>SHA-256 (hex) over the vocabulary, merges and special tokens; equal for equal tokenizers whatever files they came from.</summary>
    public abstract string Fingerprint { get; }

    /// <summary>
    /// The ids of <paramref name="text"/>. A lone surrogate counts as U+FFFD. The text of a special token is plain
    /// text unless <paramref name="allowSpecial"/> is true.
    /// </summary>
    public abstract int[] Encode(string text, bool allowSpecial = false);

    /// <summary>The bytes that the ids stand for, concatenated; they may end inside a UTF-8 sequence.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public abstract byte[] DecodeBytes(ReadOnlySpan<int> ids);

    /// <summary>The token as it is written in the vocabulary file.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public abstract string TokenText(int id);

    /// <summary>Writes the tokenizer's files into an existing directory.</summary>
    public abstract void Save(string directory);

    /// <summary>The text of the ids; each maximal invalid part of a UTF-8 sequence becomes one U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));
}
