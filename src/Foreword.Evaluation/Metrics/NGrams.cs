namespace Foreword.Evaluation.Metrics;

/// <summary>Counts sequences of neighboring words (n-grams).</summary>
internal static class NGrams
{
    /// <summary>Separates the words of an n-gram. No word contains it.</summary>
    private const char Between = ' ';

    /// <summary>Counts each n-gram of <paramref name="length"/> words; empty if there are fewer words.</summary>
    public static Dictionary<string, int> Count(string[] words, int length)
    {
        Dictionary<string, int> counts = [];
        for (int start = 0; start + length <= words.Length; start++)
        {
            string run = length == 1 ? words[start] : string.Join(Between, words, start, length);
            counts[run] = counts.GetValueOrDefault(run) + 1;
        }

        return counts;
    }

    /// <summary>Counts the occurrences that two texts share: for each n-gram, the smaller of its two counts.</summary>
    public static int Shared(Dictionary<string, int> a, Dictionary<string, int> b) => a.Sum(run => Math.Min(run.Value, b.GetValueOrDefault(run.Key)));
}
