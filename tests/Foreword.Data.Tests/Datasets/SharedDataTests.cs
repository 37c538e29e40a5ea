using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Reads whole data sets, which are not in the repository, and compares the numbers of examples with the published ones.</summary>
public sealed class SharedDataTests
{
    private const string Variable = "FOREWORD_TEST_DATASETS";

    [Theory]
    [InlineData("banking77")]
    [InlineData("sentiment-sentences", 2838)] // its source had taken rows out
    [InlineData("snli-subset")]
    [InlineData("sts-images")]
    [InlineData("copa")]
    [InlineData("openbookqa")]
    [InlineData("xcopa-zh")]
    [InlineData("mwsc")]
    [InlineData("xquad-en")]
    [InlineData("xquad-zh")]
    public void EveryRowIsRead(string name, int? train = null)
    {
        string? data = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(data), $"{Variable} names no directory with the folders of the data sets");
        Dataset dataset = DatasetCatalog.OfName(name);
        DatasetContent content = dataset.Read(new DatasetInput(data));
        Assert.All(content.Parts, part => Assert.Equal(part.Name == DatasetPart.Training && train is { } known ? known : dataset.Sizes[part.Name], part.Examples.Count));
        Assert.All(content.Parts, part => Assert.Empty(part.Notes));
        Assert.Equal(dataset.Sizes.Count - (name == "copa" ? 1 : 0), content.Parts.Count); // COPA's test part is not in the directory
    }
}
