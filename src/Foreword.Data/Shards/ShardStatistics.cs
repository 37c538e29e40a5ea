using System.Numerics;

namespace Foreword.Data.Shards;

/// <summary>Documents whose length lies in a range.</summary>
/// <param name="From">The smallest length in tokens, the end-of-text token included.</param>
/// <param name="To">The largest.</param>
/// <param name="Documents">How many there are.</param>
public readonly record struct LengthBin(long From, long To, long Documents);

/// <summary>How often a token occurs.</summary>
/// <param name="Id">The token.</param>
/// <param name="Count">Its occurrences.</param>
public readonly record struct TokenCount(int Id, long Count);

/// <summary>What a split of a prepared corpus looks like; every token is read once.</summary>
/// <param name="Lengths">Documents by length, in ranges that double.</param>
/// <param name="Longest">Tokens of the longest document.</param>
/// <param name="DistinctTokens">Ids that occur.</param>
/// <param name="MostFrequent">The most frequent tokens, the most frequent one first; equals by id.</param>
public sealed record ShardStatistics(IReadOnlyList<LengthBin> Lengths, long Longest, int DistinctTokens, IReadOnlyList<TokenCount> MostFrequent)
{
    /// <summary>Reads the split.</summary>
    /// <param name="data">The split.</param>
    /// <param name="top">How many of the most frequent tokens are wanted.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static ShardStatistics Of(TokenDataset data, int top, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        long[] bins = new long[64];
        long longest = 0;
        for (long document = 0; document < data.Split.Documents; document++)
        {
            long length = Length(data, document);
            bins[BitOperations.Log2((ulong)Math.Max(1, length))]++;
            longest = Math.Max(longest, length);
        }

        long[] counts = new long[data.VocabularySize];
        int[] buffer = new int[1 << 16];
        for (long at = 0; at < data.Count; at += buffer.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<int> ids = buffer.AsSpan(0, (int)Math.Min(buffer.Length, data.Count - at));
            data.Read(at, ids);
            foreach (int id in ids)
                counts[id]++;
        }

        return new ShardStatistics(
            [.. bins.Select((documents, power) => new LengthBin(1L << power, (2L << power) - 1, documents)).Where(bin => bin.Documents > 0)],
            longest,
            counts.Count(count => count > 0),
            [.. counts.Select((count, id) => new TokenCount(id, count)).Where(token => token.Count > 0).OrderByDescending(token => token.Count).ThenBy(token => token.Id).Take(top)]);
    }

    /// <summary>The beginnings of some documents, evenly spread over the split.</summary>
    /// <param name="data">The split.</param>
    /// <param name="count">How many, at most.</param>
    /// <param name="tokens">Tokens of each, at most.</param>
    public static IEnumerable<(long Document, int[] Ids)> Samples(TokenDataset data, int count, int tokens)
    {
        ArgumentNullException.ThrowIfNull(data);
        long documents = data.Split.Documents;
        for (int i = 0; i < Math.Min(count, documents); i++)
        {
            long document = documents * i / Math.Min(count, documents);
            int[] ids = new int[Math.Min(tokens, Length(data, document))];
            data.Read(data.DocumentStart(document), ids);
            yield return (document, ids);
        }
    }

    private static long Length(TokenDataset data, long document) =>
        (document + 1 < data.Split.Documents ? data.DocumentStart(document + 1) : data.Count) - data.DocumentStart(document);
}
