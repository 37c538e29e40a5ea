namespace Foreword.Generation.Constraints.Grammars;

/// <summary>
/// The deterministic automaton of a network. Its states are built when a text first reaches them. Threads can share it: what is known is read
/// without a lock.
/// </summary>
/// <remarks>
/// A network with rules needs a stack, and a stack makes the number of states unlimited. A state therefore holds nodes with their stacks, in which equal
/// parts are shared: all calls of one rule at one position become a single call that returns to several nodes. The number of items in a state does not
/// grow with the depth, even if the grammar is ambiguous (graph-structured stacks, Tomita 1985). Items whose rules could not end within
/// <see cref="Network.MaxDepth"/> levels are left out, so every state can reach the end of a text.
/// </remarks>
internal sealed class Automaton
{
    private readonly Network _network;
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong[], ItemSet> _sets = new(KeyComparer.Instance);
    private readonly Dictionary<ulong[], ItemSet> _after = new(KeyComparer.Instance); // states by the items that a byte leads to; most bytes lead to the same ones
    private readonly List<ItemSet> _byId = [];

    /// <summary>Initializes an automaton with its first state.</summary>
    public Automaton(Network network)
    {
        _network = network;
        Dead = Intern([]);
        ItemSet end = Intern([Key(network.Accept, Dead)]);
        Closure closure = new(this);
        closure.Call(0, [.. end.Items]);
        Start = Intern(closure.Finish());
    }

    /// <summary>Gets the state before the first byte.</summary>
    public ItemSet Start { get; }

    /// <summary>Gets the state from which no text leads to the end.</summary>
    public ItemSet Dead { get; }

    /// <summary>Gets a state that stands for several ones. It is not part of the automaton.</summary>
    public ItemSet Mixed { get; } = new(-1, [], canEnd: false, mustEnd: false);

    /// <summary>Gets the number of sets that were built.</summary>
    public int Count => _byId.Count;

    /// <summary>Gets the class of each byte. The bytes of a class lead to the same states.</summary>
    public ReadOnlySpan<byte> ClassOf => _network.ClassOf;

    /// <summary>Returns the states after each class of bytes. Those that are not known yet are null.</summary>
    public ItemSet?[] NextOf(ItemSet state) => state.Next ?? Prepare(state);

    /// <summary>Returns the state after a byte.</summary>
    public ItemSet Next(ItemSet state, byte value)
    {
        int byteClass = _network.ClassOf[value];
        return state.Next?[byteClass] ?? Build(state, byteClass);
    }

    private ItemSet?[] Prepare(ItemSet state)
    {
        lock (_gate)
            return state.Next ??= new ItemSet?[_network.ClassBytes.Length];
    }

    /// <summary>
    /// Returns the state that every one of several characters leads to. It may be <see cref="Dead"/>. Returns null if they lead to different states.
    /// </summary>
    /// <param name="state">The state before the character.</param>
    /// <param name="characters">The characters, as sequences of ranges of bytes.</param>
    public ItemSet? Common(ItemSet state, IReadOnlyList<(byte Low, byte High)[]> characters)
    {
        ItemSet? common = null;
        foreach ((byte Low, byte High)[] sequence in characters)
        {
            if (!Lead(state, sequence, ref common))
                return null;
        }

        return common;
    }

    /// <summary>Returns whether all bytes of a sequence lead to the same state, which is set if it is null.</summary>
    private bool Lead(ItemSet state, ReadOnlySpan<(byte Low, byte High)> sequence, ref ItemSet? common)
    {
        if (sequence.IsEmpty || state == Dead)
        {
            common ??= state;
            return common == state;
        }

        int known = -1;
        for (int value = sequence[0].Low; value <= sequence[0].High; value++)
        {
            if (_network.ClassOf[value] == known)
                continue;
            known = _network.ClassOf[value];
            if (!Lead(Next(state, (byte)value), sequence[1..], ref common))
                return false;
        }

        return true;
    }

    /// <summary>Returns the state of this automaton that equals a state of another automaton of the same network.</summary>
    public ItemSet Import(ItemSet state)
    {
        lock (_gate)
            return Import(state, []);
    }

    private ItemSet Import(ItemSet set, Dictionary<ItemSet, ItemSet> known)
    {
        if (!known.TryGetValue(set, out ItemSet? own))
            known[set] = own = Intern([.. set.Items.Select(item => Key(item.Node, Import(item.Return, known)))]);
        return own;
    }

