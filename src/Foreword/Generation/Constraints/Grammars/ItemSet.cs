namespace Foreword.Generation.Constraints.Grammars;

/// <summary>
/// A set of items. An item is a node of the network and the set of items at which its rule continues when it ends. As a state of the deterministic
/// automaton, the set holds all nodes that the bytes so far can lead to. As a return, it holds the nodes after a rule. Equal sets are one object.
/// </summary>
internal sealed class ItemSet(int id, (NetworkNode Node, ItemSet Return)[] items, bool canEnd, bool mustEnd)
{
    /// <summary>Gets the number of the set in its automaton.</summary>
    public int Id => id;

    /// <summary>Gets the items, without duplicates.</summary>
    public IReadOnlyList<(NetworkNode Node, ItemSet Return)> Items => items;

    /// <summary>Gets the number of rules that are open inside this return: 0 without items.</summary>
    public int Depth { get; } = items.Length == 0 ? 0 : items.Max(item => item.Return.Depth) + 1;

    /// <summary>Gets whether the text may end here.</summary>
    public bool CanEnd => canEnd;

    /// <summary>Gets whether the text must end here, because no byte leads on.</summary>
    public bool MustEnd => mustEnd;

    /// <summary>Gets or sets the states after each class of bytes, as far as they are known; null before the first.</summary>
    public ItemSet?[]? Next { get; set; }

    /// <summary>Gets or sets the state after every plain character (see <see cref="Automaton.Mixed"/>); null if it is not known yet.</summary>
    public ItemSet? PlainNext { get; set; }

    /// <summary>Gets or sets the tokens that may follow, if they are known.</summary>
    public ulong[]? Mask { get; set; }
}
