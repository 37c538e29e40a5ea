using System.Numerics;

namespace Foreword.Generation.Constraints;

/// <summary>The tokens that may be drawn, as a bit for each id. The object is reused from token to token.</summary>
internal sealed class TokenMask
{
    private ulong[] _bits = [];
    private float[] _logits = [];
    private int _vocabulary;

    /// <summary>Gets the number of tokens that may be drawn.</summary>
    public int Count { get; private set; }

    /// <summary>Returns the number of 64-bit words for a vocabulary.</summary>
    public static int Words(int vocabulary) => (vocabulary + 63) / 64;

    /// <summary>Sets the tokens.</summary>
    /// <param name="bits">A bit for each id.</param>
    /// <param name="vocabulary">The number of ids that the logits have. Higher ids are not allowed.</param>
    /// <param name="ends">Tokens that end a text.</param>
    /// <param name="canEnd">Whether the tokens that end a text are allowed.</param>
    public void Set(ReadOnlySpan<ulong> bits, int vocabulary, IReadOnlyList<int> ends, bool canEnd)
    {
        int words = Words(vocabulary);
        if (_bits.Length != words)
            _bits = new ulong[words];
        _vocabulary = vocabulary;
        bits[..words].CopyTo(_bits);
        if (vocabulary % 64 != 0)
            _bits[^1] &= (1UL << vocabulary) - 1;
        foreach (int id in ends)
        {
            if (id >= vocabulary)
                continue;
            _bits[id >> 6] &= ~(1UL << id);
            _bits[id >> 6] |= (canEnd ? 1UL : 0) << id;
        }

        Count = 0;
        foreach (ulong word in _bits)
            Count += BitOperations.PopCount(word);
    }

    /// <summary>Returns whether a token may be drawn.</summary>
    public bool Contains(int id) => id < _vocabulary && (_bits[id >> 6] >> id & 1) != 0;

    /// <summary>Returns the logits of the allowed tokens, in ascending order of their ids. The span is valid until the next call.</summary>
    /// <param name="logits">The logits [V].</param>
    public ReadOnlySpan<float> Select(ReadOnlySpan<float> logits)
    {
        if (Count == _vocabulary)
            return logits;
        if (_logits.Length < _vocabulary)
            _logits = new float[_vocabulary];
        int count = 0;
        for (int word = 0; word < _bits.Length; word++)
        {
            ulong bits = _bits[word];
            if (bits == ulong.MaxValue)
            {
                logits.Slice(word * 64, 64).CopyTo(_logits.AsSpan(count));
                count += 64;
                continue;
            }

            for (; bits != 0; bits &= bits - 1)
                _logits[count++] = logits[word * 64 + BitOperations.TrailingZeroCount(bits)];
        }

        return _logits.AsSpan(0, count);
    }

    /// <summary>Returns the id of an allowed token from its place among the allowed tokens.</summary>
    public int IdAt(int place)
    {
        int word = 0;
        for (int count; place >= (count = BitOperations.PopCount(_bits[word])); word++)
            place -= count;
        ulong bits = _bits[word];
        for (; place > 0; place--)
            bits &= bits - 1;
        return word * 64 + BitOperations.TrailingZeroCount(bits);
    }
}
