using Foreword.Data.Datasets;
using Foreword.Tasks;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Checks the files that GLUE's test server takes.</summary>
public sealed class SubmissionFormatTests
{
    private static readonly DatasetPart Part = new(DatasetPart.Test, [new(["a"], []), new(["b"], [])], ["test.tsv"]) { Ids = ["7", "9"], SubmissionEnding = "" };

    [Fact]
    public void ClassesAreWrittenInTheWordsOfTheServer() =>
        Assert.Equal("index\tprediction\n7\t1\n9\t0\n", Written(SubmissionFormat.OfClasses("0", "1"), Part, Class("acceptable", 1), Class("unacceptable", 0)));

    [Fact]
    public void ScoresStayInTheirRange() =>
        Assert.Equal("index\tprediction\n7\t5.000\n9\t2.346\n", Written(SubmissionFormat.OfScores(0, 5), Part, new Prediction("", -1, 5.4, []), new Prediction("", -1, 2.3456, [])));

    [Fact]
    public void SuperGlueTakesJsonLines()
    {
        Assert.Equal("{\"idx\": 7, \"label\": \"true\"}\n{\"idx\": 9, \"label\": \"false\"}\n", Written(SubmissionFormat.OfJsonLines("false", "true"), Part, Class("true", 1), Class("false", 0)));
        Assert.Equal("{\"idx\": 7, \"label\": 1}\n{\"idx\": 9, \"label\": 0}\n", Written(SubmissionFormat.OfJsonLines("0", "1"), Part, Class("2", 1), Class("1", 0)));
    }

    [Fact]
    public void WithoutIdsThePositionIsTheIndex() =>
        Assert.Equal("index\tprediction\n0\t0\n1\t1\n", Written(SubmissionFormat.OfClasses("0", "1"), Part with { Ids = [] }, Class("a", 0), Class("b", 1)));

    [Theory]
    [InlineData("out/MNLI.tsv", "-mm", "out/MNLI-mm.tsv")]
    [InlineData("RTE.tsv", "", "RTE.tsv")]
    public void SeveralPartsHaveTheirEndings(string path, string ending, string expected) => Assert.Equal(expected, SubmissionFormat.PathFor(path, Part with { SubmissionEnding = ending }));

    [Fact]
    public void APredictionForEachExampleIsNeeded() =>
        Assert.StartsWith("test has 2 examples; 1 predictions were given", Assert.Throws<ArgumentException>(() => Written(SubmissionFormat.OfClasses("0", "1"), Part, Class("a", 0))).Message, StringComparison.Ordinal);

    private static Prediction Class(string label, int index) => new(label, index, double.NaN, [0.5, 0.5]);

    private static string Written(SubmissionFormat format, DatasetPart part, params Prediction[] predictions)
    {
        using StringWriter writer = new();
        format.Write(writer, part, predictions);
        return writer.ToString();
    }
}
