using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Foreword.Tokenization;

/// <summary>Cuts a text into the pieces that are counted: calls <paramref name="count"/> for each.</summary>
internal delegate void TextSplit(ReadOnlySpan<char> text, CountPiece count);

/// <summary>Counts one piece of text.</summary>
internal delegate void CountPiece(ReadOnlySpan<char> piece);

/// <summary>How often each piece of text occurs in a corpus: what every trainer begins with. Counted on all threads; their number changes nothing.</summary>
internal static class WordCounts
{
    private const int TextsPerReport = 1024;

    /// <summary>Counts the pieces of all texts.</summary>
    /// <param name="texts">Read one by one, on one thread at a time.</param>
    /// <param name="split">Gives the pieces of a text; called on many threads.</param>
    /// <param name="threads">Threads that count, at least 1.</param>
    /// <param name="progress">Told now and then how many texts and UTF-16 units were read; not on the caller's thread.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static Dictionary<string, long> Count(IEnumerable<string> texts, TextSplit split, int threads, Action<long, long>? progress, CancellationToken cancellation)
    {
        Dictionary<string, long> counts = new(StringComparer.Ordinal);
        Lock merging = new(), reporting = new();
        long read = 0, characters = 0;
        try
        {
            _ = Parallel.ForEach(
                Partitioner.Create(texts, EnumerablePartitionerOptions.NoBuffering), new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation },
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
        catch (AggregateException problem) // what the texts' source threw, as it threw it
        {
            ExceptionDispatchInfo.Throw(problem.InnerExceptions[0]);
        }

        progress?.Invoke(read, characters);
        return counts;
    }

    /// <summary>The texts up to a number of UTF-8 bytes; the last one is cut, never inside a character.</summary>
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
            Count = Add; // once, not for every text
        }

        public CountPiece Count { get; }

        public void AddTo(Dictionary<string, long> all)
        {
            foreach ((string piece, long count) in _counts)
                CollectionsMarshal.GetValueRefOrAddDefault(all, piece, out _) += count;
        }

        private void Add(ReadOnlySpan<char> piece) => CollectionsMarshal.GetValueRefOrAddDefault(_bySpan, piece, out _)++;
    }
}
