using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Checks what the data sets of two similar texts read from their layouts.</summary>
public sealed class SimilaritySetsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void MrpcReadsGluesFilesAndTheOriginalTestLabels()
    {
        DatasetContent content = ReadDataset.Of("mrpc");
        Assert.Equal(["equivalent", "not_equivalent", "equivalent"], content.Train.Labels());
        Assert.Equal("Amrozi accused \"the witness of lying.", content.Train.Examples[0].Texts[0]);
        Assert.Equal(["test", "submission"], content.Tests.Select(part => part.Name));
        Assert.Equal(["equivalent", "not_equivalent"], content.Tests[0].Labels());
        Assert.Equal([null, ""], content.Tests.Select(part => part.SubmissionEnding));
        Assert.Equal(["0", "1"], content.Tests[1].Ids);
    }

    [Fact]
    public void MrpcTakesGluesValidationPairsOutOfTheOriginalTrainingFile()
    {
        DatasetContent glue = ReadDataset.Of("mrpc"), original = ReadDataset.Of("mrpc", "mrpc-original");
        Assert.Equal(glue.Train.Texts(), original.Train.Texts());
        Assert.Equal(glue.Validation!.Texts(), original.Validation!.Texts());
        Assert.Equal(glue.Validation!.Labels(), original.Validation!.Labels());
    }

    [Fact]
    public void MrpcWithoutTheListOfValidationPairsHoldsOutAShare()
    {
        _directory.Write("msr_paraphrase_train.txt", File.ReadAllText(Fixtures.Path("datasets/mrpc-original/msr_paraphrase_train.txt")));
        DatasetContent content = DatasetCatalog.OfName("mrpc").Read(new DatasetInput(_directory.Path));
        Assert.Equal((5, true), (content.Train.Examples.Count, content.Validation is null));
    }

    [Fact]
    public void QqpSkipsAndCountsBrokenRowsButNotInTheTestFile()
    {
        DatasetContent content = ReadDataset.Of("qqp");
        Assert.Equal(["duplicate", "not_duplicate", "duplicate"], content.Train.Labels());
        string file = content.Train.Files[0];
        Assert.Equal([$"train: 2 of 6 rows have the wrong number of fields and are skipped, the first at {file}:4", $"train: 1 of 6 rows have an empty text and are skipped, the first at {file}:6"], content.Train.Notes);
        Assert.Equal(["Who wrote this book?", ""], content.Tests.Single().Texts());
        string broken = _directory.Write("test.tsv", "id\tquestion1\tquestion2\n0\tone\n");
        _directory.Write("train.tsv", File.ReadAllText(file));
        Assert.Equal($"{broken}:2: the row has 2 fields; expected 3, as in the header", Assert.Throws<InvalidDataException>(() => DatasetCatalog.OfName("qqp").Read(new DatasetInput(_directory.Path))).Message);
    }

    [Fact]
    public void StsBenchmarkReadsBothLayouts()
    {
        DatasetContent glue = ReadDataset.Of("sts-b"), original = ReadDataset.Of("sts-b", "sts-b-original");
        Assert.Equal(["5.000", "3.800", "0.200"], glue.Train.Examples.Select(example => Foreword.Tasks.TaskLabel.Canonical(example.Label!) == "5" ? "5.000" : example.Label));
        Assert.Equal(["A man plays a \"large flute.", "A man plays a flute."], glue.Train.Examples[1].Texts);
        Assert.Equal(["A plane is taking off.", "Talks fail."], original.Train.Texts());
        Assert.True(original.Tests.Single().IsLabeled);
        Assert.Null(original.Tests.Single().SubmissionEnding);
    }

    [Fact]
    public void OwnFilesReplaceTheValidationPart()
    {
        string own = _directory.Write("own.tsv", "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n0\ta\tb\tc\td\te\tf\tone\ttwo\t2.5\n");
        DatasetContent content = DatasetCatalog.OfName("sts-b").Read(new DatasetInput(Fixtures.Path("datasets/sts-b")) { Validation = [own] });
        Assert.Equal(["one", "two"], Assert.Single(content.Validation!.Examples).Texts);
    }
}
