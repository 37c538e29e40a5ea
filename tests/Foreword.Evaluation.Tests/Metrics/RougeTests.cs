using System.Text.Json;
using CsCheck;
using Foreword.Evaluation.Metrics;
using static Foreword.Tests.GoldenMetrics;

namespace Foreword.Evaluation.Tests.Metrics;

public class RougeTests
{
    [Fact]
    public void TheScoresEqualTheReference()
    {
        foreach (JsonElement golden in Root.GetProperty("rouge").EnumerateArray())
        {
            JsonElement expected = golden.GetProperty("expected");
            Rouge rouge = Rouge.Compute(golden.GetProperty("hypothesis").GetString()!, golden.GetProperty("reference").GetString()!);
            foreach ((string name, PrecisionRecall part) in new[] { ("rouge1", rouge.Rouge1), ("rouge2", rouge.Rouge2), ("rougeL", rouge.RougeL) })
            {
                AssertNear(expected.GetProperty(name).GetProperty("precision").GetDouble(), part.Precision);
                AssertNear(expected.GetProperty(name).GetProperty("recall").GetDouble(), part.Recall);
                AssertNear(expected.GetProperty(name).GetProperty("f1").GetDouble(), part.F1);
            }

            AssertNear(expected.GetProperty("average_f1").GetDouble(), rouge.AverageF1);
        }
    }

    [Fact]
    public void OfSeveralReferencesTheBestCountsForEachScore()
    {
        Rouge rouge = Rouge.Compute("a b c", ["c b a", "a b x y"]);
        Assert.Equal(1, rouge.Rouge1.F1);
        Assert.Equal(Rouge.Compute("a b c", "a b x y").Rouge2, rouge.Rouge2);
        Assert.Equal(Rouge.Compute("a b c", "a b x y").RougeL, rouge.RougeL);
        Assert.Throws<ArgumentException>(() => Rouge.Compute("a", []));
    }

    [Fact]
    public void TheLongestCommonSequenceIsThatOfEverySubset()
    {
        Gen<string> texts = Gen.Int[0, 2].Select(i => "abc"[i].ToString()).Array[1, 9].Select(words => string.Join(' ', words));
        Gen.Select(texts, texts).Sample((a, b) =>
        {
            string[] own = a.Split(' '), other = b.Split(' ');
            int longest = Enumerable.Range(0, 1 << own.Length).Select(kept => Chosen(own, kept)).Where(words => IsSubsequence(words, other)).Max(words => words.Length);
            AssertNear((double)longest / own.Length, Rouge.Compute(a, b).RougeL.Precision);
        });
    }

    private static string[] Chosen(string[] words, int kept) => [.. words.Where((_, i) => (kept >> i & 1) == 1)];

    private static bool IsSubsequence(string[] words, string[] of)
    {
        int found = 0;
        foreach (string word in of)
            found += found < words.Length && words[found] == word ? 1 : 0;
        return found == words.Length;
    }
}
