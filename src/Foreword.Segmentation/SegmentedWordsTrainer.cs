using Foreword.Tokenization;

namespace Foreword.Segmentation;

/// <summary>
/// Trains <see cref="SegmentedWords"/>: BERT's five special tokens, and then the words by descending frequency. Words of equal frequency are in ordinal
/// order.
/// </summary>
public sealed record SegmentedWordsTrainer : TokenizerTrainer
{
    /// <summary>Creates a trainer that includes every word that jieba's dictionary finds.</summary>
    public SegmentedWordsTrainer() : base(minFrequency: 1)
    {
    }

    /// <summary>Gets the segmenter; jieba's dictionary by default.</summary>
    public IWordSegmenter Segmenter { get; init; } = new JiebaWords();

    /// <inheritdoc/>
    public override string Kind => SegmentedWords.KindName;

    /// <summary>Gets the smallest vocabulary size, 5: the tokens that stand for no word.</summary>
    public override int SmallestVocabulary => SegmentedWords.SpecialTexts.Length;

    /// <inheritdoc/>
    public override SegmentedWords Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        string[] words = [.. MostFrequent(texts, Split, progress, cancellationToken)];
        return words.Length > 0
            ? new SegmentedWords([.. SegmentedWords.SpecialTexts, .. words], Segmenter)
            : throw new ArgumentException("the text contains no words to learn", nameof(texts));
    }

    private void Split(ReadOnlySpan<char> text, CountChunk count)
    {
        foreach (string word in SegmentedWords.WordsOf(text.ToString(), Segmenter))
        {
            if (word != "\n" && !SegmentedWords.SpecialTexts.Contains(word) && !word.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
                count(word);
        }
    }
}
