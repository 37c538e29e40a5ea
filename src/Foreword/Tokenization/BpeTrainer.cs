using System.Text;

namespace Foreword.Tokenization;

/// <summary>How far training has come.</summary>
/// <param name="Texts">Texts read.</param>
/// <param name="Characters">Their UTF-16 units.</param>
/// <param name="Merges">Merges learned; 0 while texts are read.</param>
/// <param name="MergesWanted">Merges that the vocabulary has room for.</param>
public readonly record struct BpeProgress(long Texts, long Characters, int Merges, int MergesWanted);

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
public sealed record BpeTrainer
{
    /// <summary>Smallest possible vocabulary: the bytes and <c>&lt;|endoftext|&gt;</c>.</summary>
    public const int SmallestVocabulary = 257;

    /// <summary>
    /// Ids wanted: 256 bytes, the merges and <c>&lt;|endoftext|&gt;</c>, which is the last; 257 to 2,097,152. The result
    /// has fewer when the corpus runs out of pairs.
    /// </summary>
    public required int VocabularySize { get; init; }

    /// <summary>The ids of the 256 bytes, which decide ties. Default: GPT-2's order.</summary>
    public ByteOrder ByteOrder { get; init; }

    /// <summary>A pair seen less often is not merged; at least 1. Default 2, as in Hugging Face's ByteLevelBPETokenizer.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>Text is read up to so many UTF-8 bytes; all of it unless set.</summary>
    public long MaxBytes { get; init; } = long.MaxValue;

    /// <summary>Threads that count, at least 1; all cores unless set. It never changes the result.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Trains the tokenizer on the texts.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, or the texts hold no text at all.</exception>
    /// <exception cref="OperationCanceledException">Cancellation was asked for.</exception>
    public ByteLevelBpe Train(IEnumerable<string> texts, IProgress<BpeProgress>? progress = null, CancellationToken cancellation = default)
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
    public IReadOnlyList<LearnedMerge> Learn(IEnumerable<string> texts, IProgress<BpeProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (VocabularySize is < SmallestVocabulary or > MergeTable.MaxVocabulary)
            throw new ArgumentException($"vocabulary size is {VocabularySize}; it must be {SmallestVocabulary} (256 bytes and {AddedToken.EndOfText}) to {MergeTable.MaxVocabulary}");
        if (MinFrequency < 1)
            throw new ArgumentException($"minimum frequency is {MinFrequency}; it must be at least 1");
        if (MaxBytes < 1)
            throw new ArgumentException($"at most {MaxBytes} bytes of text are no text; it must be at least 1");
        if (Threads < 1)
            throw new ArgumentException($"{Threads} threads cannot count; there is at least 1");

        int wanted = VocabularySize - SmallestVocabulary;
        BpeProgress read = new(0, 0, 0, wanted);
        Dictionary<string, long> chunks = WordCounts.Count(
            WordCounts.UpTo(texts, MaxBytes), Split, Threads, (count, characters) => progress?.Report(read = read with { Texts = count, Characters = characters }), cancellation);
        if (chunks.Count == 0)
            throw new ArgumentException("there is no text to train on");

        PairCounts pairs = new(chunks, ByteOrder, VocabularySize, MinFrequency);
        List<LearnedMerge> merges = [];
        while (merges.Count < wanted && pairs.MergeMostFrequent(256 + merges.Count) is { } merge)
        {
            merges.Add(merge);
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(read with { Merges = merges.Count });
        }

        return merges;
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
