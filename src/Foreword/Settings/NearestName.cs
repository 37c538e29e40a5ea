namespace Foreword.Settings;

/// <summary>Finds the known name that a misspelled name most likely means.</summary>
internal static class NearestName
{
    /// <summary>
    /// The cost of an edit. A character that the candidate has before or after the name costs 1, because the name may be a part of the intended one.
    /// </summary>
    private const int EditCost = 8;

    /// <summary>The factor of the cost in a sum of cost and edits. The number of edits is in the lower bits and is always below this factor.</summary>
    private const int CostUnit = 1 << 12;

    private const int Edit = EditCost * CostUnit + 1;

    /// <summary>The cost of a character that the name has after the whole candidate, as in gpt2-124m for gpt2.</summary>
    private const int Tail = EditCost / 2 * CostUnit;

    /// <summary>The length from which a name can match as a part. Shorter names are parts of too many others.</summary>
    private const int ShortestPart = 3;

    /// <summary>
    /// Returns the candidate that is nearest to a name, or null if none is near enough. Case, hyphens, underscores and spaces are ignored. The first
    /// of equally near candidates wins. An insertion, deletion, substitution or exchange of neighboring characters costs 1. A character that the
    /// candidate has before or after the name, as in <c>gpt2-tiny-5m</c> for <c>gpt2-tny</c>, costs one eighth. A character that the name has after
    /// the whole candidate costs one half. Two in five of the name's characters may be wrong, or one in four if the name is a part of the candidate.
    /// </summary>
    /// <param name="name">The misspelled name.</param>
    /// <param name="candidates">The known names.</param>
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

    /// <summary>Returns "; did you mean 'x'?" for the nearest candidate, or an empty string if there is none.</summary>
    public static string Suggestion(string name, IEnumerable<string> candidates) =>
        Find(name, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    /// <summary>Removes the separators between words, which people often omit or replace, and ignores case.</summary>
    private static string Bare(string name) => string.Concat(name.Where(character => character is not ('-' or '_' or ' '))).ToUpperInvariant();

    /// <summary>Computes the cost of reading the name as the candidate; <see cref="int.MaxValue"/> if they are too different.</summary>
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

    /// <summary>
    /// Computes the cost of the cheapest way from a name to a candidate, and its number of edits (Damerau-Levenshtein with exchanges of neighbors).
    /// </summary>
    /// <param name="name">The misspelled name.</param>
    /// <param name="candidate">The name that may be meant.</param>
    /// <param name="outside">The cost of a character that the candidate has before or after the name.</param>
    /// <param name="tail">The cost of a character that the name has after the candidate.</param>
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
