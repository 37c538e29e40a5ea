using System.Globalization;
using Foreword.Data.Reading.Formats;
using Foreword.Numerics;

namespace Foreword.Data.Preparing;

/// <summary>A chunk of text with the split that it belongs to.</summary>
/// <param name="Text">The text. It may be empty if a document is cut in two.</param>
/// <param name="EndsDocument">Whether this is the last chunk of a document.</param>
/// <param name="IsValidation">Whether the text is held out.</param>
/// <param name="BeginsDocument">Whether this is the first chunk of a document.</param>
internal readonly record struct SplitChunk(string Text, bool EndsDocument, bool IsValidation, bool BeginsDocument);

/// <summary>Decides which documents are held out. It needs only the beginning of the corpus, so the corpus can be streamed.</summary>
/// <remarks>
/// The documents are divided, in their order, into blocks of 1 / share documents. A seeded draw holds out one document of each block. The number
/// of held-out documents therefore differs from the share by at most one document, and every part of the corpus is represented.
/// <para>
/// If a corpus has fewer documents than one block, the document whose length is nearest to the share is held out. If a corpus has only one document,
/// it is cut in two and its end is held out, as in nanoGPT for corpora of one file. Each part then counts as a document.
/// </para>
/// <para>
/// If neighboring documents repeat each other (overloads, revisions, chapters), runs of documents are held out instead of single documents. A run
/// then takes the place of a document in the description above. A corpus with too few runs is divided by single documents.
/// </para>
/// </remarks>
internal sealed class ValidationSplit
{
    /// <summary>The smallest share above 0. The search reads up to 1 / share documents in advance.</summary>
    public const double SmallestShare = 1e-4;

    /// <summary>The largest share.</summary>
    public const double LargestShare = 0.5;

    /// <summary>Gets the valid shares, for messages.</summary>
    public static string Shares => string.Create(CultureInfo.InvariantCulture, $"0 or between {SmallestShare} and {LargestShare}");

    private readonly double _share;
    private readonly ulong _seed;
    private readonly int _run; // number of neighboring documents that stay together
    private readonly long? _pick; // the one document that is held out of a small corpus
    private readonly long? _cut; // number of UTF-16 code units of the only document that stay in the training split

    private ValidationSplit(double share, long seed, int run = 1, long? pick = null, long? cut = null)
    {
        _run = run;
        _share = share;
        _seed = (ulong)seed;
        _pick = pick;
        _cut = cut;
    }

    /// <summary>
    /// Gets whether anything is held out. False if the share is 0, or the corpus has no documents or is a single document of fewer than 4 characters.
    /// </summary>
    public bool HoldsOut => _share > 0;

    /// <summary>Gets whether the only document is cut in two.</summary>
    public bool CutsText => _cut is not null;

    /// <summary>Returns whether a split can hold out a share: 0, or from <see cref="SmallestShare"/> to <see cref="LargestShare"/>.</summary>
    public static bool IsShare(double share) => share is 0 or (>= SmallestShare and <= LargestShare);

    /// <summary>Creates a split from the first 1 / share documents or runs.</summary>
    /// <param name="documents">The corpus, or its beginning.</param>
    /// <param name="share">0, or from <see cref="SmallestShare"/> to <see cref="LargestShare"/>.</param>
    /// <param name="run">The number of neighboring documents that are held out together, 1 or more.</param>
    /// <param name="seed">The seed that selects the documents.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <param name="cutsText">Whether the end of a single document may be held out. Otherwise, nothing is held out of it.</param>
    public static ValidationSplit Plan(IEnumerable<TextChunk> documents, double share, int run, long seed, CancellationToken cancellationToken, bool cutsText = true)
    {
        if (share == 0)
            return new ValidationSplit(0, seed);
        long block = BlockStart(1, share);
        List<long> lengths = [];
        long length = 0;
        foreach (TextChunk chunk in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            length += chunk.Text.Length;
            if (!chunk.EndsDocument)
                continue;
            lengths.Add(length);
            length = 0;
            if (lengths.Count == block * run)
                return new ValidationSplit(share, seed, run);
        }

        if (lengths.Count >= block)
            return new ValidationSplit(share, seed);
        return lengths switch
        {
            [] or [< 4] => new ValidationSplit(0, seed),
            [_] when !cutsText => new ValidationSplit(0, seed),
            [long only] => new ValidationSplit(share, seed, cut: (long)(only * (1 - share))),
            _ => new ValidationSplit(share, seed, pick: NearestToShare(lengths, share, seed)),
        };
    }

