using System.Text;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Tokenization.Bpe;

/// <summary>A merge in the order of learning: the k-th (from 0) makes id 256 + k.</summary>
/// <param name="Left">Id of the left token.</param>
/// <param name="Right">Id of the right token.</param>
/// <param name="Count">How often the pair stood in the corpus then, overlapping occurrences included.</param>
public readonly record struct LearnedMerge(int Left, int Right, long Count);

/// <summary>
/// Trains a <see cref="ByteLevelBpe"/> (Sennrich et al. 2016, algorithm 1, over GPT-2's chunks of bytes): merges the most
/// frequent pair of neighbours again and again; ties go to the lowest left id, then the lowest right id. Deterministic.
/// Texts are read one by one; memory grows with the distinct chunks, and a merge costs what it touches.
/// </summary>
public sealed record BpeTrainer : TokenizerTrainer
{
    /// <summary>Vocabulary of a trainer that was told no size: that of the smaller recipes.</summary>
    private const int DefaultVocabulary = 8192;

    /// <summary>
    /// A trainer with its defaults: 8,192 ids, and pairs seen twice, as in Hugging Face's ByteLevelBPETokenizer. Ids are 256 bytes, the
    /// merges and <c>&lt;|endoftext|&gt;</c>, which is the last.
    /// </summary>
    public BpeTrainer() : base(minFrequency: 2) => VocabularySize = DefaultVocabulary;

    /// <inheritdoc/>
    public override string Kind => ByteLevelBpe.KindName;

    /// <summary>257: the bytes and <c>&lt;|endoftext|&gt;</c>.</summary>
    public override int SmallestVocabulary => 257;

    /// <summary>The ids of the 256 bytes, which decide ties. Default: GPT-2's order.</summary>
    public ByteOrder ByteOrder { get; init; }

    /// <inheritdoc/>
    public override ByteLevelBpe Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellation = default)
    {
        IReadOnlyList<LearnedMerge> learned = Learn(texts, progress, cancellation);
        List<byte[]> tokens = [.. Enumerable.Range(0, 256).Select(id => new[] { ByteAlphabet.ByteOfId(id, ByteOrder) })];
        List<BpeMerge> merges = new(learned.Count);
        foreach ((int left, int right, _) in learned)
        {
            merges.Add(new BpeMerge(left, right, tokens.Count));
            tokens.Add([.. tokens[left], .. tokens[right]]);
        }

        tokens.Add(Encoding.UTF8.GetBytes(AddedToken.EndOfText));
        return new ByteLevelBpe(tokens, merges, [new AddedToken(AddedToken.EndOfText, tokens.Count - 1)]);
    }

    /// <summary>The merges alone, with their counts; what <see cref="Train"/> builds its tokenizer from.</summary>
    /// <inheritdoc cref="Train" path="/exception"/>
    public IReadOnlyList<LearnedMerge> Learn(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellation = default)
    {
        int wanted = VocabularySize - SmallestVocabulary;
        TokenizerProgress read = new(0, 0, 0, wanted);
        Dictionary<string, long> chunks = Count(texts, Split, (count, characters) => progress?.Report(read = read with { Texts = count, Characters = characters }), cancellation);
        if (chunks.Count == 0)
            throw new ArgumentException("there is no text to train on");

        int[] idOfByte = new int[256];
        for (int id = 0; id < 256; id++)
            idOfByte[ByteAlphabet.ByteOfId(id, ByteOrder)] = id;
        // A lone surrogate becomes U+FFFD, as when encoding.
        (int[], long)[] words = [.. chunks.Select(chunk => (Encoding.UTF8.GetBytes(chunk.Key).Select(value => idOfByte[value]).ToArray(), chunk.Value))];
        return PairCounts.Learn(words, firstId: 256, wanted, MinFrequency, learned => progress?.Report(read with { Merges = learned }), cancellation);
    }

    private static void Split(ReadOnlySpan<char> text, CountPiece count)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = Gpt2Pattern.ChunkEnd(text, start);
            count(text[start..end]);
        }
    }
}
