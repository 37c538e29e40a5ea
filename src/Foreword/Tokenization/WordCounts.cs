using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Foreword.Tokenization;

/// <summary>Splits a text into the chunks that are counted. Calls <paramref name="count"/> for each chunk.</summary>
/// <param name="text">The text.</param>
/// <param name="count">Counts one chunk.</param>
public delegate void TextSplit(ReadOnlySpan<char> text, CountChunk count);

/// <summary>Counts one chunk of text.</summary>
/// <param name="chunk">The chunk.</param>
public delegate void CountChunk(ReadOnlySpan<char> chunk);

/// <summary>
/// Counts how often each chunk of text occurs in a corpus, which is the first step of every trainer. The count runs on several threads;
/// their number does not change the result.
/// </summary>
internal static class WordCounts
{
    private const int TextsPerReport = 1024;

    /// <summary>Counts the chunks of all texts.</summary>
    /// <param name="texts">The texts. They are read one at a time, by one thread at a time.</param>
    /// <param name="split">Splits a text into chunks. It is called on many threads.</param>
    /// <param name="threads">The number of threads that count, 1 or more.</param>
    /// <param name="progress">Is notified regularly of the number of texts and UTF-16 code units read so far, on any thread.</param>
    /// <param name="cancellationToken">Cancels the count.</param>
    public static Dictionary<string, long> Count(IEnumerable<string> texts, TextSplit split, int threads, Action<long, long>? progress, CancellationToken cancellationToken)
    {
        Dictionary<string, long> counts = new(StringComparer.Ordinal);
        Lock merging = new(), reporting = new();
        long read = 0, characters = 0;
        try
        {
            _ = Parallel.ForEach(
                Partitioner.Create(texts, EnumerablePartitionerOptions.NoBuffering), new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken },
                static () => new Counter(),
                (text, _, mine) =>
                {
                    split(text, mine.Count);
                    lock (reporting)
                    {
                        characters += text.Length;
                        if (++read % TextsPerReport == 0)
                            progress?.Invoke(read, characters);
                    }

                    return mine;
                },
                mine =>
                {
                    lock (merging)
                        mine.AddTo(counts);
                });
        }
        catch (AggregateException problem) // rethrows the exception of the texts' source as it was
        {
            ExceptionDispatchInfo.Throw(problem.InnerExceptions[0]);
        }

        progress?.Invoke(read, characters);
        return counts;
    }

    /// <summary>Returns texts up to a number of UTF-8 bytes. The last text is cut if necessary, but never inside a character.</summary>
    public static IEnumerable<string> UpTo(IEnumerable<string> texts, long maxBytes)
    {
        foreach (string text in texts)
        {
            int bytes = Encoding.UTF8.GetByteCount(text);
            if (bytes > maxBytes)
            {
                yield return Beginning(text, maxBytes);
                yield break;
            }

            yield return text;
            maxBytes -= bytes;
        }
    }

    private static string Beginning(string text, long maxBytes)
    {
        int length = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            maxBytes -= rune.Utf8SequenceLength;
            if (maxBytes < 0)
                break;
            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }

    private sealed class Counter
    {
        private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
        private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

        public Counter()
        {
            _bySpan = _counts.GetAlternateLookup<ReadOnlySpan<char>>();
            Count = Add; // one delegate per counter, not one per text
        }

        public CountChunk Count { get; }

        public void AddTo(Dictionary<string, long> all)
        {
            foreach ((string chunk, long count) in _counts)
                CollectionsMarshal.GetValueRefOrAddDefault(all, chunk, out _) += count;
        }

        private void Add(ReadOnlySpan<char> chunk) => CollectionsMarshal.GetValueRefOrAddDefault(_bySpan, chunk, out _)++;
    }
}