    /// <summary>Returns the chunks of text of the corpus, each with its split.</summary>
    public IEnumerable<SplitChunk> Assign(IEnumerable<TextChunk> documents) => _cut is { } cut ? CutInTwo(documents, cut) : WholeDocuments(documents);

    /// <summary>Returns whether the document with this index, from 0, is held out.</summary>
    internal bool Contains(long document)
    {
        if (!HoldsOut)
            return false;
        if (_pick is { } pick)
            return document == pick;
        long unit = document / _run;
        long block = (long)(unit * _share);
        while (BlockStart(block + 1, _share) <= unit)
            block++;
        while (BlockStart(block, _share) > unit)
            block--;
        long start = BlockStart(block, _share);
        long end = BlockStart(block + 1, _share); // at least start + 2, so a document always remains for training
        return unit == start + SplitMix.Below(end - start, _seed, (ulong)block);
    }

    private IEnumerable<SplitChunk> WholeDocuments(IEnumerable<TextChunk> documents)
    {
        long document = 0;
        bool begins = true;
        foreach (TextChunk chunk in documents)
        {
            yield return new SplitChunk(chunk.Text, chunk.EndsDocument, Contains(document), begins);
            begins = chunk.EndsDocument;
            if (chunk.EndsDocument)
                document++;
        }
    }

    private static IEnumerable<SplitChunk> CutInTwo(IEnumerable<TextChunk> chunks, long cut)
    {
        long seen = 0;
        bool begins = true;
        foreach (TextChunk chunk in chunks)
        {
            string text = chunk.Text;
            bool crosses = seen <= cut && cut < seen + text.Length;
            if (crosses)
            {
                int border = NearestBorder(text, (int)(cut - seen), chunk.EndsDocument);
                yield return new SplitChunk(text[..border], EndsDocument: true, IsValidation: false, begins);
                text = text[border..];
                begins = true;
            }

            seen += chunk.Text.Length;
            yield return new SplitChunk(text, chunk.EndsDocument, IsValidation: seen > cut, begins);
            begins = false;
        }
    }

    /// <summary>
    /// Returns the position after the line break nearest to <paramref name="cut"/> that leaves text on both sides. If there is none, returns a
    /// position between two characters.
    /// </summary>
    private static int NearestBorder(string text, int cut, bool endsDocument)
    {
        int last = endsDocument ? text.Length - 1 : text.Length; // some text must follow
        int after = text.IndexOf('\n', cut) + 1;
        int before = cut == 0 ? 0 : text.LastIndexOf('\n', cut - 1) + 1;
        int[] borders = [.. new[] { before, after }.Where(border => border > 0 && border <= last)];
        if (borders.Length > 0)
            return borders.MinBy(border => Math.Abs(border - cut));
        return cut > 0 && char.IsLowSurrogate(text[cut]) ? cut - 1 : cut;
    }

    private static long BlockStart(long block, double share) => (long)(block / share);

    /// <summary>
    /// Returns the document whose length is nearest to the share of the whole text, by ratio. It is never a document of more than half of the text.
    /// Ties are decided by the seed.
    /// </summary>
    private static long NearestToShare(List<long> lengths, double share, long seed)
    {
        long all = lengths.Sum();
        double Distance(int document) => Math.Abs(Math.Log(lengths[document] / (all * share)));
        return Enumerable.Range(0, lengths.Count)
            .Where(document => 2 * lengths[document] <= all)
            .OrderBy(Distance)
            .ThenBy(document => SplitMix.Bits((ulong)seed, (ulong)document))
            .First();
    }
}
