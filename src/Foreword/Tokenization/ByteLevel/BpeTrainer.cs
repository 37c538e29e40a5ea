using System.Text;
using Foreword.Tokenization.Bpe;

namespace Foreword.Tokenization.ByteLevel;

/// <summary>
/// Trains a <see cref="ByteLevelBpe"/> (Sennrich et al. 2016, algorithm 1, over the bytes of GPT-2's chunks). It repeatedly merges the most
/// frequent pair of neighboring tokens. Ties go to the lowest left id, then to the lowest right id. Training is deterministic. Texts are read
/// one at a time. Memory grows with the number of distinct chunks. The time of a merge grows with the number of its occurrences.
/// </summary>
public sealed record BpeTrainer : TokenizerTrainer
{
    /// <summary>The default vocabulary size, which is that of the smaller recipes.</summary>
    private const int DefaultVocabulary = 8192;

    /// <summary>
    /// Creates a trainer with its defaults: 8,192 ids and a minimum frequency of 2, as in Hugging Face's ByteLevelBPETokenizer. The ids are the 256
    /// bytes, the merges and, last, <c>&lt;|endoftext|&gt;</c>.
    /// </summary>
    public BpeTrainer() : base(minFrequency: 2) => VocabSize = DefaultVocabulary;

    /// <inheritdoc/>
    public override string Kind => ByteLevelBpe.KindName;

    /// <summary>Gets the smallest vocabulary size, 257: the bytes and <c>&lt;|endoftext|&gt;</c>.</summary>
    public override int SmallestVocabulary => 257;

    /// <summary>Gets the order of the ids of the 256 bytes, which also decides ties between pairs; GPT-2's order by default.</summary>
    public ByteOrder ByteOrder { get; init; }

    /// <inheritdoc/>
    public override ByteLevelBpe Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<LearnedMerge> learned = Learn(texts, progress, cancellationToken);
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

    /// <summary>Learns only the merges and their counts, from which <see cref="Train"/> builds its tokenizer.</summary>
    /// <param name="texts">The corpus. Its texts are read one at a time.</param>
    /// <param name="progress">Receives progress reports; may be null.</param>
    /// <param name="cancellationToken">Cancels the training.</param>
    /// <returns>The merges in the order in which they were learned.</returns>
    /// <inheritdoc cref="Train" path="/exception"/>
    internal IReadOnlyList<LearnedMerge> Learn(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        int wanted = VocabSize - SmallestVocabulary;
        TokenizerProgress read = new(0, 0, 0, wanted);
        Dictionary<string, long> chunks = Count(texts, Split, (count, characters) => progress?.Report(read = read with { Texts = count, Characters = characters }), cancellationToken);
        if (chunks.Count == 0)
            throw new ArgumentException("there is no text to train on", nameof(texts));

        int[] idOfByte = new int[256];
        for (int id = 0; id < 256; id++)
            idOfByte[ByteAlphabet.ByteOfId(id, ByteOrder)] = id;
        // A lone surrogate becomes U+FFFD, as it does in encoding.
        (int[], long)[] words = [.. chunks.Select(chunk => (Encoding.UTF8.GetBytes(chunk.Key).Select(value => idOfByte[value]).ToArray(), chunk.Value))];
        return PairCounts.Learn(words, firstId: 256, wanted, MinFrequency, learned => progress?.Report(read with { Merges = learned }), cancellationToken);
    }

    private static void Split(ReadOnlySpan<char> text, CountChunk count)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = Gpt2Pattern.ChunkEnd(text, start);
            count(text[start..end]);
        }
    }
}
