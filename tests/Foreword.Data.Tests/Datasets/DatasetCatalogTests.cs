using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Reads every data set of the list from a few rows in its published layout.</summary>
public sealed class DatasetCatalogTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    /// <summary>Gets the names of the built-in data sets. Other tests may register more.</summary>
    public static TheoryData<string> Names => [.. DatasetCatalog.All.Where(dataset => dataset.GetType().Assembly == typeof(Dataset).Assembly).Select(dataset => dataset.Name)];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryDataSetReadsItsFixture(string name)
    {
        Dataset dataset = DatasetCatalog.OfName(name);
        FineTuningTask task = FineTuningTask.OfKind(dataset.Task);
        DatasetContent content = Read(dataset);
        Assert.Equal(DatasetPart.Training, content.Train.Name);
        Assert.All(content.Train.Examples, example => Assert.NotNull(example.Label));
        Assert.All(content.Parts, part => Assert.NotEmpty(part.Examples));
        Assert.All(content.Parts, part => Assert.All(part.Examples, task.Check));
        Assert.All(content.Parts.SelectMany(part => part.Files), file => Assert.True(File.Exists(file), file));
        if (dataset.Labels.Count > 0)
        {
            Assert.All(content.Parts.SelectMany(part => part.Examples).Where(example => example.Label is not null), example => Assert.Contains(example.Label, dataset.Labels));
            Assert.All(content.Parts.SelectMany(part => part.Examples), example => Assert.True(example.Choices.Count <= dataset.Labels.Count));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryDataSetDescribesItself(string name)
    {
        Dataset dataset = DatasetCatalog.OfName(name);
        Assert.All([dataset.Title, dataset.Source, dataset.Files], text => Assert.False(string.IsNullOrWhiteSpace(text)));
        Assert.Equal(name, name.ToLowerInvariant());
        Assert.True(dataset.Labels.Count != 1);
        Assert.Equal(dataset.Labels.Count, dataset.Labels.Distinct().Count());
        Assert.All(dataset.Published, result => Assert.Contains(result.Metric, TaskMetric.All.Select(metric => metric.Name)));
        Assert.All(dataset.Published, result => Assert.InRange(result.Value, -1, 1));
        if (dataset.Submission is not null && name is not ("boolq" or "copa")) // of these two, only SuperGLUE's layout has test examples without labels
            Assert.Contains(Read(dataset).Tests, part => part.SubmissionEnding is not null);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void MissingFilesAreNamedWithTheExpectedOnes(string name)
    {
        Dataset dataset = DatasetCatalog.OfName(name);
        InvalidDataException thrown = Assert.Throws<InvalidDataException>(() => dataset.Read(new DatasetInput(_directory.Path)));
        Assert.StartsWith($"{name}: {_directory.Path} holds none of ", thrown.Message, StringComparison.Ordinal);
        Assert.EndsWith($"; the data set has {dataset.Files}", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheNumbersOfExamplesAreComparedWithThePublishedOnes(string name)
    {
        Dataset dataset = DatasetCatalog.OfName(name);
        DatasetContent content = Read(dataset);
        Assert.All(content.Parts.Where(part => part.Name != "submission"), part => Assert.True(dataset.Sizes[part.Name] > 0));
        Assert.All(dataset.Published, result => Assert.True(dataset.Sizes.ContainsKey(result.Part)));
    }

    /// <summary>Gives every data set files that hold something else. Each must refuse them and name the file.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void WrongFilesAreRefused(string name)
    {
        Dataset dataset = DatasetCatalog.OfName(name);
        DatasetContent content = Read(dataset);
        string root = FixtureOf(dataset), copy = _directory.File("copy");
        foreach (string file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllText(target, content.Train.Files.Contains(file) ? "this is the text of a page\nthat is not a data set\n" : File.ReadAllText(file));
        }

        if (name == "imdb") // a review may be any text
        {
            Assert.Equal("this is the text of a page\nthat is not a data set", dataset.Read(new DatasetInput(copy)).Train.Examples[0].Texts[0]);
            return;
        }

        InvalidDataException thrown = Assert.Throws<InvalidDataException>(() => dataset.Read(new DatasetInput(copy)));
        Assert.StartsWith(copy, thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', thrown.Message);
    }

    [Fact]
    public void ALimitStopsTheTrainingPartOnly()
    {
        DatasetContent content = DatasetCatalog.OfName("rte").Read(new DatasetInput(Fixtures.Path("datasets")) { Limit = 3 });
        Assert.Equal([3, 2, 3], content.Parts.Select(part => part.Examples.Count));
    }

    [Fact]
    public void TheFilesMayLieInTheDataDirectoryItself() =>
        Assert.Equal(4, DatasetCatalog.OfName("rte").Read(new DatasetInput(Fixtures.Path("datasets/rte"))).Train.Examples.Count);

    [Fact]
    public void ADirectoryThatDoesNotExistIsNamed()
    {
        string missing = _directory.File("missing");
        Assert.Equal($"the data directory '{missing}' does not exist", Assert.Throws<DirectoryNotFoundException>(() => DatasetCatalog.OfName("rte").Read(new DatasetInput(missing))).Message);
    }

    [Fact]
    public void AnUnknownNameSuggestsTheNearest() =>
        Assert.StartsWith("unknown data set 'rtee'; did you mean 'rte'?", Assert.Throws<ArgumentException>(() => DatasetCatalog.OfName("rtee")).Message, StringComparison.Ordinal);

    private static string FixtureOf(Dataset dataset) => Fixtures.Path(Path.Combine("datasets", dataset.Folders[0].ToLowerInvariant()));

    private static DatasetContent Read(Dataset dataset) => dataset.Read(new DatasetInput(FixtureOf(dataset)));
}
