namespace Foreword.Generation.Constraints.Grammars;

/// <summary>The nondeterministic automata of all rules of a grammar, over UTF-8 bytes.</summary>
internal sealed class Network
{
    /// <summary>
    /// The largest number of rules that are open at the same time. System.Text.Json and Newtonsoft.Json read JSON to this depth by default.
    /// </summary>
    public const int MaxDepth = 64;

    private readonly int[] _order;

    /// <summary>Compiles a grammar.</summary>
    /// <param name="grammar">The grammar.</param>
    /// <param name="alphabet">The characters that can be written, or null if all can.</param>
    /// <exception cref="ArgumentException">
    /// The grammar is too large, no text matches it, or a rule begins with itself. The message names the rule.
    /// </exception>
    public Network(Grammar grammar, CharacterSet? alphabet)
    {
        NetworkBuilder builder = new(alphabet);
        Starts = builder.Build(grammar);
        Nodes = builder.Nodes;
        Accept = Nodes[0];
        foreach (NetworkNode node in Nodes)
            node.IsOnlyEnd = LeadsOnlyToTheEnd(node);
        _order = Order(grammar);
        ComputeHeights();
        int height = Starts[0].Height;
        if (height >= NetworkNode.Unreachable)
            throw new ArgumentException(alphabet is null
                ? $"no text matches {grammar.Rules[0].Name}; a value that always contains another one never ends"
                : $"the tokenizer has no tokens for the characters that {grammar.Rules[0].Name} needs");
        if (height + 1 > MaxDepth)
            throw new ArgumentException($"{grammar.Rules[0].Name} needs {height + 1} levels; at most {MaxDepth} are supported");
        (ClassOf, ClassBytes) = Classes();
    }

    /// <summary>Gets all nodes by their numbers.</summary>
    public IReadOnlyList<NetworkNode> Nodes { get; }

    /// <summary>Gets the first node of each rule.</summary>
    public NetworkNode[] Starts { get; }

    /// <summary>Gets the node after the whole text. It has no edges.</summary>
    public NetworkNode Accept { get; }

    /// <summary>Gets the class of each byte. The bytes of a class lead to the same nodes everywhere.</summary>
    public byte[] ClassOf { get; }

    /// <summary>Gets one byte of each class.</summary>
    public byte[] ClassBytes { get; }

    /// <summary>Returns the place of a rule in an order in which every rule comes after the rules that can begin with it.</summary>
    public int OrderOf(int rule) => _order[rule];

    private static bool LeadsOnlyToTheEnd(NetworkNode start)
    {
        HashSet<NetworkNode> seen = [start];
        Stack<NetworkNode> work = new(seen);
        bool ends = false;
        while (work.TryPop(out NetworkNode? node))
        {
            if (node.Bytes.Count > 0 || node.Calls.Count > 0)
                return false;
            ends |= node.IsFinal;
            foreach (NetworkNode next in node.Empty)
            {
                if (seen.Add(next))
                    work.Push(next);
            }
        }

        return ends;
    }

    /// <summary>Orders the rules so that a rule comes after every rule that can begin with it.</summary>
    private int[] Order(Grammar grammar)
    {
        int[][] first = [.. Starts.Select(FirstRules)];
        int[] callers = new int[Starts.Length], order = new int[Starts.Length];
        foreach (int rule in first.SelectMany(rules => rules))
            callers[rule]++;
        Queue<int> ready = new(Enumerable.Range(0, Starts.Length).Where(rule => callers[rule] == 0));
        int place = 0;
        while (ready.TryDequeue(out int rule))
        {
            order[rule] = place++;
            foreach (int next in first[rule])
            {
                if (--callers[next] == 0)
                    ready.Enqueue(next);
            }
        }

        int circular = Array.FindIndex(callers, count => count > 0);
        return circular < 0 ? order : throw new ArgumentException($"{grammar.Rules[circular].Name} refers to itself without anything in between");
    }

    private static int[] FirstRules(NetworkNode start)
    {
        HashSet<NetworkNode> seen = [start];
        HashSet<int> rules = [];
        Stack<NetworkNode> work = new(seen);
        while (work.TryPop(out NetworkNode? node))
        {
            rules.UnionWith(node.Calls.Select(call => call.Rule));
            foreach (NetworkNode next in node.Empty)
            {
                if (seen.Add(next))
                    work.Push(next);
            }
        }

        return [.. rules];
    }

    /// <summary>Computes all heights. A node is computed again whenever the height of a node that it leads to has become smaller.</summary>
    private void ComputeHeights()
    {
        List<NetworkNode>[] before = [.. Nodes.Select(_ => new List<NetworkNode>())];
        foreach (NetworkNode node in Nodes)
        {
            foreach ((_, _, NetworkNode to) in node.Bytes)
                before[to.Index].Add(node);
            foreach (NetworkNode to in node.Empty)
                before[to.Index].Add(node);
            foreach ((int rule, NetworkNode after) in node.Calls)
            {
                before[Starts[rule].Index].Add(node);
                before[after.Index].Add(node);
            }
        }

        Queue<NetworkNode> work = new(Nodes.Where(node => node.IsFinal || node == Accept));
        foreach (NetworkNode end in work)
            end.Height = 0;
        while (work.TryDequeue(out NetworkNode? changed))
        {
            foreach (NetworkNode node in before[changed.Index])
            {
                int height = HeightOf(node);
                if (height >= node.Height)
                    continue;
                node.Height = height;
                work.Enqueue(node);
            }
        }
    }

    private int HeightOf(NetworkNode node)
    {
        int height = node.IsFinal ? 0 : NetworkNode.Unreachable;
        foreach ((_, _, NetworkNode to) in node.Bytes)
            height = Math.Min(height, to.Height);
        foreach (NetworkNode to in node.Empty)
            height = Math.Min(height, to.Height);
        foreach ((int rule, NetworkNode after) in node.Calls)
            height = Math.Min(height, Math.Max(Starts[rule].Height + (after.IsOnlyEnd ? 0 : 1), after.Height));
        return Math.Min(height, NetworkNode.Unreachable);
    }

    private (byte[] ClassOf, byte[] ClassBytes) Classes()
    {
        bool[] begins = new bool[257];
        begins[0] = true;
        foreach ((byte low, byte high, _) in Nodes.SelectMany(node => node.Bytes))
            (begins[low], begins[high + 1]) = (true, true);
        byte[] classOf = new byte[256];
        List<byte> bytes = [];
        for (int value = 0; value < 256; value++)
        {
            if (begins[value])
                bytes.Add((byte)value);
            classOf[value] = (byte)(bytes.Count - 1);
        }

        return (classOf, [.. bytes]);
    }
}
