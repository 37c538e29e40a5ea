using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.Gpt1;
using Foreword.Tokenization.WordPieces;
using Foreword.Tokenization.Words;

namespace Foreword.Tokenization;

/// <summary>How far training has come.</summary>
/// <param name="Texts">Texts read.</param>
/// <param name="Characters">Their UTF-16 units.</param>
/// <param name="Merges">Merges learned; 0 while texts are read.</param>
/// <param name="MergesWanted">Merges that the vocabulary has room for; 0 for a kind without merges.</param>
public readonly record struct TokenizerProgress(long Texts, long Characters, int Merges, int MergesWanted);

/// <summary>
/// Learns the vocabulary of one kind of tokenizer from text. Deterministic: neither the number of threads nor the way the corpus is cut
/// into texts changes the result.
/// </summary>
public abstract record TokenizerTrainer
{
    private protected TokenizerTrainer(int minFrequency) => MinFrequency = minFrequency;

    /// <summary>A trainer of each kind, with its defaults, by <see cref="Tokenizer.Kind"/>.</summary>
    public static IReadOnlyDictionary<string, TokenizerTrainer> Kinds { get; } =
        new TokenizerTrainer[] { new BpeTrainer(), new Gpt1Trainer(), new CharTrainer(), new WordTrainer(), new WordPieceTrainer() }.ToDictionary(trainer => trainer.Kind);

    /// <summary>The kind that it makes.</summary>
    public abstract string Kind { get; }

    /// <summary>The fewest ids that the kind can have.</summary>
    public abstract int SmallestVocabulary { get; }

    /// <summary>Ids wanted, or 0 for as many as the text gives; the result has fewer when the text runs out.</summary>
    public int VocabularySize { get; init; }

    /// <summary>What is seen less often gets no id; at least 1.</summary>
    public int MinFrequency { get; init; }

    /// <summary>Text is read up to so many UTF-8 bytes; all of it unless set.</summary>
    public long MaxBytes { get; init; } = long.MaxValue;

    /// <summary>Threads that count, at least 1; all cores unless set.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Trains the tokenizer on the texts, which are read one by one.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, or the texts hold no text at all.</exception>
    /// <exception cref="OperationCanceledException">Cancellation was asked for.</exception>
    public abstract Tokenizer Train(IEnumerable<string> texts, IProgress<TokenizerProgress>? progress = null, CancellationToken cancellation = default);

    /// <summary>The pieces of the texts and how often each occurs.</summary>
    /// <param name="texts">The corpus.</param>
    /// <param name="split">Gives the pieces of a text.</param>
    /// <param name="read">Told how many texts and characters were read.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    private protected Dictionary<string, long> Count(IEnumerable<string> texts, TextSplit split, Action<long, long> read, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (VocabularySize != 0 && (VocabularySize < SmallestVocabulary || VocabularySize > MergeTable.MaxVocabulary))
            throw new ArgumentException($"vocabulary size is {VocabularySize}; it must be {SmallestVocabulary} to {MergeTable.MaxVocabulary}");
        if (MinFrequency < 1)
            throw new ArgumentException($"minimum frequency is {MinFrequency}; it must be at least 1");
        if (MaxBytes < 1)
            throw new ArgumentException($"at most {MaxBytes} bytes of text are no text; it must be at least 1");
        if (Threads < 1)
            throw new ArgumentException($"{Threads} threads cannot count; there is at least 1");
        return WordCounts.Count(WordCounts.UpTo(texts, MaxBytes), split, Threads, read, cancellation);
    }

    /// <summary>The most frequent pieces, as many as fit beside the kind's own tokens; equals by ordinal order.</summary>
    private protected IEnumerable<string> MostFrequent(IEnumerable<string> texts, TextSplit split, IProgress<TokenizerProgress>? progress, CancellationToken cancellation) =>
        Count(texts, split, (read, characters) => progress?.Report(new TokenizerProgress(read, characters, 0, 0)), cancellation)
            .Where(piece => piece.Value >= MinFrequency)
            .OrderByDescending(piece => piece.Value).ThenBy(piece => piece.Key, StringComparer.Ordinal)
            .Take(VocabularySize == 0 ? MergeTable.MaxVocabulary - SmallestVocabulary : VocabularySize - SmallestVocabulary)
            .Select(piece => piece.Key);
}
