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

    /// <summary>Gets the number of sets that were built.</summary>
    public int Count => _byId.Count;

    /// <summary>Returns the state after a byte.</summary>
    public ItemSet Next(ItemSet state, byte value)
    {
        int byteClass = _network.ClassOf[value];
        return state.Next?[byteClass] ?? Build(state, byteClass);
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
            ItemSet?[] next = state.Next ??= new ItemSet?[_network.ClassBytes.Length];
            if (next[byteClass] is { } known)
                return known;
            byte value = _network.ClassBytes[byteClass];
            Closure closure = new(this);
            foreach ((NetworkNode node, ItemSet back) in state.Items)
            {
                foreach ((byte low, byte high, NetworkNode to) in node.Bytes)
                {
                    if (value >= low && value <= high)
                        closure.Add(to, back);
                }
            }

            return next[byteClass] = Intern(closure.Finish());
        }
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
        private readonly List<ulong> _kept = [];
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

        private void Follow(NetworkNode node, ItemSet back)
        {
            if (node.Bytes.Count > 0 || node == automaton._network.Accept)
                _kept.Add(Key(node, back));
            foreach (NetworkNode next in node.Empty)
                Add(next, back);
            if (node.IsFinal)
            {
                foreach ((NetworkNode after, ItemSet outer) in back.Items)
                    Add(after, outer);
            }

            foreach ((int rule, NetworkNode after) in node.Calls)
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
