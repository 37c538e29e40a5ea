using System.Xml.Linq;
using Foreword.Numerics;

namespace Foreword.Data.ReferencePacks;

/// <summary>A summary in the class library's documentation, with the kind of its member.</summary>
/// <param name="Text">The summary, without the member's name.</param>
/// <param name="Kind"><c>method</c>, <c>property</c>, <c>type</c>, <c>field</c> or <c>event</c>.</param>
/// <param name="Namespace">The namespace of the member's type.</param>
internal sealed record MemberSummary(string Text, string Kind, string Namespace);

/// <summary>
/// A classification data set that every machine with a .NET SDK has: predict the kind of a member from its summary. Training, validation and test set
/// hold different namespaces, and no summary occurs twice. Constructors are left out, because nearly all their summaries begin with the same words.
/// </summary>
/// <param name="Train">The summaries to train on.</param>
/// <param name="Validation">The summaries that choose the best epoch.</param>
/// <param name="Test">The summaries of the final evaluation.</param>
internal sealed record MemberKinds(IReadOnlyList<MemberSummary> Train, IReadOnlyList<MemberSummary> Validation, IReadOnlyList<MemberSummary> Test)
{
    /// <summary>Of every ten namespaces, one is for validation and two are for the test.</summary>
    private const int Parts = 10, ValidationParts = 1, TestParts = 2;

    /// <summary>
    /// Divisor for the size of the test set: for each kind, it holds at most a quarter of the training set's maximum. The validation set holds half
    /// of that.
    /// </summary>
    private const int TestShare = 4;

    /// <summary>The kinds, by the first letter of a member's id (C# language specification, appendix D.4.2).</summary>
    private static readonly Dictionary<char, string> Kinds = new() { ['M'] = "method", ['P'] = "property", ['T'] = "type", ['F'] = "field", ['E'] = "event" };

    /// <summary>Reads the newest reference pack of the .NET installation that runs this program.</summary>
    /// <param name="perKind">Maximum number of training summaries of each kind, 1 or more.</param>
    /// <param name="seed">Seed for the choice of namespaces and summaries.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="perKind"/> is below 1.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no reference pack with documentation.</exception>
    /// <exception cref="InvalidDataException">A file is not well-formed XML.</exception>
    public static MemberKinds Load(int perKind, int seed) => Split(Read(ReferencePackCorpus.Find()), perKind, seed);

    /// <summary>Reads every summary of a directory's XML files, each text once.</summary>
    internal static IReadOnlyList<MemberSummary> Read(string directory)
    {
        List<(string Id, XElement Member)> members = [.. ReferencePackCorpus.AllMembers(directory)];
        HashSet<string> types = new(members.Where(m => m.Id.StartsWith("T:", StringComparison.Ordinal)).Select(m => m.Id[2..]), StringComparer.Ordinal);
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        List<MemberSummary> summaries = [];
        foreach ((string id, XElement member) in members)
        {
            if (id.Length < 3 || id[1] != ':' || !Kinds.TryGetValue(id[0], out string? kind) || id.Contains(".#", StringComparison.Ordinal))
                continue;
            if (member.Element("summary") is { } summary && DocumentationText.Plain(summary) is { Length: > 0 } text && seen.Add(text) && NamespaceOf(id[2..], types) is { } space)
                summaries.Add(new MemberSummary(text, kind, space));
        }

        return summaries;
    }

    /// <summary>Divides the namespaces among the sets, then takes at most the given number of summaries of each kind.</summary>
    internal static MemberKinds Split(IReadOnlyList<MemberSummary> summaries, int perKind, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perKind, 1);
        string[] namespaces = [.. summaries.Select(summary => summary.Namespace).Distinct().Order(StringComparer.Ordinal)];
        int[] shuffled = [.. Enumerable.Range(0, namespaces.Length).OrderBy(i => SplitMix.Bits((ulong)seed, (ulong)i))];
        Dictionary<string, int> part = new(StringComparer.Ordinal);
        for (int place = 0; place < shuffled.Length; place++)
            part[namespaces[shuffled[place]]] = place % Parts;
        return new MemberKinds(
            Take(space => part[space] >= ValidationParts + TestParts, perKind),
            Take(space => part[space] < ValidationParts, Math.Max(1, perKind / TestShare / 2)),
            Take(space => part[space] is >= ValidationParts and < ValidationParts + TestParts, Math.Max(1, perKind / TestShare)));

        IReadOnlyList<MemberSummary> Take(Func<string, bool> isIn, int most) =>
            [.. Enumerable.Range(0, summaries.Count)
                .Where(i => isIn(summaries[i].Namespace))
                .OrderBy(i => SplitMix.Bits((ulong)seed + 1, (ulong)i))
                .GroupBy(i => summaries[i].Kind)
                .SelectMany(group => group.Take(most))
                .Order()
                .Select(i => summaries[i])];
    }

    /// <summary>Returns the part of a member's id before the outermost type; null if the files do not describe that type.</summary>
    private static string? NamespaceOf(string id, HashSet<string> types)
    {
        int parameters = id.IndexOf('(', StringComparison.Ordinal);
        string path = parameters < 0 ? id : id[..parameters];
        for (int dot = path.IndexOf('.', StringComparison.Ordinal); dot >= 0;)
        {
            int next = path.IndexOf('.', dot + 1);
            if (types.Contains(next < 0 ? path : path[..next]))
                return path[..dot];
            dot = next;
        }

        return null;
    }
}
