using Foreword.Generation.Constraints.Grammars;

namespace Foreword.Generation.Constraints;

/// <summary>
/// A constraint on the texts that a vocabulary can write. It keeps the tokens that may follow each state, so that they are computed only once. Threads
/// can share it.
/// </summary>
internal sealed class VocabularyConstraint
{
    /// <summary>The largest number of states of one automaton. A state takes about 1 kB.</summary>
    private const int MaxStates = 20_000;

    /// <summary>The largest number of bytes that the kept masks of one automaton take.</summary>
    private const int MaxMaskBytes = 16 << 20;

    private readonly Network _network;
    private readonly TokenTrie _trie;
    private Tables _tables;

    /// <summary>Prepares the network of a grammar for a vocabulary.</summary>
    /// <exception cref="ArgumentException">The network allows only the empty text.</exception>
    public VocabularyConstraint(Network network, TokenTrie trie)
    {
        _network = network;
        _trie = trie;
        _tables = new Tables(new Automaton(_network));
        if (Begin().State.MustEnd)
            throw new ArgumentException("the constraint allows no text except the empty one");
    }

    /// <summary>Returns the position before the first byte of a text.</summary>
    public Position Begin()
    {
        Automaton automaton = Current().Automaton;
        return new Position(automaton, automaton.Start);
    }

    /// <summary>
    /// Returns a position that equals the given one. If the automaton has become too large, a new one has replaced it, and the position is that of the new
    /// one. The old one is freed when no text uses it any more.
    /// </summary>
    public Position Renew(Position position)
    {
        Automaton automaton = Current().Automaton;
        return automaton == position.Automaton ? position : new Position(automaton, automaton.Import(position.State));
    }

    /// <summary>Returns the tokens that may follow a position, as a bit for each id, without those that end a text.</summary>
    public ulong[] Allowed(Position position)
    {
        if (position.State.Mask is { } known)
            return known;
        ulong[] mask = _trie.Allowed(position.Automaton, position.State);
        position.State.Mask = mask;
        Tables tables = Volatile.Read(ref _tables);
        if (tables.Automaton == position.Automaton)
            Interlocked.Increment(ref tables.Masks);
        return mask;
    }

    /// <summary>Returns the automaton in use, and replaces it first if it has become too large.</summary>
    private Tables Current()
    {
        Tables tables = Volatile.Read(ref _tables);
        if (tables.Automaton.Count <= MaxStates && (long)tables.Masks * TokenMask.Words(_trie.VocabSize) * sizeof(ulong) <= MaxMaskBytes)
            return tables;
        Tables fresh = new(new Automaton(_network));
        Tables before = Interlocked.CompareExchange(ref _tables, fresh, tables);
        return before == tables ? fresh : before;
    }

    /// <summary>A position in a text.</summary>
    internal readonly record struct Position(Automaton Automaton, ItemSet State);

    /// <summary>An automaton with the number of masks that its states hold.</summary>
    private sealed class Tables(Automaton automaton)
    {
        public int Masks;

        public Automaton Automaton => automaton;
    }
}
