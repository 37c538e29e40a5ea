namespace Foreword.Generation.Constraints.Grammars;

/// <summary>Builds the nodes of a network from the expressions of a grammar (Thompson's construction).</summary>
/// <param name="alphabet">The characters that can be written, or null if all can.</param>
internal sealed class NetworkBuilder(CharacterSet? alphabet)
{
    /// <summary>The largest number of nodes. A node takes about 200 bytes.</summary>
    private const int MaxNodes = 1_000_000;

    private readonly List<NetworkNode> _nodes = [];

    /// <summary>Gets all nodes. The first is the one after the whole text.</summary>
    public IReadOnlyList<NetworkNode> Nodes => _nodes;

    /// <summary>Builds all rules of a grammar.</summary>
    /// <returns>The first node of each rule.</returns>
    public NetworkNode[] Build(Grammar grammar)
    {
        NewNode();
        NetworkNode[] starts = [.. grammar.Rules.Select(_ => NewNode())];
        for (int rule = 0; rule < starts.Length; rule++)
            Build(grammar.Rules[rule].Body, starts[rule]).IsFinal = true;
        return starts;
    }

    private NetworkNode NewNode()
    {
        if (_nodes.Count == MaxNodes)
            throw new ArgumentException($"the constraint is too large; it needs more than {MaxNodes} states, and large repetition counts are the usual cause");
        NetworkNode node = new(_nodes.Count);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Adds an expression that begins at a node.</summary>
    /// <returns>The node at which it ends. Nothing leads on from it yet.</returns>
    private NetworkNode Build(Expression expression, NetworkNode from)
    {
        switch (expression)
        {
            case Characters characters:
                NetworkNode end = NewNode();
                Connect(characters.Set, from, end);
                return end;
            case Sequence sequence:
                return sequence.Parts.Aggregate(Branch(from), (node, part) => Build(part, node));
            case Alternatives alternatives:
                NetworkNode joined = NewNode();
                foreach (Expression choice in alternatives.Choices)
                    Build(choice, Branch(from)).Empty.Add(joined);
                return joined;
            case Repetition repetition:
                return BuildRepetition(repetition, from);
            case RuleCall call:
                NetworkNode after = NewNode();
                from.Calls.Add((call.Rule, after));
                return after;
            default:
                return BuildMachine((StateMachine)expression, from);
        }
    }

    private NetworkNode BuildRepetition(Repetition repetition, NetworkNode from)
    {
        for (int i = 0; i < repetition.Min; i++)
            from = Build(repetition.Body, Branch(from));
        if (repetition.Max is not { } max)
        {
            NetworkNode loop = Branch(from), end = NewNode();
            Build(repetition.Body, Branch(loop)).Empty.Add(loop);
            loop.Empty.Add(end);
            return end;
        }

        NetworkNode joined = NewNode();
        for (int i = repetition.Min; i < max; i++)
        {
            from.Empty.Add(joined);
            from = Build(repetition.Body, Branch(from));
        }

        from.Empty.Add(joined);
        return joined;
    }

    private NetworkNode BuildMachine(StateMachine machine, NetworkNode from)
    {
        NetworkNode[] states = [.. Enumerable.Range(0, machine.States).Select(_ => NewNode())];
        from.Empty.Add(states[0]);
        foreach ((int source, Expression read, int target) in machine.Edges)
        {
            if (read is Characters characters)
                Connect(characters.Set, states[source], states[target]);
            else
                Build(read, Branch(states[source])).Empty.Add(states[target]);
        }

        NetworkNode end = NewNode();
        foreach (int final in machine.Finals)
            states[final].Empty.Add(end);
        return end;
    }

    private NetworkNode Branch(NetworkNode from)
    {
        NetworkNode node = NewNode();
        from.Empty.Add(node);
        return node;
    }

    /// <summary>Adds paths that read one character. Paths with the same last bytes share their ends.</summary>
    private void Connect(CharacterSet set, NetworkNode from, NetworkNode to)
    {
        Dictionary<(byte Low, byte High, NetworkNode To), NetworkNode> shared = [];
        foreach ((byte Low, byte High)[] sequence in Utf8Ranges.Of(alphabet is null ? set : set.Intersect(alphabet)))
        {
            NetworkNode next = to;
            for (int i = sequence.Length - 1; i > 0; i--)
            {
                (byte low, byte high) = sequence[i];
                if (!shared.TryGetValue((low, high, next), out NetworkNode? node))
                {
                    node = NewNode();
                    node.Bytes.Add((low, high, next));
                    shared.Add((low, high, next), node);
                }

                next = node;
            }

            from.Bytes.Add((sequence[0].Low, sequence[0].High, next));
        }
    }
}
