using CsCheck;
using Foreword.Data.Recipes;

namespace Foreword.Data.Tests.Recipes;

public class RecipeTests
{
    private const string Small = "data:\n  shards: shards\ntrain:\n  steps: 100\n";

    [Fact]
    public void ValuesOfTheFileWinOverDefaultsAndOverridesOverTheFile()
    {
        PretrainRecipe recipe = Parse("""
            model: {preset: gpt2-tiny-5m, n_layer: 2} # flow style is YAML too
            data:
              shards: shards
            train:
              lr: 3e-4
              schedule: gpt2_nanogpt
              optimizer: adamw
              batch_size: 4
            """, "train.lr=1e-4", "train.batch_size=2", "train.batch_size=8", "train.sample_prompts=[a, \"b, c\"]");
        Assert.Equal((2, null), (recipe.Model.NLayer, recipe.Model.NHead));
        Assert.Equal((1e-4, 8, LearningRateSchedule.Gpt2Nanogpt), (recipe.Train.Lr, recipe.Train.BatchSize, recipe.Train.Schedule));
        Assert.Equal(["a", "b, c"], recipe.Train.SamplePrompts);
        Assert.Equal(new TrainingConfig().WarmupSteps, recipe.Train.WarmupSteps);
    }

    [Theory]
    [InlineData("train:\n  learning_rte: 1", "x.yaml:2: unknown key 'train.learning_rte'; did you mean 'train.lr'?")]
    [InlineData("train:\n\n  block_size: 1", "x.yaml:3: unknown key 'train.block_size'; did you mean 'train.sequence_length'?")]
    [InlineData("model:\n  block_size: 1", "x.yaml:2: unknown key 'model.block_size'; did you mean 'model.context_length'?")]
    [InlineData("model:\n  lr: 1", "x.yaml:2: unknown key 'model.lr'; did you mean 'train.lr'?")]
    [InlineData("lr: 1", "x.yaml:1: unknown key 'lr'; did you mean 'train.lr'?")]
    [InlineData("modle:\n  n_layer: 1", "x.yaml:1: unknown key 'modle'; did you mean 'model'?")]
    [InlineData("data: {shrads: s}", "x.yaml:1: unknown key 'data.shrads'; did you mean 'data.shards'?")]
    [InlineData("zzzzzzzzz: 1", "x.yaml:1: unknown key 'zzzzzzzzz'; the recipe has model, data, train")]
    public void AnUnknownKeyNamesItsLineAndTheNearestKnown(string yaml, string message) => AssertRefused(yaml, message);

    [Theory]
    [InlineData("train:\n  lr: fast", "x.yaml:2: train.lr is 'fast'; expected a number")]
    [InlineData("train:\n  lr: \"1e-3\"", "x.yaml:2: train.lr is \"1e-3\"; expected a number")]
    [InlineData("train:\n  lr: .nan", "x.yaml:2: train.lr is '.nan'; expected a number")]
    [InlineData("train:\n  lr: NaN", "x.yaml:2: train.lr is 'NaN'; expected a number")]
    [InlineData("train:\n  lr: 1,5", "x.yaml:2: train.lr is '1,5'; expected a number")]
    [InlineData("train:\n  lr:", "x.yaml:2: train.lr has no value; expected a number")]
    [InlineData("train:\n  lr: [1]", "x.yaml:2: train.lr is a list; expected a number")]
    [InlineData("train:\n  steps: 1.5", "x.yaml:2: train.steps is '1.5'; expected a whole number up to 2147483647")]
    [InlineData("train:\n  steps: 9999999999", "x.yaml:2: train.steps is '9999999999'; expected a whole number up to 2147483647")]
    [InlineData("train:\n  schedule: cosin", "x.yaml:2: train.schedule is 'cosin'; expected cosine | gpt1 | gpt1_opt_py | gpt2_nanogpt | linear | constant; did you mean 'cosine'?")]
    [InlineData("train: 5", "x.yaml:1: train is '5'; expected a mapping of keys")]
    [InlineData("data:\n  text:\n    - a\n    - [b]", "x.yaml:4: data.text[1] is a list; expected a text")]
    [InlineData("data:\n  text: {a: b}", "x.yaml:2: data.text is a mapping; expected a list of texts")]
    [InlineData("data:\n  shards: [a]", "x.yaml:2: data.shards is a list; expected a text")]
    public void AValueOfTheWrongKindNamesLineKeyValueAndWhatWasExpected(string yaml, string message) => AssertRefused(yaml, message);

