namespace Foreword.Tasks.Metrics;

/// <summary>A name or another unit of several words that labels mark.</summary>
/// <param name="Type">The type, such as PER.</param>
/// <param name="Start">The index of the first word, from 0.</param>
/// <param name="End">The index after the last word.</param>
public readonly record struct Entity(string Type, int Start, int End)
{
    /// <summary>
    /// Returns the entities that labels mark, in order. A label is a mark (B, I, E or S), a hyphen and a type, or O. The rules are those of the
    /// program <c>conlleval</c> of CoNLL-2000 for the schemes IOB1, IOB2 and IOBES: an entity begins at B and S, after an entity's end, and where the
    /// type changes.
    /// </summary>
    /// <param name="labels">The label of each word.</param>
    public static IReadOnlyList<Entity> Of(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        List<Entity> found = [];
        (char Mark, string Type) before = ('O', "");
        int start = -1;
        for (int i = 0; i <= labels.Count; i++)
        {
            (char Mark, string Type) now = i < labels.Count ? Parts(labels[i]) : ('O', "");
            if (start >= 0 && (now.Mark is 'O' or 'B' or 'S' || before.Mark is 'E' or 'S' || now.Type != before.Type))
            {
                found.Add(new Entity(before.Type, start, i));
                start = -1;
            }

            if (start < 0 && now.Mark != 'O')
                start = i;
            before = now;
        }

        return found;
    }

    /// <summary>Returns whether labels mark entities: one of them begins with B-, I-, E- or S-. Other labels, such as parts of speech, stand for single words.</summary>
    /// <param name="labels">The labels of a task.</param>
    public static bool AreIn(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return labels.Any(label => label.Length > 2 && label[1] == '-' && label[0] is 'B' or 'I' or 'E' or 'S');
    }

    /// <summary>Returns the units that labels of single words stand for: one for each word whose label is not O.</summary>
    internal static IReadOnlyList<Entity> OfWords(IReadOnlyList<string> labels) =>
        [.. labels.Index().Where(label => label.Item != "O").Select(label => new Entity(label.Item, label.Index, label.Index + 1))];

    /// <summary>Divides a label into its mark and its type. A label without a hyphen is a mark without a type; a mark that is not known counts as I.</summary>
    private static (char Mark, string Type) Parts(string label)
    {
        int hyphen = label.IndexOf('-', StringComparison.Ordinal);
        string mark = hyphen < 0 ? label : label[..hyphen];
        return (mark is "O" or "B" or "E" or "S" ? mark[0] : 'I', hyphen < 0 ? "" : label[(hyphen + 1)..]);
    }
}
