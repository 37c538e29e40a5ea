using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Benchmarks.Answers;
using Foreword.Evaluation.Benchmarks.Choices;
using Foreword.Evaluation.Benchmarks.Labels;
using Foreword.Evaluation.Benchmarks.LanguageModeling;
using Foreword.Settings;

namespace Foreword.Evaluation;

/// <summary>Lists all benchmarks. To add one to this project, write one file and add one line here.</summary>
public static class BenchmarkCatalog
{
    private static readonly Registry<Benchmark> Registered = new("benchmark", benchmark => [benchmark.Name],
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
        SuperGlueEntailment.Rte,
        SuperGlueEntailment.Cb,
        BoolQ.Benchmark,
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
    ]);

    /// <summary>Gets the benchmarks, in the order of the papers' tables. Registered ones follow.</summary>
    public static IReadOnlyList<Benchmark> All => Registered.All;

    /// <summary>Adds a benchmark of the program's own after the others.</summary>
    /// <param name="benchmark">The benchmark.</param>
    /// <exception cref="ArgumentException">Another benchmark has the same name.</exception>
    public static void Register(Benchmark benchmark) => Registered.Add(benchmark);
}