    [Theory]
    [InlineData("", "x.yaml: the recipe is empty")]
    [InlineData("# nothing\n", "x.yaml: the recipe is empty")]
    [InlineData("~", "x.yaml: the recipe is empty")]
    [InlineData("- a\n- b", "x.yaml:1: the recipe is a list; expected a mapping of keys")]
    [InlineData("hello", "x.yaml:1: the recipe is 'hello'; expected a mapping of keys")]
    [InlineData("train:\n  lr: 1\n  steps: 2\n  lr: 2", "x.yaml:4: duplicate key 'train.lr'; line 2 already has it")]
    [InlineData("train:\n  lr: 1\nmodel: {}\ntrain: {}", "x.yaml:4: duplicate key 'train'; line 1 already has it")]
    [InlineData("a: &x 1\nb: *x", "x.yaml:1: anchors and aliases are not supported in recipes")]
    [InlineData("train: {}\n---\ntrain: {}", "x.yaml:2: a second document begins; a recipe is a single document")]
    [InlineData("? [a]\n: 1", "x.yaml:1: a key is a list or a mapping; it must be a name")]
    public void WhatIsNotARecipeSaysWhy(string yaml, string message) => AssertRefused(yaml, message);

    [Theory]
    [InlineData("train: [1\nlr: 2")]
    [InlineData("train:\n\tlr: 1")]
    [InlineData("train:\n  lr: 'open")]
    [InlineData("train: {lr: 1")]
    public void BrokenYamlNamesFileAndLine(string yaml)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Parse(yaml));
        Assert.Matches(@"^x\.yaml:\d+: this is not YAML: .", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void ADeeplyNestedTextIsRefusedAndDoesNotExhaustTheStack() =>
        AssertRefused("train: " + new string('[', 100_000), "x.yaml:1: lists and mappings are nested deeper than 16 levels");

    [Theory]
    [InlineData("train:\n\n  lr: -1", "x.yaml:3: train.lr is -1; it must be above 0")]
    [InlineData("model:\n  n_embd: 10\n  n_head: 3", "x.yaml:2: model.n_embd is 10, which is not a multiple of n_head 3")]
    [InlineData("model:\n  preset: gpt3", "x.yaml:2: model.preset is 'gpt3'; expected gpt1 | gpt2 | gpt2-medium | gpt2-large | gpt2-xl | gpt2-small-14m | gpt2-tiny-5m | lstm-2048 | lstm-small-14m | lstm-tiny-5m; did you mean 'gpt1'?")]
    [InlineData("train:\n  sequence_length: 2000", "x.yaml:2: train.sequence_length is 2000; the model's context_length is 1024")]
    public void AnImpossibleValueNamesTheLineThatGaveIt(string yaml, string message) => AssertRefused(yaml + "\ndata:\n  shards: s\n", message);

    [Fact]
    public void AnImpossibleDefaultNamesTheFile() =>
        AssertRefused("train:\n  steps: 1\n", "x.yaml: data.shards and data.text are both missing; set a directory of token shards or a list of text files");

    [Theory]
    [InlineData("train.lr=-1", "override train.lr=-1: train.lr is -1; it must be above 0")]
    [InlineData("train.lr=fast", "override train.lr=fast: train.lr is 'fast'; expected a number")]
    [InlineData("train.learning_rte=1", "override train.learning_rte=1: unknown key 'train.learning_rte'; did you mean 'train.lr'?")]
    [InlineData("train.lr", "override train.lr: expected key=value, such as train.lr=3e-4")]
    [InlineData("=1", "override =1: expected key=value, such as train.lr=3e-4")]
    [InlineData("train=1", "override train=1: train is '1'; expected a mapping of keys")]
    [InlineData("train.lr.x=1", "override train.lr.x=1: train.lr is a mapping; expected a number")]
    [InlineData("model.n_embd=10", "override model.n_embd=10: model.n_embd is 10, which is not a multiple of n_head 12")]
    public void AMistakenOverrideNamesItself(string text, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => Parse(Small, text)).Message);

    [Theory]
    [InlineData("my: corpus #1.txt")]
    [InlineData(@"C:\texts\a.txt")]
    [InlineData("a, b.txt")]
    public void AnOverrideNeedsNoQuoting(string path) =>
        Assert.Equal([path], Parse(Small, "data.shards=", $"data.text={path}", "data.vocab_size=300").Data.Text);

    [Fact]
    public void AnEmptyOverrideTakesAValueOut() => Assert.Null(Parse(Small, "data.text=[a]", "data.vocab_size=300", "data.shards=").Data.Shards);

    [Fact]
    public void AMissingFileNamesTheNearestRecipeBesideIt()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("shakespeare.yaml", Small);
        FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => Recipe.Read<PretrainRecipe>(directory.File("shakespear.yaml")));
        Assert.Equal($"there is no recipe {directory.File("shakespear.yaml")}; did you mean {directory.File("shakespeare.yaml")}?", error.Message);
        Assert.Throws<InvalidDataException>(() => Recipe.Read<PretrainRecipe>(directory.Path));
    }

    [Fact]
    public void ASavedRecipeIsReadBackTheSame()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        PretrainRecipe recipe = Parse(Small, "model.preset=gpt1", "train.eps=1e-12", "train.sample_prompts=[\"\\n\", \"yes\", \"~\"]").Resolve(300);
        Recipe.Save(recipe, directory.File("recipe.yaml"));
        PretrainRecipe again = Recipe.Read<PretrainRecipe>(directory.File("recipe.yaml"));
        Assert.Equal(recipe.Model, again.Model with { LoraTargets = recipe.Model.LoraTargets });
        Assert.Equal(recipe.Train with { SamplePrompts = again.Train.SamplePrompts }, again.Train);
        Assert.Equal(["\n", "yes", "~"], again.Train.SamplePrompts);
        Assert.Equal(["recipe.yaml"], Directory.GetFiles(directory.Path).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void AnyTextSurvivesBeingWritten() =>
        Gen.String.Where(text => !text.Any(char.IsSurrogate)).Array[1, 4].Sample(texts =>
        {
            PretrainRecipe recipe = new() { Data = new DataSection { Shards = "s" }, Train = new TrainingConfig { SamplePrompts = texts } };
            Assert.Equal(texts, Recipe.Parse<PretrainRecipe>(Recipe.ToYaml(recipe), "again").Train.SamplePrompts);
        });

    [Fact]
    public void AnyNumberSurvivesBeingWritten() =>
        Gen.Double.Where(value => value > 0 && double.IsFinite(value)).Sample(value =>
        {
            PretrainRecipe recipe = new() { Data = new DataSection { Shards = "s" }, Train = new TrainingConfig { Eps = value } };
            Assert.Equal(value, Recipe.Parse<PretrainRecipe>(Recipe.ToYaml(recipe), "again").Train.Eps);
        });

    [Fact]
    public void ADamagedRecipeIsReadOrRefusedWithItsNameAndNothingElse()
    {
        string whole = Recipe.ToYaml(Parse(Small, "train.sample_prompts=[a, \"\\n\"]").Resolve(300));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Int[0, 3], Gen.String["[]{}:-#&*!|>'\"%@` \n\tab1,?"]).Sample((at, cut, noise) =>
        {
            string damaged = whole[..at] + noise + whole[Math.Min(whole.Length, at + cut)..];
            try
            {
                Parse(damaged);
            }
            catch (InvalidDataException refused)
            {
                Assert.StartsWith("x.yaml", refused.Message);
            }
        }, iter: 2000);
    }

    [Fact]
    public void ARecordMadeInCodeIsCheckedTheSameWay()
    {
        PretrainRecipe recipe = new() { Data = new DataSection { Shards = "s" }, Train = new TrainingConfig { Beta2 = 1 } };
        Assert.Equal("train.beta2 is 1; it must be at least 0 and below 1 (Parameter 'recipe')", Assert.Throws<ArgumentException>(() => recipe.Validate()).Message);
    }

    private static PretrainRecipe Parse(string yaml, params string[] overrides) => Recipe.Parse<PretrainRecipe>(yaml, "x.yaml", overrides);

    private static void AssertRefused(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Parse(yaml)).Message);
}
