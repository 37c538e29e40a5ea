using System.Text.Json;
using Foreword.Evaluation.Metrics;
using static Foreword.Tests.GoldenMetrics;

namespace Foreword.Evaluation.Tests.Metrics;

public class BleuTests
{
    public static TheoryData<string> Corpora => Names("bleu");

    [Fact]
    public void TheTokensEqualTheReference()
    {
        foreach (JsonElement golden in Root.GetProperty("tokenize_13a").EnumerateArray())
            Assert.Equal(Array<string>(golden, "tokens"), Tokenizer13a.Tokenize(golden.GetProperty("text").GetString()!));
    }

    [Theory]
    [MemberData(nameof(Corpora))]
    public void TheScoreEqualsTheReference(string name)
    {
        JsonElement golden = Case("bleu", name), expected = golden.GetProperty("expected");
        string[] hypotheses = Array<string>(golden, "hypotheses");
        string[][] references = Array<string[]>(golden, "references");

        Bleu plain = Bleu.Corpus(hypotheses, references, BleuSmoothing.None);
        AssertNear(expected.GetProperty("bleu_no_smoothing").GetDouble(), plain.Value);
        AssertNear(expected.GetProperty("brevity_penalty").GetDouble(), plain.BrevityPenalty);
        Assert.Equal(expected.GetProperty("sys_len").GetInt32(), plain.HypothesisLength);
        Assert.Equal(expected.GetProperty("ref_len").GetInt32(), plain.ReferenceLength);
        double[] precisions = Array<double>(expected, "precisions");
        Assert.Equal(precisions.Length, plain.Precisions.Count);
        for (int order = 0; order < precisions.Length; order++)
            AssertNear(precisions[order], plain.Precisions[order]);

        AssertNear(expected.GetProperty("bleu_exp_smoothing").GetDouble(), Bleu.Corpus(hypotheses, references).Value);
    }

    [Theory]
    [InlineData(BleuSmoothing.Floor, 40.0, 25.0, 10.0 / 3, 5.0)] // 0.1 of 3 and of 2
    [InlineData(BleuSmoothing.AddK, 40.0, 40.0, 25.0, 100.0 / 3)] // (1+1)/(4+1), (0+1)/(3+1), (0+1)/(2+1)
    public void TheOtherSmoothingsFollowTheirDefinition(BleuSmoothing smoothing, params double[] precisions)
    {
        Bleu bleu = Bleu.Corpus(["the Cat Sat down here"], [["The cat sat down here"]], smoothing);
        Assert.All(precisions.Index(), p => AssertNear(p.Item, bleu.Precisions[p.Index]));
        AssertNear(Math.Pow(precisions.Aggregate(1.0, (product, p) => product * p), 0.25), bleu.Value);
    }

    [Fact]
    public void TheSignatureSaysHowItWasComputed()
    {
        Assert.StartsWith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:foreword-", Bleu.Corpus(["a"], [["a"]]).Signature, StringComparison.Ordinal);
        Assert.StartsWith("nrefs:var|case:mixed|eff:no|tok:13a|smooth:floor[0.10]|", Bleu.Corpus(["a", "b"], [["a"], ["b", "c"]], BleuSmoothing.Floor).Signature, StringComparison.Ordinal);
    }

    [Fact]
    public void AHypothesisWithoutTokensScoresNothing() => Assert.Equal(0, Bleu.Corpus([""], [["a b c d"]]).Value);

    [Fact]
    public void SegmentsWithoutReferencesAreRefused()
    {
        Assert.Contains("there are 1 hypotheses for 0 segments", Assert.Throws<ArgumentException>(() => Bleu.Corpus(["a"], [])).Message, StringComparison.Ordinal);
        Assert.Contains("segment 1 has no reference", Assert.Throws<ArgumentException>(() => Bleu.Corpus(["a", "b"], [["a"], []])).Message, StringComparison.Ordinal);
    }
}
