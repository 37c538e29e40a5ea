using System.Numerics;

namespace Foreword.Data.Shards;

/// <summary>The number of documents whose length is in a range.</summary>
/// <param name="From">The smallest length in tokens, including the end-of-text token.</param>
/// <param name="To">The largest length in tokens, including the end-of-text token.</param>
/// <param name="Documents">The number of documents.</param>
internal readonly record struct LengthBin(long From, long To, long Documents);

/// <summary>The number of occurrences of a token.</summary>
/// <param name="Id">The token.</param>
/// <param name="Count">The number of occurrences.</param>
internal readonly record struct TokenCount(int Id, long Count);

/// <summary>Statistics of a split of a prepared corpus.</summary>
/// <param name="Lengths">The numbers of documents by length. Each range is twice as wide as the one before.</param>
/// <param name="Longest">The number of tokens in the longest document.</param>
/// <param name="DistinctTokens">The number of ids that occur.</param>
/// <param name="MostFrequent">
/// The most frequent tokens, in descending order of frequency. Tokens with the same frequency are in order of their ids.
/// </param>
internal sealed record ShardStatistics(IReadOnlyList<LengthBin> Lengths, long Longest, int DistinctTokens, IReadOnlyList<TokenCount> MostFrequent)
{
    /// <summary>Computes the statistics of a split. Every token is read once.</summary>
    /// <param name="data">The split.</param>
    /// <param name="top">The maximum number of most frequent tokens to return.</param>
    /// <param name="cancellationToken">Cancels the computation.</param>
    public static ShardStatistics Compute(TokenDataset data, int top, CancellationToken cancellationToken = default)
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

        long[] counts = new long[data.VocabSize];
        int[] buffer = new int[1 << 16];
        for (long at = 0; at < data.Count; at += buffer.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
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

    /// <summary>Returns the beginnings of documents, evenly distributed over the split.</summary>
    /// <param name="data">The split.</param>
    /// <param name="count">The maximum number of documents.</param>
    /// <param name="tokens">The maximum number of tokens of each document.</param>
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
