using System.Numerics;
using System.Runtime.InteropServices;

namespace Foreword.Data;

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
    private readonly ulong[] _words = new ulong[RunLength]; // hashes of the last words, the newest at the end
    private long _count;
    private ulong _word; // of the word that is being read
    private bool _inWord;

    public MinHash() => Array.Fill(_smallest, uint.MaxValue);

    /// <summary>Reads on in the document. Words are runs of letters and digits, in lower case.</summary>
    public void Add(string text)
    {
        foreach (char character in text)
        {
            if (char.IsLetterOrDigit(character) || char.IsSurrogate(character))
            {
                _word = (_word ^ char.ToLowerInvariant(character)) * 0x100000001B3; // FNV-1a
                _inWord = true;
            }
            else if (_inWord)
            {
                EndWord();
            }
        }
    }

    /// <summary>The signature of the document read; the next one begins.</summary>
    public ushort[] SignatureAndReset()
    {
        if (_inWord)
            EndWord();
        if (_count < RunLength)
            AddRun();
        ushort[] signature = [.. _smallest.Select(value => (ushort)value)];
        Array.Fill(_smallest, uint.MaxValue);
        Array.Clear(_words);
        (_count, _word, _inWord) = (0, 0, false);
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

    private void EndWord()
    {
        Array.Copy(_words, 1, _words, 0, RunLength - 1);
        _words[^1] = _word;
        (_word, _inWord) = (0, false);
        if (++_count >= RunLength)
            AddRun();
    }

    private void AddRun()
    {
        ulong run = 0;
        foreach (ulong word in _words)
            run = SplitMix.Bits(run, word);
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
