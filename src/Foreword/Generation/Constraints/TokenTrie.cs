using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Foreword.Generation.Constraints.Grammars;
using Foreword.Tokenization;

namespace Foreword.Generation.Constraints;

/// <summary>
/// The tokens of a vocabulary as a trie of their bytes. Special tokens, tokens that end a text, and tokens without bytes are not in it. The nodes are
/// stored in the order in which a walk visits them, so a walk reads memory from front to back.
/// </summary>
internal sealed class TokenTrie
{
    private static readonly ConditionalWeakTable<Tokenizer, TokenTrie> Known = [];

    private readonly PlainTokens _plain;
    private readonly Node[] _all;
    private readonly Node[] _others; // without the plain tokens
    private readonly int _longest;

    private TokenTrie(Tokenizer tokenizer)
    {
        VocabSize = tokenizer.VocabSize;
        List<(byte[] Bytes, int Id)> tokens = TextTokens(tokenizer);
        HashSet<byte> single = [.. tokens.Where(token => token.Bytes.Length == 1).Select(token => token.Bytes[0])];
        if (!Utf8Bytes().All(single.Contains))
        {
            // Only whole characters can be combined freely. A token that ends inside a character might have no continuation.
            tokens.RemoveAll(token => !Utf8.IsValid(token.Bytes));
            Alphabet = new CharacterSet(tokens.Select(token => Character(token.Bytes)).OfType<int>().Select(character => (character, character)));
        }

        tokens.Sort((x, y) => x.Bytes.AsSpan().SequenceCompareTo(y.Bytes) is var order && order != 0 ? order : x.Id.CompareTo(y.Id));
        _longest = tokens.Count == 0 ? 0 : tokens.Max(token => token.Bytes.Length);
        _plain = new PlainTokens(tokens, VocabSize);
        _all = Build(tokens);
        _others = Build([.. tokens.Where(token => !_plain.Contains(token.Id))]);
    }

    /// <summary>Gets the number of ids of the tokenizer.</summary>
    public int VocabSize { get; }

    /// <summary>Gets the characters that have a token of their own, or null if every byte has one.</summary>
    public CharacterSet? Alphabet { get; }

    /// <summary>Returns the trie of a tokenizer. It is built the first time.</summary>
    /// <exception cref="ArgumentException">The bytes of the tokenizer's tokens do not state the exact text.</exception>
    public static TokenTrie Of(Tokenizer tokenizer)
    {
        lock (Known)
        {
            if (!Known.TryGetValue(tokenizer, out TokenTrie? trie))
                Known.Add(tokenizer, trie = new TokenTrie(tokenizer));
            return trie;
        }
    }

    /// <summary>Returns the tokens whose bytes lead from a state to a state from which the end of a text can be reached, as a bit for each id.</summary>
    public ulong[] Allowed(Automaton automaton, ItemSet state)
    {
        ulong[] bits = new ulong[TokenMask.Words(VocabSize)];
        if (_plain.TryAllow(automaton, state, bits))
            Walk(_others, automaton, state, bits);
        else
            Walk(_all, automaton, state, bits);
        return bits;
    }

    private void Walk(ReadOnlySpan<Node> nodes, Automaton automaton, ItemSet state, ulong[] bits)
    {
        // The states after 0, 1, 2, ... bytes of the current token, and for each the states that follow it.
        ItemSet[] path = new ItemSet[_longest + 1];
        ItemSet?[][] following = new ItemSet?[_longest + 1][];
        (path[0], following[0]) = (state, automaton.NextOf(state));
        ItemSet dead = automaton.Dead;
        ReadOnlySpan<byte> classOf = automaton.ClassOf;
        for (int i = 0; i < nodes.Length;)
        {
            ref readonly Node node = ref nodes[i];
            int depth = node.Depth;
            ItemSet next = following[depth - 1][classOf[node.Value]] ?? automaton.Next(path[depth - 1], node.Value);
            if (next == dead)
            {
                i = node.End;
                continue;
            }

            if (path[depth] != next)
                (path[depth], following[depth]) = (next, automaton.NextOf(next));
            int id = node.Id;
            if (id >= 0)
                bits[id >> 6] |= 1UL << id;
            i++;
        }
    }

    private static List<(byte[] Bytes, int Id)> TextTokens(Tokenizer tokenizer)
    {
        HashSet<int> special = [.. tokenizer.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id), .. tokenizer.StopIds];
        List<(byte[] Bytes, int Id)> tokens = [];
        for (int id = 0; id < tokenizer.VocabSize; id++)
        {
            if (special.Contains(id))
                continue;
            byte[] bytes = tokenizer.TokenBytes(id).ToArray();
            if (!tokenizer.DecodeBytes([id]).AsSpan().SequenceEqual(bytes))
                throw new ArgumentException($"the tokenizer ('{tokenizer.Kind}') adds or removes spaces around words, so its tokens do not state the exact text; a constraint needs a byte-level or a character tokenizer");
            if (bytes.Length > 0)
                tokens.Add((bytes, id));
        }

        return tokens;
    }

    /// <summary>Returns the bytes that occur in UTF-8 (RFC 3629).</summary>
    private static IEnumerable<byte> Utf8Bytes() => Enumerable.Range(0, 0xF5).Where(value => value is not (0xC0 or 0xC1)).Select(value => (byte)value);

    private static int? Character(byte[] bytes) =>
        Rune.DecodeFromUtf8(bytes, out Rune character, out int length) == System.Buffers.OperationStatus.Done && length == bytes.Length ? character.Value : null;

    private static Node[] Build(List<(byte[] Bytes, int Id)> tokens)
    {
        List<Node> nodes = [];
        List<int> path = []; // the nodes of the previous token
        byte[] previous = [];
        foreach ((byte[] bytes, int id) in tokens)
        {
            int shared = bytes.AsSpan().CommonPrefixLength(previous);
            if (shared == bytes.Length)
                shared--; // the same bytes as the previous token; it gets a last node of its own
            Close(shared);
            for (int depth = shared; depth < bytes.Length; depth++)
            {
                path.Add(nodes.Count);
                nodes.Add(new Node(bytes[depth], depth + 1, depth + 1 == bytes.Length ? id : -1, 0));
            }

            previous = bytes;
        }

        Close(0);
        return [.. nodes];

        void Close(int depth)
        {
            while (path.Count > depth)
            {
                nodes[path[^1]] = nodes[path[^1]] with { End = nodes.Count };
                path.RemoveAt(path.Count - 1);
            }
        }
    }

    /// <summary>A node of the trie.</summary>
    /// <param name="Value">The byte on the way to this node.</param>
    /// <param name="Depth">The number of bytes up to this node.</param>
    /// <param name="Id">The token that ends here, or -1.</param>
    /// <param name="End">The first node that is not below this one.</param>
    private readonly record struct Node(byte Value, int Depth, int Id, int End);
}
