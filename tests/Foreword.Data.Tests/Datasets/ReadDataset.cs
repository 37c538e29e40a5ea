using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Reads data sets from their fixtures.</summary>
internal static class ReadDataset
{
    /// <summary>Reads a data set from its own fixture, or from another folder of the fixtures.</summary>
    public static DatasetContent Of(string name, string? folder = null)
    {
        Dataset dataset = DatasetCatalog.OfName(name);
        return dataset.Read(new DatasetInput(Fixtures.Path($"datasets/{folder ?? dataset.Folders[0].ToLowerInvariant()}")));
    }

    /// <summary>Returns the labels of a part's examples.</summary>
    public static IEnumerable<string?> Labels(this DatasetPart part) => part.Examples.Select(example => example.Label);

    /// <summary>Returns one text of each example of a part.</summary>
    public static IEnumerable<string?> Texts(this DatasetPart part, int index = 0) => part.Examples.Select(example => example.Texts[index]);
}
