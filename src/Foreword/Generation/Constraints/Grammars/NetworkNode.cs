namespace Foreword.Generation.Constraints.Grammars;

/// <summary>
/// A state of the nondeterministic automaton of a rule. It has edges that read a byte, edges that read nothing, and edges that read a whole rule.
/// </summary>
internal sealed class NetworkNode(int index)
{
    /// <summary>The height of a node from which the end of its rule cannot be reached.</summary>
    public const int Unreachable = int.MaxValue / 2;

    private Reach? _reached;

    /// <summary>Gets the number of the node in its network.</summary>
    public int Index => index;

    /// <summary>Gets the edges that read a byte in a range.</summary>
    public List<(byte Low, byte High, NetworkNode To)> Bytes { get; } = [];

    /// <summary>Gets the nodes that are reached without reading anything.</summary>
    public List<NetworkNode> Empty { get; } = [];

    /// <summary>Gets the rules that can be read here, each with the node that follows it.</summary>
    public List<(int Rule, NetworkNode After)> Calls { get; } = [];

    /// <summary>Gets or sets whether the rule may end here.</summary>
    public bool IsFinal { get; set; }

    /// <summary>Gets or sets whether nothing but the end of the rule follows. A rule that is read before such a node needs no return.</summary>
    public bool IsOnlyEnd { get; set; }

    /// <summary>
    /// Gets or sets the smallest number of levels of rules that must be open at the same time before the rule can end. It is
    /// <see cref="Unreachable"/> if it cannot end.
    /// </summary>
    public int Height { get; set; } = Unreachable;

    /// <summary>Gets what is reached from here without reading anything. It is collected when it is first needed, after the network is complete.</summary>
    public Reach Reached => _reached ??= Reach.From(this);

    /// <summary>The nodes and rules that are reached from a node without reading anything.</summary>
    /// <param name="Readers">The nodes from which a byte can be read.</param>
    /// <param name="Calls">The rules that can be read, each with the node that follows it.</param>
    /// <param name="IsFinal">Whether the rule may end.</param>
    internal sealed record Reach(NetworkNode[] Readers, (int Rule, NetworkNode After)[] Calls, bool IsFinal)
    {
        public static Reach From(NetworkNode start)
        {
            HashSet<NetworkNode> seen = [start];
            Stack<NetworkNode> work = new(seen);
            while (work.TryPop(out NetworkNode? node))
            {
                foreach (NetworkNode next in node.Empty)
                {
                    if (seen.Add(next))
                        work.Push(next);
                }
            }

            return new Reach([.. seen.Where(node => node.Bytes.Count > 0)], [.. seen.SelectMany(node => node.Calls)], seen.Any(node => node.IsFinal));
        }
    }
}
