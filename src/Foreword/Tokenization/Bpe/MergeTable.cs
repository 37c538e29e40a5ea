using System.Numerics;

namespace Foreword.Tokenization.Bpe;

/// <summary>One merge of a byte-pair encoding, by ids. Its rank is its index in the list of merges.</summary>
/// <param name="Left">The id of the left token.</param>
/// <param name="Right">The id of the right token.</param>
/// <param name="Result">The id of the token that replaces the two.</param>
public readonly record struct BpeMerge(int Left, int Right, int Result);

/// <summary>
/// A hash table of merges from pair to rank. It uses open addressing with linear probing over packed words, so that a lookup usually touches one
/// cache line. A word contains the left id (21 bits), the right id (21 bits) and the rank (22 bits).
/// </summary>
internal sealed class MergeTable
{
    /// <summary>The value that <see cref="Rank"/> returns for a pair that no merge joins. It is above every rank.</summary>
    public const int None = int.MaxValue;

    private const int IdBits = 21, RankBits = 22; // Tokenizer.MaxVocabulary is 2^21
    private const ulong Empty = ulong.MaxValue;

    private readonly ulong[] _slots;
    private readonly int _shift;
    private readonly int[] _results;
    private readonly int[] _byteIds;

    /// <summary>Creates the table.</summary>
    /// <param name="merges">The merges by rank. Their ids are below <see cref="Tokenizer.MaxVocabulary"/>.</param>
    /// <param name="byteIds">The id of each byte if bytes are the initial symbols; otherwise null.</param>
    /// <exception cref="ArgumentException">A pair is merged twice.</exception>
    public MergeTable(IReadOnlyList<BpeMerge> merges, int[]? byteIds = null)
    {
        _byteIds = byteIds ?? [];
        _results = new int[merges.Count];
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, merges.Count * 2)); // at most half full
        _shift = 64 - BitOperations.Log2((uint)size);
        _slots = new ulong[size];
        Array.Fill(_slots, Empty);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (int left, int right, int result) = merges[rank];
            ulong pair = Pair(left, right);
            int slot = Slot(pair);
            while (_slots[slot] != Empty)
            {
                if (_slots[slot] >> RankBits == pair)
                    throw new ArgumentException($"merge {rank} joins ids {left} and {right} a second time");
                slot = (slot + 1) & (_slots.Length - 1);
            }

            _slots[slot] = (pair << RankBits) | (uint)rank;
            _results[rank] = result;
        }
    }

    /// <summary>Returns the rank of the merge that joins the two ids, or <see cref="None"/>.</summary>
    public int Rank(int left, int right)
    {
        ulong[] slots = _slots;
        ulong pair = Pair(left, right);
        for (int slot = Slot(pair); ; slot++)
        {
            ulong word = slots[slot & (slots.Length - 1)];
            if (word >> RankBits == pair)
                return (int)(word & ((1UL << RankBits) - 1));
            if (word == Empty)
                return None;
        }
    }

    /// <summary>Returns the id that the merge of this rank makes.</summary>
    public int Result(int rank) => _results[rank];

    /// <summary>Returns the id of a single-byte token.</summary>
    public int ByteId(byte value) => _byteIds[value];

    private static ulong Pair(int left, int right) => ((ulong)(uint)left << IdBits) | (uint)right;

    private int Slot(ulong pair) => (int)((pair * 0x9E3779B97F4A7C15) >> _shift); // Fibonacci hashing
}
