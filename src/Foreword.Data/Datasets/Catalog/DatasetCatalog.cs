using Foreword.Data.Datasets.Choices;
using Foreword.Data.Datasets.Classification;
using Foreword.Data.Datasets.Entailment;
using Foreword.Data.Datasets.Extraction;
using Foreword.Data.Datasets.Similarity;
using Foreword.Settings;

namespace Foreword.Data.Datasets.Catalog;

/// <summary>Lists all data sets. To add one to this project, write one file and add one line here.</summary>
public static class DatasetCatalog
{
    private static readonly Registry<Dataset> Registered = new("data set", dataset => [dataset.Name],
    [
        SnliSet.Dataset,
        MnliSet.Mnli,
        QnliSet.Dataset,
        SciTailSet.Dataset,
        RteSet.Dataset,
        StoryClozeSet.Spring2016,
        RaceSet.Whole,
        RaceSet.MiddleSchool,
        RaceSet.HighSchool,
        ColaSet.Dataset,
        Sst2Set.Dataset,
        MrpcSet.Dataset,
        StsBenchmarkSet.Whole,
        QqpSet.Dataset,
        WnliSet.Dataset,
        MnliSet.Diagnostic,
        CommitmentBankSet.Dataset,
        BoolQSet.Dataset,
        CopaSet.Original,
        CopaSet.XcopaChinese,
        ModifiedWinogradSet.Dataset,
        SickSet.Entailment,
        SickSet.Relatedness,
        SnliSubsetSet.Dataset,
        StsBenchmarkSet.Images,
        TrecSet.CoarseClasses,
        TrecSet.FineClasses,
        AgNewsSet.Dataset,
        ImdbSet.Dataset,
        Banking77Set.Dataset,
        SentimentSentencesSet.Dataset,
        McTestSet.Small,
        McTestSet.Large,
        PhysicalQuestionsSet.Dataset,
        HellaSwagSet.Dataset,
        ScienceQuestionsSet.ArcEasy,
        ScienceQuestionsSet.ArcChallenge,
        ScienceQuestionsSet.OpenBookQa,
        StoryClozeSet.Winter2018,
        ConllSet.Names,
        SquadSet.First,
        SquadSet.Second,
        SquadSet.XquadEnglish,
        SquadSet.XquadChinese,
    ]);

    /// <summary>Gets the data sets, in the order of the GPT-1 paper's tables. Others follow, then registered ones.</summary>
    public static IReadOnlyList<Dataset> All => Registered.All;

    /// <summary>Adds a data set of the program's own after the others.</summary>
    /// <param name="dataset">The data set.</param>
    /// <exception cref="ArgumentException">Another data set has the same name.</exception>
    public static void Register(Dataset dataset) => Registered.Add(dataset);

    /// <summary>Returns the data set with the given name, without regard to case. An underscore counts as a hyphen.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">No data set has this name. The message suggests the nearest name.</exception>
    public static Dataset OfName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Find(name) ?? throw new ArgumentException($"unknown data set '{name}'{NearestName.Suggestion(name, All.Select(dataset => dataset.Name))}", nameof(name));
    }

    /// <summary>Returns the data set with the given name; null if there is none.</summary>
    internal static Dataset? Find(string name) => All.FirstOrDefault(dataset => string.Equals(dataset.Name, name.Replace('_', '-'), StringComparison.OrdinalIgnoreCase));
}
