using System.Text;
using System.Text.Unicode;
using Foreword.Generation.Constraints.Grammars;

namespace Foreword.Generation.Constraints;

/// <summary>
/// The short tokens of characters that a JSON string contains without an escape. They are most of a vocabulary, and most states treat these characters
/// alike. Their tokens are then allowed or not by their lengths, without a walk through the trie.
/// </summary>
internal sealed class PlainTokens
{
    /// <summary>The largest number of characters of a plain token. Few tokens are longer, and each character costs states that must be built.</summary>
    private const int Longest = 16;

    private static readonly CharacterSet Plain = new CharacterSet((0x20, 0x10FFFF)).Except(CharacterSet.Of("\"\\\u2028\u2029"));

    private static readonly (byte Low, byte High)[][] Sequences = [.. Utf8Ranges.Of(Plain)];

    private readonly ulong[][] _upTo = new ulong[Longest + 1][]; // by the largest number of characters, 0 or more
    private readonly HashSet<int> _ids = [];

    /// <summary>Selects the plain tokens of a vocabulary.</summary>
    public PlainTokens(IEnumerable<(byte[] Bytes, int Id)> tokens, int vocabularySize)
    {
        for (int length = 0; length <= Longest; length++)
            _upTo[length] = new ulong[TokenMask.Words(vocabularySize)];
        foreach ((byte[] bytes, int id) in tokens)
        {
            if (!Utf8.IsValid(bytes))
                continue;
            Rune[] characters = [.. Encoding.UTF8.GetString(bytes).EnumerateRunes()];
            if (characters.Length > Longest || !characters.All(character => Plain.Contains(character.Value)))
                continue;
            _ids.Add(id);
            for (int most = characters.Length; most <= Longest; most++)
                _upTo[most][id >> 6] |= 1UL << id;
        }
    }

    /// <summary>Returns whether a token is plain.</summary>
    public bool Contains(int id) => _ids.Contains(id);

    /// <summary>Adds the plain tokens that may follow a state, if the states that they lead through treat all plain characters alike.</summary>
    /// <returns>False if they do not. Nothing has then been added.</returns>
    public bool TryAllow(Automaton automaton, ItemSet state, ulong[] bits)
    {
        int length = 0;
        while (length < Longest)
        {
            ItemSet? next = state.PlainNext ??= automaton.Common(state, Sequences) ?? automaton.Mixed;
            if (next == automaton.Mixed)
                return false;
            if (next == automaton.Dead)
                break;
            length = next == state ? Longest : length + 1;
            state = next;
        }

        _upTo[length].CopyTo(bits, 0);
        return true;
    }
}
