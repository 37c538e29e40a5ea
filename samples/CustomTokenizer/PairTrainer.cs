using Foreword.Tokenization;

namespace CustomTokenizer;

/// <summary>Learns the most frequent pairs of characters.</summary>
internal sealed record PairTrainer : TokenizerTrainer
{
    public PairTrainer() : base(minFrequency: 2) => VocabSize = 512;

    public override string Kind => PairTokenizer.KindName;

    public override int SmallestVocabulary => PairTokenizer.FirstPair;

    public override Tokenizer Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellationToken = default) =>
        new PairTokenizer([.. MostFrequent(texts, Split, progress, cancellationToken)]);

    private static void Split(ReadOnlySpan<char> text, CountChunk count)
    {
        for (int i = 0; i + 2 <= text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]) && !char.IsSurrogate(text[i + 1]))
                count(text.Slice(i, 2));
        }
    }
}
