using System.Collections;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Foreword.Data.Reading;

namespace Foreword.Data.Cleaning;

/// <summary>Which documents of a corpus count as the same.</summary>
public enum Deduplication
{
    /// <summary>All are kept.</summary>
    None,

    /// <summary>Those with the same text.</summary>
    Exact,

    /// <summary>Those with nearly the same text: MinHash of their runs of five words (Broder 1997).</summary>
    MinHash,
}

/// <summary>
/// Finds documents that repeat an earlier one, by reading the corpus once beforehand. Memory grows with the documents, not with their
/// text: 16 bytes each for exact duplicates and as much for the table, 256 bytes each for near-duplicates and 12 while bands are compared.
/// </summary>
internal sealed class Duplicates
{
    /// <summary>Earlier documents of the same band that one is compared with; more only share a phrase that everybody uses.</summary>
    private const int MostCompared = 256;

    private readonly BitArray _repeats;

    private Duplicates(BitArray repeats) => _repeats = repeats;

    /// <summary>Documents that repeat an earlier one.</summary>
    public long Count => Enumerable.Range(0, _repeats.Length).LongCount(document => _repeats[document]);

    /// <summary>Reads the corpus and finds its repetitions.</summary>
    /// <param name="chunks">The corpus; at most 2^31 - 1 documents.</param>
    /// <param name="how">Exact or MinHash.</param>
    /// <param name="threshold">For MinHash: the share of common runs of words (Jaccard), above 0 to 1, from which on two documents are the same.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static Duplicates Find(IEnumerable<TextChunk> chunks, Deduplication how, double threshold, CancellationToken cancellationToken) =>
        new(how == Deduplication.Exact ? Exact(chunks, cancellationToken) : Near(chunks, threshold, cancellationToken));

    /// <summary>The pieces of the documents that repeat no earlier one; the corpus must be the same.</summary>
    public IEnumerable<TextChunk> Without(IEnumerable<TextChunk> chunks)
    {
        int document = 0;
        foreach (TextChunk chunk in chunks)
        {
            if (!_repeats[document])
                yield return chunk;
            document += chunk.EndsDocument ? 1 : 0;
        }
    }

    private static BitArray Exact(IEnumerable<TextChunk> chunks, CancellationToken cancellationToken)
    {
        HashSet<UInt128> seen = [];
        List<bool> repeats = [];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (TextChunk chunk in chunks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(MemoryMarshal.AsBytes(chunk.Text.AsSpan()));
            if (chunk.EndsDocument)
                repeats.Add(!seen.Add(MemoryMarshal.Read<UInt128>(hash.GetHashAndReset()))); // the first half: no two texts in the world share it
        }

        return new BitArray([.. repeats]);
    }

    private static BitArray Near(IEnumerable<TextChunk> chunks, double threshold, CancellationToken cancellationToken)
    {
        List<ushort[]> signatures = [];
        MinHash hash = new();
        foreach (TextChunk chunk in chunks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.Add(chunk.Text);
            if (chunk.EndsDocument)
                signatures.Add(hash.SignatureAndReset());
        }

        BitArray repeats = new(signatures.Count);
        ulong[] bands = new ulong[signatures.Count];
        int[] documents = new int[signatures.Count];
        for (int band = 0; band < MinHash.Bands; band++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (int document = 0; document < documents.Length; document++)
                (bands[document], documents[document]) = (MinHash.Band(signatures[document], band), document);
            Array.Sort(bands, documents);
            for (int start = 0, end; start < documents.Length; start = end)
            {
                for (end = start + 1; end < documents.Length && bands[end] == bands[start];)
                    end++;
                Array.Sort(documents, start, end - start); // the sort above leaves equals in any order
                Mark(documents.AsSpan(start..end), signatures, threshold, repeats);
            }
        }

        return repeats;
    }

    /// <summary>Marks each document of a band that is near an earlier one.</summary>
    private static void Mark(ReadOnlySpan<int> documents, List<ushort[]> signatures, double threshold, BitArray repeats)
    {
        for (int later = 1; later < documents.Length; later++)
        {
            for (int earlier = 0; earlier < Math.Min(later, MostCompared) && !repeats[documents[later]]; earlier++)
                repeats[documents[later]] = MinHash.Similarity(signatures[documents[earlier]], signatures[documents[later]]) >= threshold;
        }
    }
}
