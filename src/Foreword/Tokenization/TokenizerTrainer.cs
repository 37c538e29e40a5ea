namespace Foreword.Tokenization;

/// <summary>Represents the progress of training.</summary>
/// <param name="Texts">The number of texts read.</param>
/// <param name="Characters">The number of UTF-16 code units in those texts.</param>
/// <param name="Merges">The number of merges learned; 0 while texts are read.</param>
/// <param name="MergesWanted">The number of merges that fit into the vocabulary; 0 for a kind of tokenizer without merges.</param>
public readonly record struct TokenizerProgress(long Texts, long Characters, int Merges, int MergesWanted);

/// <summary>
/// Learns the vocabulary of one kind of tokenizer from text. Training is deterministic: the number of threads and the division
/// of the corpus into texts do not change the result.
/// </summary>
public abstract record TokenizerTrainer
{
    /// <summary>Initializes a trainer.</summary>
    /// <param name="minFrequency">The minimum frequency, unless <see cref="MinFrequency"/> is set.</param>
    protected TokenizerTrainer(int minFrequency = 1) => MinFrequency = minFrequency;

    /// <summary>Gets the kind of tokenizer that this trainer makes.</summary>
    public abstract string Kind { get; }

    /// <summary>Gets the smallest vocabulary size that the kind can have.</summary>
    public abstract int SmallestVocabulary { get; }

    /// <summary>
    /// Gets the vocabulary size to reach. 0 means as many ids as the text yields, which only kinds without merges support.
    /// The result is smaller if the text yields fewer ids.
    /// </summary>
    public int VocabSize { get; init; }

    /// <summary>Gets the minimum frequency, 1 or more. A text or pair that occurs less often gets no id.</summary>
    public int MinFrequency { get; init; }

    /// <summary>Gets the maximum number of UTF-8 bytes of text to read, 1 or more; unlimited by default.</summary>
    public long MaxBytes { get; init; } = long.MaxValue;

    /// <summary>Gets the number of threads that count chunks of text, 1 or more; one per core by default.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Trains a tokenizer on texts.</summary>
    /// <param name="texts">The corpus. Its texts are read one at a time.</param>
    /// <param name="progress">Receives progress reports; may be null.</param>
    /// <param name="cancellationToken">Cancels the training.</param>
    /// <returns>The trained tokenizer.</returns>
    /// <exception cref="ArgumentException">A setting is out of range, or the texts contain nothing to learn from.</exception>
    /// <exception cref="OperationCanceledException">The training was canceled.</exception>
    public abstract Tokenizer Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Counts how often each chunk of text occurs in the corpus.</summary>
    /// <param name="texts">The corpus.</param>
    /// <param name="split">Splits a text into chunks.</param>
    /// <param name="read">Is notified of the number of texts and characters read so far.</param>
    /// <param name="cancellationToken">Cancels the count.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    private protected Dictionary<string, long> Count(IEnumerable<string> texts, TextSplit split, Action<long, long> read, CancellationToken cancellationToken) =>
        Count(texts, split, mayBeUnlimited: false, read, cancellationToken);

    /// <summary>Counts chunks. If <paramref name="mayBeUnlimited"/> is true, a vocabulary size of 0 is valid.</summary>
    private Dictionary<string, long> Count(IEnumerable<string> texts, TextSplit split, bool mayBeUnlimited, Action<long, long> read, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        bool isUnlimited = mayBeUnlimited && VocabSize == 0;
        if (!isUnlimited && (VocabSize < SmallestVocabulary || VocabSize > Tokenizer.MaxVocabulary))
            throw new ArgumentException($"vocabulary size is {VocabSize}; it must be {SmallestVocabulary} to {Tokenizer.MaxVocabulary}");
        if (MinFrequency < 1)
            throw new ArgumentException($"minimum frequency is {MinFrequency}; it must be at least 1");
        if (MaxBytes < 1)
            throw new ArgumentException($"the limit of the text is {MaxBytes} bytes; it must be at least 1");
        if (Threads < 1)
            throw new ArgumentException($"the number of threads is {Threads}; it must be at least 1");
        return WordCounts.Count(WordCounts.UpTo(texts, MaxBytes), split, Threads, read, cancellationToken);
    }

    /// <summary>
    /// Returns the most frequent chunks, as many as fit into the vocabulary together with the kind's own tokens. Chunks of equal frequency are in
    /// ordinal order.
    /// </summary>
    /// <param name="texts">The corpus.</param>
    /// <param name="split">Splits a text into chunks. It is called on several threads.</param>
    /// <param name="progress">Receives progress reports; may be null.</param>
    /// <param name="cancellationToken">Cancels the count.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    protected IEnumerable<string> MostFrequent(IEnumerable<string> texts, TextSplit split, IProgress<TokenizerProgress>? progress, CancellationToken cancellationToken) =>
        Count(texts, split, mayBeUnlimited: true, (read, characters) => progress?.Report(new TokenizerProgress(read, characters, 0, 0)), cancellationToken)
            .Where(chunk => chunk.Value >= MinFrequency)
            .OrderByDescending(chunk => chunk.Value).ThenBy(chunk => chunk.Key, StringComparer.Ordinal)
            .Take(VocabSize == 0 ? Tokenizer.MaxVocabulary - SmallestVocabulary : VocabSize - SmallestVocabulary)
            .Select(chunk => chunk.Key);
}
