using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Data.FineTuning;
using Foreword.Data.Recipes;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Checks recipes that name a data set, and what a run reads for them.</summary>
public sealed class DatasetRecipeTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TheDataSetSuppliesTaskLabelsAndMetric()
    {
        FineTuneRecipe recipe = Parse("data: {dataset: CoLA, directory: x}");
        Assert.Equal(("cola", "classification", "matthews"), (recipe.Data.Dataset, recipe.Task.Kind, recipe.Train.BestMetric));
        Assert.Equal(["unacceptable", "acceptable"], recipe.Task.Labels);
        Assert.Equal(Recipe.ToYaml(recipe), Recipe.ToYaml(Recipe.Parse<FineTuneRecipe>(Recipe.ToYaml(recipe), "saved")));
        Assert.Equal("f1", Parse("data: {dataset: cola, directory: x}\ntrain: {best_metric: f1}").Train.BestMetric);
        Assert.Empty(new FineTuneRecipe { Model = recipe.Model, Data = new LabeledSection { Dataset = "rte" } }.Problems());
    }

    [Theory]
    [InlineData("data: {dataset: rtee}", "data.dataset is 'rtee', which is not a known data set; did you mean 'rte'?")]
    [InlineData("data: {dataset: rte}\ntask: {kind: regression}", "task.kind is regression; the data set rte is for entailment")]
    [InlineData("data: {dataset: rte, train: [a.csv]}", "data.train is for tables; the data set rte finds and reads its own files")]
    [InlineData("data: {dataset: rte, header: true}", "data.header is for tables; the data set rte finds and reads its own files")]
    [InlineData("data: {dataset: rte, limit: 0}", "data.limit is 0; it must be at least 1")]
    [InlineData("data: {dataset: rte, examples: 1}", "data.examples is 1; it must be at least 2")]
    [InlineData("data: {}", "data.train is missing; set the files to learn from, or the name of a data set with data.dataset")]
    public void AContradictionIsOneSentence(string yaml, string message)
    {
        string task = yaml == "data: {}" ? "\ntask: {kind: classification}" : "";
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Parse(yaml + task)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARunReadsAllPartsAndSaysWhatIsMissing()
    {
        FineTuningData data = Open(Parse($"data: {{dataset: qqp, directory: '{Fixtures.Path("datasets")}'}}"));
        Assert.Equal((3, 2, 2), (data.Train.Count, data.Validation.Count, Assert.Single(data.Tests).Examples.Count));
        Assert.Equal(["not_duplicate", "duplicate"], data.Task.Labels);
        Assert.Equal(["text1=text1", "text2=text2", "label=label"], data.Task.Columns);
        Assert.Contains(data.Warnings, warning => warning.Contains("2 of 6 rows have the wrong number of fields and are skipped", StringComparison.Ordinal));
        Assert.Contains("qqp: test has 2 examples; the published files have 390,965", data.Warnings);
        Assert.Equal(2, data.Files.Train.Count + data.Files.Validation.Count);
    }

    [Fact]
    public void ADataSetWithoutAValidationPartHoldsOutAShare()
    {
        string yaml = $"data: {{dataset: sentiment-sentences, directory: '{Fixtures.Path("datasets")}', validation_share: 0.3}}";
        FineTuningData data = Open(Parse(yaml));
        Assert.Equal(9, data.Train.Count + data.Validation.Count);
        Assert.Contains(data.Warnings, warning => warning.EndsWith("a share of the training set chooses the best epoch (data.validation_share)", StringComparison.Ordinal));
        Assert.Empty(data.Files.Validation);
    }

    [Fact]
    public void FewExamplesKeepTheClassesOfTheWholeSet()
    {
        string rows = string.Concat(Enumerable.Range(0, 60).Select(i => $"text {i},class {i % 6}\n"));
        FineTuneRecipe recipe = Parse($"task: {{kind: classification}}\ndata: {{train: ['{_directory.Write("train.csv", "text,label\n" + rows)}'], examples: 4}}");
        FineTuningData data = Open(recipe);
        Assert.Equal((4, 6), (data.Train.Count, data.Validation.Count));
        Assert.Equal(6, data.Task.Labels.Count);
        Assert.Empty(data.Train.Intersect(data.Validation));
        Assert.Contains("2 of 6 classes have no training example among the 4 that were drawn", data.Warnings);
        Assert.NotEqual(data.Train, Open(recipe with { Train = recipe.Train with { Seed = recipe.Train.Seed + 1 } }).Train);
    }

    [Theory]
    [InlineData("mwsc")]
    [InlineData("storycloze")]
    [InlineData("copa")]
    public void PartsOfOneFileAreNoCopies(string name)
    {
        FineTuningData data = Open(Parse($"data: {{dataset: {name}, directory: '{Fixtures.Path("datasets")}'}}"));
        Assert.DoesNotContain(data.Warnings, warning => warning.Contains("say nothing about new texts", StringComparison.Ordinal));
        Assert.Empty(data.Train.Intersect(data.Validation));
    }

    [Fact]
    public void AFewQuestionsMayAllHaveTheSameAnswer()
    {
        FineTuneRecipe recipe = Parse($"data: {{dataset: race, directory: '{Fixtures.Path("datasets")}', examples: 2}}");
        string[] answers = [.. Enumerable.Range(0, 20).Select(seed => string.Concat(Open(recipe with { Train = recipe.Train with { Seed = seed } }).Train.Select(example => example.Label)))];
        Assert.All(["AA", "AD"], drawn => Assert.Contains(drawn, answers));
    }

    [Fact]
    public void ADataSetOfTheProgramIsFoundByItsName()
    {
        DatasetCatalog.Register(new OwnSet());
        FineTuningData data = Open(Parse($"data: {{dataset: own-set, directory: '{_directory.Path}'}}"));
        Assert.Equal(["x", "y"], data.Train.Select(example => example.Texts[0]));
        Assert.Equal("classification", data.Task.Kind);
        Assert.Throws<ArgumentException>(() => DatasetCatalog.Register(new OwnSet()));
    }

    private static FineTuneRecipe Parse(string yaml) => Recipe.Parse<FineTuneRecipe>($"model: {{path: m}}\n{yaml}", "r.yaml");

    private static FineTuningData Open(FineTuneRecipe recipe) => FineTuningData.Open(recipe, TaskTokens.After(300), 64);

    private sealed class OwnSet : Dataset
    {
        public override string Name => "own-set";

        public override string Title => "two texts";

        public override string Source => "this test";

        public override string Files => "no files";

        public override string Task => "classification";

        public override IReadOnlyList<string> Labels => ["a", "b"];

        public override TaskMetric Metric => TaskMetric.Accuracy;

        public override DatasetContent Read(DatasetInput input)
        {
            TaskExample[] examples = [new(["x"], [], "a"), new(["y"], [], "b")];
            return new DatasetContent(
                new DatasetPart(DatasetPart.Training, examples, []), new DatasetPart(DatasetPart.Validating, examples, []), []);
        }
    }
}
