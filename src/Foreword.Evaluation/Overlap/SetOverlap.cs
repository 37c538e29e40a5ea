namespace Foreword.Evaluation.Overlap;

/// <summary>The overlap of a whole test set with the training text.</summary>
/// <param name="Name">The name of the set.</param>
/// <param name="Documents">Number of documents in the set.</param>
/// <param name="Overlapping">Number of documents of which at least one 8-gram was found.</param>
/// <param name="Sum">The 8-grams of all documents.</param>
/// <param name="Most">The overlapping documents with the largest shares, the largest first.</param>
public sealed record SetOverlap(string Name, long Documents, long Overlapping, OverlapShare Sum, IReadOnlyList<DocumentOverlap> Most)
{
    /// <summary>Gets the share of the documents of which at least one 8-gram was found, 0 to 1.</summary>
    public double OverlappingShare => Documents == 0 ? 0 : (double)Overlapping / Documents;

    /// <summary>Adds up the overlaps of documents, and keeps only the documents with the largest shares.</summary>
    /// <param name="name">The name of the set.</param>
    /// <param name="documents">The overlaps of its documents.</param>
    /// <param name="most">Maximum number of documents to keep, 0 or more.</param>
    public static SetOverlap Compute(string name, IEnumerable<DocumentOverlap> documents, int most)
    {
        ArgumentNullException.ThrowIfNull(documents);
        long count = 0, overlapping = 0, grams = 0, found = 0;
        PriorityQueue<DocumentOverlap, (double Share, long Later)> largest = new();
        foreach (DocumentOverlap document in documents)
        {
            count++;
            (grams, found) = (grams + document.Share.Grams, found + document.Share.Found);
            if (!document.Share.IsOverlapping)
                continue;
            overlapping++;
            largest.Enqueue(document, (document.Share.Share, -document.Number));
            if (largest.Count > most)
                largest.Dequeue();
        }

        List<DocumentOverlap> kept = [];
        while (largest.TryDequeue(out DocumentOverlap? document, out _))
            kept.Insert(0, document);
        return new SetOverlap(name, count, overlapping, new OverlapShare(grams, found), kept);
    }
}
