using System.Numerics;
using System.Runtime.InteropServices;
using Foreword.Numerics;

namespace Foreword.Data.Cleaning;

/// <summary>
/// Computes MinHash signatures of documents. The agreement of two signatures estimates how many sequences of five words two documents share (Broder
/// 1997). There are 128 hash functions. For each, the smallest value over all sequences is taken, and 16 bits of it are kept (Li and König 2010). A
/// document of fewer than five words is one sequence.
/// </summary>
internal sealed class MinHash
{
    /// <summary>
    /// Number of bands (groups of neighboring values). Documents that agree in a whole band are compared. At a similarity of 0.8, this misses at most
    /// one pair in 10 million.
    /// </summary>
    public const int Bands = 32;

    private const int Functions = 128, RunLength = 5;

    private static readonly uint[] Factors = [.. Enumerable.Range(0, Functions).Select(i => (uint)SplitMix.Bits(0x4D696E48, (ulong)i) | 1)];

    private static readonly uint[] Offsets = [.. Enumerable.Range(0, Functions).Select(i => (uint)SplitMix.Bits(0x61736800, (ulong)i))];

    private readonly uint[] _smallest = new uint[Functions];
    private readonly WordRuns _runs;

    public MinHash()
    {
        Array.Fill(_smallest, uint.MaxValue);
        _runs = new WordRuns(RunLength, AddRun);
    }

    /// <summary>Adds the next chunk of the document.</summary>
    public void Add(string text) => _runs.Add(text);

    /// <summary>Returns the signature of the document and starts the next one.</summary>
    public ushort[] SignatureAndReset()
    {
        _runs.EndWord();
        if (_runs.Words < RunLength)
            AddRun(_runs.Last);
        ushort[] signature = [.. _smallest.Select(value => (ushort)value)];
        Array.Fill(_smallest, uint.MaxValue);
        _runs.Reset();
        return signature;
    }

    /// <summary>Returns the share of values in which two signatures agree, 0 to 1.</summary>
    public static double Similarity(ushort[] a, ushort[] b)
    {
        int equal = 0;
        for (int i = 0; i < Functions; i++)
            equal += a[i] == b[i] ? 1 : 0;
        return (double)equal / Functions;
    }

    /// <summary>Returns the values of a band, as one number.</summary>
    public static ulong Band(ushort[] signature, int band) => MemoryMarshal.Cast<ushort, ulong>(signature)[band];

    private void AddRun(ulong run)
    {
        uint hash = (uint)run;
        Span<uint> smallest = _smallest;
        int width = Vector<uint>.Count;
        for (int i = 0; i < Functions; i += width)
        {
            Vector<uint> values = new Vector<uint>(hash) * new Vector<uint>(Factors, i) + new Vector<uint>(Offsets, i);
            values ^= values >>> 15; // the low bits of a product depend only on the low bits of its factors
            Vector.Min(values, new Vector<uint>(smallest[i..])).CopyTo(smallest[i..]);
        }
    }
}
