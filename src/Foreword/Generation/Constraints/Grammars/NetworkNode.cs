namespace Foreword.Generation.Constraints.Grammars;

/// <summary>
/// A state of the nondeterministic automaton of a rule. It has edges that read a byte, edges that read nothing, and edges that read a whole rule.
/// </summary>
internal sealed class NetworkNode(int index)
{
    /// <summary>The height of a node from which the end of its rule cannot be reached.</summary>
    public const int Unreachable = int.MaxValue / 2;

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
}
