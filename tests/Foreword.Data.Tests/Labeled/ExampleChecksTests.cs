using Foreword.Data.FineTuning;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Tasks;

namespace Foreword.Data.Tests.Labeled;

/// <summary>Checks that training data from which nothing can be learned is rejected before training. Doubtful data causes a warning.</summary>
public sealed class ExampleChecksTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("a,w\nb,x\nc,y\nd,z\n", "column 'label' has 4 classes in 4 examples, one example for each class; if these are the classes, list them with task.labels")]
    [InlineData("a,x\nb,y\nc,y\n", "column 'label' has 2 classes in 3 examples, fewer than two examples for each class; if these are the classes, list them with task.labels")]
    [InlineData("good,I like it\nbad,It is poor\ngood,Well made\nbad,Broken\n", "column 'label' has 4 classes in 4 examples, whose texts have only 2 different values; column 'text' has 2 different values: are the columns swapped?")]
    [InlineData("same,x\nsame,y\nsame,x\nsame,y\n", "column 'label' has 2 classes in 4 examples, whose texts have only 1 value")]
    public void ClassesWithHardlyAnExampleEachAreRefused(string rows, string message) => AssertRefused(Recipe("classification", "text,label\n" + rows), message);

    [Fact]
    public void ClassesThatAreListedMayHaveAnExampleEach()
    {
        FineTuneRecipe recipe = Recipe("classification", "text,label\na,w\nb,x\nc,y\nd,z\n");
        recipe = recipe with { Task = recipe.Task with { Labels = ["w", "x", "y", "z"] } };
        AssertRefused(recipe, "column 'label' has one example for each class, so none can be held out; give a validation set with data.validation", isOfFile: false);
        Assert.Equal(4, Open(recipe with { Data = recipe.Data with { Validation = [_directory.Write("dev.csv", "text,label\ne,w\nf,x\n")] } }).Train.Count);
    }

    [Fact]
    public void ALabelBetweenTheTextsOfAPairIsNoticed()
    {
        FineTuneRecipe recipe = Recipe("entailment", "premise,label,hypothesis\np1,yes,h1\np2,no,h2\np3,yes,h3\np4,no,h4\n");
        AssertRefused(recipe with { Data = recipe.Data with { Columns = ["premise", "label", "hypothesis"] } },
            "column 'hypothesis' has 4 classes in 4 examples, one example for each class; column 'label' has 2 different values: are the columns swapped?");
    }

    [Fact]
    public void ScoresMustBeNumbersThatDiffer()
    {
        FineTuneRecipe swapped = Recipe("regression", "score,text\n1.5,a\n2,b\n");
        AssertRefused(swapped with { Data = swapped.Data with { Columns = ["score", "text"] } }, ":2: label 'a' is not a number; column 'score' holds numbers only: are the columns swapped?", separator: "");
        AssertRefused(Recipe("regression", "text,label\na,1.5\nb,warm\n"), ":3: label 'warm' is not a number", separator: "");
        AssertRefused(Recipe("regression", "text,label\na,1.5\nb,1.50\n"), "column 'label' has the score 1.5 in all 2 examples; there is nothing to learn");
        FineTuneRecipe similarity = Recipe("similarity", "text1,text2,label\na,b,3\nc,d,3\n");
        AssertRefused(similarity, "all 2 examples have the label '3'; there is nothing to learn");
    }

    [Fact]
    public void ChoicesThatAreAlwaysEqualAreRefusedAndSometimesSaid()
    {
        FineTuneRecipe recipe = Recipe("multiple-choice", "context,a,b,label\nc1,x,y,a\nc2,z,w,b\nc3,u,u,a\nc4,s,t,b\n", "choices.csv");
        recipe = recipe with { Task = recipe.Task with { Labels = ["a", "b"] } };
        Assert.Equal([$"{recipe.Data.Train[0]}:4: choices 1 and 2 are the same, 'u'"], Open(recipe with { Data = recipe.Data with { Columns = ["context", "a", "b", "label"], Validation = [_directory.Write("dev.csv", "context,a,b,label\nd,x,y,a\nd,x,y,b\n")] } }).Warnings);
        AssertRefused(recipe with { Data = recipe.Data with { Columns = ["context", "a", "a", "label"] } }, "all 4 examples have equal choices, the first one choices 1 and 2 (the columns are a, a); there is nothing to choose");
    }

    [Fact]
    public void AValidationSetOfOneClassCannotChoose()
    {
        FineTuneRecipe recipe = Recipe("classification", "text,label\na,x\nb,y\nc,x\nd,y\n");
        string dev = _directory.Write("dev.csv", "text,label\ne,x\nf,x\n");
        Assert.Equal($"{dev}: all 2 examples have the label 'x'; a model that always answers it would be the best",
            Assert.Throws<InvalidDataException>(() => Open(recipe with { Data = recipe.Data with { Validation = [dev] } })).Message);
        FineTuneRecipe split = Recipe("classification", "text,label\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"t{i},{(i < 2 ? "rare" : "x")}\n")));
        AssertRefused(split with { Data = split.Data with { Stratified = false } }, "the validation split: all 2 examples have the label 'x'; a model that always answers it would be the best; set data.stratified: true, or give data.validation", isOfFile: false);
    }

    [Fact]
    public void AClassThatASplitTakesOutOfTheTrainingSetIsRefusedAndOneThatIsListedSaid()
    {
        FineTuneRecipe recipe = Recipe("classification", "text,label\n" + string.Concat(Enumerable.Range(0, 12).Select(i => $"t{i},{(i == 7 ? "rare" : i % 2 == 0 ? "x" : "y")}\n")));
        FineTuneRecipe[] splits = [.. Enumerable.Range(0, 40).Select(seed => recipe with { Data = recipe.Data with { Stratified = false, ValidationShare = 0.3 }, Train = recipe.Train with { Seed = seed } })];
        string[] messages = [.. splits.Select(split => Record.Exception(() => Open(split))?.Message).OfType<string>()];
        Assert.Contains($"{recipe.Data.Train[0]}:9: label 'rare' is in the validation set but not in the training set; set data.stratified: true, or give data.validation", messages);

        string dev = _directory.Write("dev.csv", "text,label\na,z\nb,x\n");
        FineTuneRecipe listed = recipe with { Task = recipe.Task with { Labels = ["x", "y", "z", "rare"] }, Data = recipe.Data with { Validation = [dev] } };
        Assert.Equal([$"{dev}:2: label 'z' is in the validation set but not in the training set"], Open(listed).Warnings);
    }

    [Fact]
    public void ScoresOfTheValidationSetThatAreAllEqualAreSaid()
    {
        string dev = _directory.Write("dev.csv", "text,label\na,3\nb,3.0\n");
        FineTuneRecipe recipe = Recipe("regression", "text,label\na,1\nb,2\n");
        Assert.Equal([$"{dev}: all 2 examples have the score 3, so correlations are undefined and the loss chooses the best epoch"], Open(recipe with { Data = recipe.Data with { Validation = [dev] } }).Warnings);
    }

    [Fact]
    public void AValidationSetThatIsTheTrainingSetIsSaid()
    {
        FineTuneRecipe recipe = Recipe("classification", "text,label\na,x\nb,y\nc,x\nd,y\n");
        string train = recipe.Data.Train[0], copy = _directory.File("copy.csv");
        File.Copy(train, copy);
        Assert.Equal([$"{train} is both the training set and the validation set; results on it say nothing about new texts"], Open(recipe with { Data = recipe.Data with { Validation = [train] } }).Warnings);
        Assert.Equal([$"the validation file {copy} has the same contents as the training file {train}; results on it say nothing about new texts"], Open(recipe with { Data = recipe.Data with { Validation = [copy] } }).Warnings);
        Assert.Equal([$"the test file {copy} has the same contents as a training file; results on it say nothing about new texts"], Open(recipe with { Data = recipe.Data with { Test = [copy] } }).Warnings);
    }

    [Fact]
    public void TokensThatAreAlwaysTheSameAreRefusedAndTextsThatAreAllCutSaid()
    {
        TaskDescription task = Open(Recipe("classification", "text,label\na,x\nb,y\nc,x\nd,y\n")).Task with { ContextLength = 3 };
        TaskExample[] examples = [new(["a b"], [], "x", "f:1"), new(["a c"], [], "y", "f:2")];
        Assert.Equal("f: all 2 examples are the same tokens to the model (the context holds 3 tokens; 2 of 2 texts are cut); there is nothing to learn",
            Assert.Throws<InvalidDataException>(() => ExampleChecks.Encoded(task, examples, [Of(true, [1, 5, 3]), Of(true, [1, 5, 3])], "f").ToArray()).Message);
        Assert.Equal(["f: all 2 examples are cut to the context of 3 tokens; the model reads only the beginnings"], ExampleChecks.Encoded(task, examples, [Of(true, [1, 5, 3]), Of(true, [1, 6, 3])], "f"));
        Assert.Empty(ExampleChecks.Encoded(task, examples, [Of(true, [1, 5, 3]), Of(false, [1, 6, 3])], "f"));

        TaskDescription choice = task with { Kind = "multiple-choice", Target = TargetKind.Choice };
        Assert.Equal(["f:2: all choices are the same tokens to the model"], ExampleChecks.Encoded(choice, examples, [Of(false, [1, 5, 3], [1, 6, 3]), Of(false, [1, 7, 3], [1, 7, 3])], "f"));
        Assert.Equal("f: the choices of all 2 examples are the same tokens to the model; there is nothing to choose",
            Assert.Throws<InvalidDataException>(() => ExampleChecks.Encoded(choice, examples, [Of(false, [1, 5, 3], [1, 5, 3]), Of(false, [1, 7, 3], [1, 7, 3])], "f").ToArray()).Message);

        static EncodedExample Of(bool isCut, params int[][] sequences) => new(new TaskSequences(sequences, isCut), [1, 0], 1);
    }

    private FineTuneRecipe Recipe(string kind, string csv, string name = "train.csv") => new()
    {
        Task = new TaskSection { Kind = kind },
        Data = new LabeledSection { Train = [_directory.Write(name, csv)] },
    };

    private static FineTuningData Open(FineTuneRecipe recipe) => FineTuningData.Open(recipe, TaskTokens.After(300), 64);

    private static void AssertRefused(FineTuneRecipe recipe, string message, bool isOfFile = true, string separator = ": ") =>
        Assert.Equal((isOfFile ? recipe.Data.Train[0] + separator : "") + message, Assert.Throws<InvalidDataException>(() => Open(recipe)).Message);
}
