using System.Collections;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Cleaning;

/// <summary>Specifies which documents of a corpus count as duplicates.</summary>
public enum Deduplication
{
    /// <summary>No documents: all are kept.</summary>
    None,

    /// <summary>Documents with the same text.</summary>
    Exact,

    /// <summary>Documents with nearly the same text, by MinHash of their sequences of five words (Broder 1997).</summary>
    MinHash,
}

/// <summary>
/// Finds documents that repeat an earlier one, in a separate pass over the corpus. Memory grows with the number of documents, not with their text.
/// For exact duplicates it is 16 bytes per document, and as much for the hash table. For near-duplicates it is 256 bytes per document, and 12 more
/// while bands are compared.
/// </summary>
internal sealed class Duplicates
{
    /// <summary>
    /// Maximum number of earlier documents of the same band with which a document is compared. In a larger band, documents share only a common
    /// phrase.
    /// </summary>
    private const int MostCompared = 256;

    private readonly BitArray _repeats;

    private Duplicates(BitArray repeats) => _repeats = repeats;

    /// <summary>Gets the number of documents that repeat an earlier one.</summary>
    public long Count => Enumerable.Range(0, _repeats.Length).LongCount(document => _repeats[document]);

    /// <summary>Reads the corpus and finds the documents that repeat an earlier one.</summary>
    /// <param name="chunks">The corpus; at most 2^31 - 1 documents.</param>
    /// <param name="how">Exact or MinHash.</param>
    /// <param name="threshold">
    /// For MinHash: the share of common word sequences (Jaccard similarity), above 0 and up to 1, from which two documents count as duplicates.
    /// </param>
    /// <param name="cancellationToken">Cancels the search.</param>
    public static Duplicates Find(IEnumerable<TextChunk> chunks, Deduplication how, double threshold, CancellationToken cancellationToken) =>
        new(how == Deduplication.Exact ? Exact(chunks, cancellationToken) : Near(chunks, threshold, cancellationToken));

    /// <summary>Returns the chunks of the documents that repeat no earlier one. The corpus must be the one that was searched.</summary>
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
                repeats.Add(!seen.Add(MemoryMarshal.Read<UInt128>(hash.GetHashAndReset()))); // the first half of the hash is enough: different texts practically never share it
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
                Array.Sort(documents, start, end - start); // the sort above leaves equal keys in any order
                Mark(documents.AsSpan(start..end), signatures, threshold, repeats);
            }
        }

        return repeats;
    }

    /// <summary>Marks each document of a band that is similar to an earlier one.</summary>
    private static void Mark(ReadOnlySpan<int> documents, List<ushort[]> signatures, double threshold, BitArray repeats)
    {
        for (int later = 1; later < documents.Length; later++)
        {
            for (int earlier = 0; earlier < Math.Min(later, MostCompared) && !repeats[documents[later]]; earlier++)
                repeats[documents[later]] = MinHash.Similarity(signatures[documents[earlier]], signatures[documents[later]]) >= threshold;
        }
    }
}
