using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Tasks;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Checks what the data sets of GLUE read from their layouts.</summary>
public sealed class GlueSetsTests
{
    [Fact]
    public void RteReadsQuotesAsOrdinaryCharacters()
    {
        DatasetContent content = Read("rte");
        Assert.Equal(["The bridge was closed on Monday \"for repairs.", "The bridge was closed."], content.Train.Examples[0].Texts);
        Assert.Equal(["entailment", "not_entailment", "entailment", "not_entailment"], content.Train.Examples.Select(example => example.Label));
        DatasetPart test = Assert.Single(content.Tests);
        Assert.False(test.IsLabeled);
        Assert.Equal(["0", "1", "2"], test.Ids);
    }

    [Fact]
    public void ColaHasNoHeaderExceptInTheTestFile()
    {
        DatasetContent content = Read("cola");
        Assert.Equal(["The children opened the door.", "The children opened door the.", "\"Sing,\" she told them.", "She told to sing them."], content.Train.Examples.Select(example => example.Texts[0]));
        Assert.Equal(["acceptable", "unacceptable", "acceptable", "unacceptable"], content.Train.Examples.Select(example => example.Label));
        Assert.Equal(["Bill left early.", "Early Bill left did."], content.Tests.Single().Examples.Select(example => example.Texts[0]));
    }

    private static DatasetContent Read(string name) => DatasetCatalog.OfName(name).Read(new DatasetInput(Fixtures.Path($"datasets/{name}")));
}