    private ItemSet Build(ItemSet state, int byteClass)
    {
        lock (_gate)
        {
            ItemSet?[] next = Prepare(state);
            if (next[byteClass] is { } known)
                return known;
            byte value = _network.ClassBytes[byteClass];
            HashSet<ulong> reached = [];
            foreach ((NetworkNode node, ItemSet back) in state.Items)
            {
                foreach ((byte low, byte high, NetworkNode to) in node.Bytes)
                {
                    if (value >= low && value <= high)
                        reached.Add(Key(to, back));
                }
            }

            return next[byteClass] = reached.Count == 0 ? Dead : After([.. reached]);
        }
    }

    private ItemSet After(ulong[] reached)
    {
        Array.Sort(reached);
        if (_after.TryGetValue(reached, out ItemSet? state))
            return state;
        Closure closure = new(this);
        foreach ((NetworkNode node, ItemSet back) in reached.Select(Item))
            closure.Add(node, back);
        return _after[reached] = Intern(closure.Finish());
    }

    private static ulong Key(NetworkNode node, ItemSet back) => ((ulong)node.Index << 32) | (uint)back.Id;

    private (NetworkNode Node, ItemSet Return) Item(ulong key) => (_network.Nodes[(int)(key >> 32)], _byId[(int)(uint)key]);

    private ItemSet Intern(ulong[] keys)
    {
        Array.Sort(keys);
        if (_sets.TryGetValue(keys, out ItemSet? set))
            return set;
        (NetworkNode Node, ItemSet Return)[] items = [.. keys.Select(Item)];
        bool canEnd = items.Any(item => item.Node == _network.Accept);
        set = new ItemSet(_byId.Count, items, canEnd, mustEnd: canEnd && items.Length == 1);
        _byId.Add(set);
        _sets.Add(keys, set);
        return set;
    }

    /// <summary>Collects the nodes that are reached without reading a byte, and keeps those from which a byte can be read.</summary>
    private sealed class Closure(Automaton automaton)
    {
        private readonly Stack<(NetworkNode Node, ItemSet Return)> _work = new();
        private readonly HashSet<ulong> _seen = [];
        private readonly HashSet<ulong> _kept = [];
        private readonly SortedDictionary<int, (int Rule, HashSet<ulong> Returns)> _calls = [];

        public void Add(NetworkNode node, ItemSet back)
        {
            if (back.Depth + node.Height <= Network.MaxDepth && _seen.Add(Key(node, back)))
                _work.Push((node, back));
        }

        public void Call(int rule, params ReadOnlySpan<(NetworkNode Node, ItemSet Return)> returns)
        {
            int order = automaton._network.OrderOf(rule);
            if (!_calls.TryGetValue(order, out (int Rule, HashSet<ulong> Returns) call))
                _calls[order] = call = (rule, []);
            foreach ((NetworkNode node, ItemSet back) in returns)
                call.Returns.Add(Key(node, back));
        }

        public ulong[] Finish()
        {
            while (true)
            {
                while (_work.TryPop(out (NetworkNode Node, ItemSet Return) item))
                    Follow(item.Node, item.Return);
                if (_calls.Count == 0)
                    return [.. _kept];
                // The calls of a rule are complete when all rules that can begin with it have been entered.
                (int order, (int rule, HashSet<ulong> returns)) = _calls.First();
                _calls.Remove(order);
                Add(automaton._network.Starts[rule], automaton.Intern([.. returns]));
            }
        }

        private void Follow(NetworkNode start, ItemSet back)
        {
            NetworkNode.Reach reached = start.Reached;
            foreach (NetworkNode node in reached.Readers)
            {
                if (back.Depth + node.Height <= Network.MaxDepth)
                    _kept.Add(Key(node, back));
            }

            if (start == automaton._network.Accept)
                _kept.Add(Key(start, back));
            if (reached.IsFinal)
            {
                foreach ((NetworkNode after, ItemSet outer) in back.Items)
                    Add(after, outer);
            }

            foreach ((int rule, NetworkNode after) in reached.Calls)
            {
                int needed = automaton._network.Starts[rule].Height + (after.IsOnlyEnd ? 0 : 1);
                if (back.Depth + Math.Max(needed, after.Height) > Network.MaxDepth)
                    continue;
                if (after.IsOnlyEnd)
                    Call(rule, [.. back.Items]); // returns to where this rule returns
                else
                    Call(rule, (after, back));
            }
        }
    }

    private sealed class KeyComparer : IEqualityComparer<ulong[]>
    {
        public static KeyComparer Instance { get; } = new();

        public bool Equals(ulong[]? x, ulong[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(ulong[] keys)
        {
            HashCode hash = default;
            foreach (ulong key in keys)
                hash.Add(key);
            return hash.ToHashCode();
        }
    }
}
