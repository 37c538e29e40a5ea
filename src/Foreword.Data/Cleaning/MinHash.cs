using System.Numerics;
using System.Runtime.InteropServices;
using Foreword.Numerics;

namespace Foreword.Data.Cleaning;

/// <summary>
/// Signatures of documents whose agreement estimates how many runs of five words two documents share (Broder 1997): 128 hash functions,
/// of each the smallest value over all runs, of which 16 bits are kept (Li and König 2010). A document of fewer words is one run.
/// </summary>
internal sealed class MinHash
{
    /// <summary>Groups of neighbouring values; documents that agree in a whole group are compared: at a similarity of 0.8 all but one in 10 million pairs.</summary>
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

    /// <summary>Reads on in the document.</summary>
    public void Add(string text) => _runs.Add(text);

    /// <summary>The signature of the document read; the next one begins.</summary>
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

    /// <summary>The share of values in which two signatures agree.</summary>
    public static double Similarity(ushort[] a, ushort[] b)
    {
        int equal = 0;
        for (int i = 0; i < Functions; i++)
            equal += a[i] == b[i] ? 1 : 0;
        return (double)equal / Functions;
    }

    /// <summary>The values of a band, as one number.</summary>
    public static ulong Band(ushort[] signature, int band) => MemoryMarshal.Cast<ushort, ulong>(signature)[band];

    private void AddRun(ulong run)
    {
        uint hash = (uint)run;
        Span<uint> smallest = _smallest;
        int width = Vector<uint>.Count;
        for (int i = 0; i < Functions; i += width)
        {
            Vector<uint> values = new Vector<uint>(hash) * new Vector<uint>(Factors, i) + new Vector<uint>(Offsets, i);
            values ^= values >>> 15; // the low bits of a product depend on the low bits alone
            Vector.Min(values, new Vector<uint>(smallest[i..])).CopyTo(smallest[i..]);
        }
    }
}
