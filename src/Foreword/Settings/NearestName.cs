namespace Foreword.Settings;

/// <summary>Finds the known name that a misspelt one most likely meant.</summary>
public static class NearestName
{
    /// <summary>Cost of an edit where a candidate's character before or after the misspelt name costs one: a name may be a part of the one that was meant.</summary>
    private const int EditCost = 8;

    /// <summary>One place higher in a sum than any number of edits, which is kept in the lower bits.</summary>
    private const int CostUnit = 1 << 12;

    private const int Edit = EditCost * CostUnit + 1;

    /// <summary>Cost of a character that the name has after the whole candidate, as in gpt2-124m for gpt2.</summary>
    private const int Tail = EditCost / 2 * CostUnit;

    /// <summary>Shorter names are parts of too many others.</summary>
    private const int ShortestPart = 3;

    /// <summary>
    /// Returns the candidate that is nearest to <paramref name="name"/> (case ignored; ties by order), or null when none is near. Insertions, deletions,
    /// substitutions and exchanges of neighbours count one each; characters of the candidate before or after the name, as in <c>gpt2-tiny-5m</c> for
    /// <c>gpt2-tny</c>, count an eighth, those of the name after a whole candidate a half. Strokes between words do not count.
    /// Two in five of the name's characters may be wrong, one in four where it is a part.
    /// </summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(candidates);
        string wanted = Bare(name);
        string? best = null;
        int bestCost = int.MaxValue;
        foreach (string candidate in candidates)
        {
            int cost = Cost(wanted, Bare(candidate));
            if (cost < bestCost)
                (best, bestCost) = (candidate, cost);
        }

        return best;
    }

    /// <summary>"; did you mean 'x'?" for the nearest candidate, or the empty string.</summary>
    public static string Suggestion(string name, IEnumerable<string> candidates) =>
        Find(name, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    /// <summary>Without what stands between words, which people leave out or write in another way.</summary>
    private static string Bare(string name) => string.Concat(name.Where(character => character is not ('-' or '_' or ' '))).ToUpperInvariant();

    /// <summary>The cost of taking the name for the candidate; the largest number where they are too different.</summary>
    private static int Cost(string name, string candidate)
    {
        int cost = Where(Distance(name, candidate, Edit, Edit), Math.Max(1, 2 * name.Length / 5));
        if (name.Length < ShortestPart || candidate.Length < ShortestPart)
            return cost;
        int part = Where(Distance(name, candidate, CostUnit, Edit), name.Length / 4);
        int longer = Where(Distance(name, candidate, Edit, Tail), candidate.Length / 4);
        return Math.Min(cost, Math.Min(part, longer));

        static int Where((int Cost, int Edits) distance, int most) => distance.Edits <= most ? distance.Cost : int.MaxValue;
    }

    /// <summary>The cost of the cheapest way from a name to a candidate, and the edits in it (Damerau-Levenshtein of neighbours).</summary>
    /// <param name="name">The misspelt name.</param>
    /// <param name="candidate">What it may mean.</param>
    /// <param name="outside">Cost of a character of the candidate before or after the name.</param>
    /// <param name="tail">Cost of a character of the name after the candidate.</param>
    private static (int Cost, int Edits) Distance(string name, string candidate, int outside, int tail)
    {
        int[] before = new int[candidate.Length + 1], row = [.. Enumerable.Range(0, candidate.Length + 1).Select(j => j * outside)], next = new int[candidate.Length + 1];
        int best = int.MaxValue;
        for (int i = 1; i <= name.Length; i++)
        {
            next[0] = i * Edit;
            for (int j = 1; j <= candidate.Length; j++)
            {
                int substitution = row[j - 1] + (name[i - 1] == candidate[j - 1] ? 0 : Edit);
                next[j] = Math.Min(substitution, Edit + Math.Min(row[j], next[j - 1]));
                if (i > 1 && j > 1 && name[i - 1] == candidate[j - 2] && name[i - 2] == candidate[j - 1])
                    next[j] = Math.Min(next[j], before[j - 2] + Edit);
            }

            (before, row, next) = (row, next, before);
            if (name.Length - i <= candidate.Length + 1)
                best = Math.Min(best, row[^1] + (name.Length - i) * tail);
        }

        best = Math.Min(best, row.Select((cost, j) => cost + (candidate.Length - j) * outside).Min());
        return (best / CostUnit, best % CostUnit);
    }
}
