using Foreword.Evaluation.Benchmarks.Answers;
using Foreword.Evaluation.Benchmarks.Choices;
using Foreword.Evaluation.Benchmarks.LanguageModeling;

namespace Foreword.Evaluation;

/// <summary>Lists all benchmarks. To add one, write one file and add one line here.</summary>
public static class BenchmarkCatalog
{
    /// <summary>Gets the benchmarks, in the order of the papers' tables.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        WikiText.Two,
        WikiText.OneHundredThree,
        PennTreebank.Benchmark,
        OneBillionWord.Benchmark,
        HutterText.Enwik8,
        HutterText.Text8,
        new Lambada(),
        ChildrensBookTest.CommonNouns,
        ChildrensBookTest.NamedEntities,
        ChildrensBookTest.Verbs,
        ChildrensBookTest.Prepositions,
        new Winograd(),
        new Dprd(),
        new Cola(),
        Sst2.Benchmark,
        SentimentSentences.Benchmark,
        SnliSubset.Benchmark,
        Copa.Benchmark,
        XcopaChinese.Benchmark,
        OpenBookQa.Benchmark,
        Arc.Easy,
        Arc.Challenge,
        HellaSwag.Benchmark,
        Piqa.Benchmark,
        Race.Middle,
        Race.High,
        StoryCloze.Benchmark,
        new Coqa(),
        Squad.English,
        Squad.CrossLingualEnglish,
        Squad.CrossLingualChinese,
        Summarization.CnnDailyMail,
        Summarization.SciTldr,
        Translation.WmtToFrench,
        Translation.WmtToEnglish,
        Translation.TatoebaToFrench,
        Translation.TatoebaToEnglish,
        new NaturalQuestions(),
    ];
}
