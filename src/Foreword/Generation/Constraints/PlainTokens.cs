using System.Text;
using System.Text.Unicode;
using Foreword.Generation.Constraints.Grammars;

namespace Foreword.Generation.Constraints;

/// <summary>
/// The tokens of characters that a JSON string contains without an escape. They are most of a vocabulary, and most states treat these characters
/// alike. Their tokens are then allowed or not by their lengths, without a walk through the trie.
/// </summary>
internal sealed class PlainTokens
{
    /// <summary>The largest number of characters of tokens that are kept as masks. Only a few tokens are longer.</summary>
    private const int LongestMask = 16;

    private static readonly CharacterSet Plain = new CharacterSet((0x20, 0x10FFFF)).Except(CharacterSet.Of("\"\\\u2028\u2029"));

    private static readonly (byte Low, byte High)[][] Sequences = [.. Utf8Ranges.Of(Plain)];

    private readonly ulong[][] _upTo = new ulong[LongestMask + 1][]; // by the largest number of characters, 0 or more
    private readonly List<(int Id, int Length)> _longer = [];
    private readonly HashSet<int> _ids = [];
    private readonly int _longest;

    /// <summary>Selects the plain tokens of a vocabulary.</summary>
    public PlainTokens(IEnumerable<(byte[] Bytes, int Id)> tokens, int vocabularySize)
    {
        for (int length = 0; length <= LongestMask; length++)
            _upTo[length] = new ulong[TokenMask.Words(vocabularySize)];
        foreach ((byte[] bytes, int id) in tokens)
        {
            if (!Utf8.IsValid(bytes) || !Encoding.UTF8.GetString(bytes).EnumerateRunes().All(rune => Plain.Contains(rune.Value)))
                continue;
            int length = Encoding.UTF8.GetString(bytes).EnumerateRunes().Count();
            _ids.Add(id);
            _longest = Math.Max(_longest, length);
            for (int most = length; most <= LongestMask; most++)
                _upTo[most][id >> 6] |= 1UL << id;
            if (length > LongestMask)
                _longer.Add((id, length));
        }
    }

    /// <summary>Returns whether a token is plain.</summary>
    public bool Contains(int id) => _ids.Contains(id);

    /// <summary>Adds the plain tokens that may follow a state, if the states that they lead through treat all plain characters alike.</summary>
    /// <returns>False if they do not. Nothing has then been added.</returns>
    public bool TryAllow(Automaton automaton, ItemSet state, ulong[] bits)
    {
        int length = 0;
        while (length < _longest)
        {
            ItemSet? next = state.PlainNext ??= automaton.Common(state, Sequences) ?? automaton.Mixed;
            if (next == automaton.Mixed)
                return false;
            if (next == automaton.Dead)
                break;
            length = next == state ? _longest : length + 1;
            state = next;
        }

        _upTo[Math.Min(length, LongestMask)].CopyTo(bits, 0);
        foreach ((int id, int characters) in _longer)
        {
            if (characters <= length)
                bits[id >> 6] |= 1UL << id;
        }

        return true;
    }
}
