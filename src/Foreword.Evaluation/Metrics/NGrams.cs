namespace Foreword.Evaluation.Metrics;

/// <summary>Runs of neighbouring words with their numbers of occurrences.</summary>
internal static class NGrams
{
    /// <summary>Parts the words of a run; no word holds it.</summary>
    private const char Between = ' ';

    /// <summary>How often each run of <paramref name="length"/> words occurs; empty where there are fewer words.</summary>
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

    /// <summary>Occurrences that two texts share: of each run the smaller number.</summary>
    public static int Shared(Dictionary<string, int> a, Dictionary<string, int> b) => a.Sum(run => Math.Min(run.Value, b.GetValueOrDefault(run.Key)));
}
