using Foreword.Recipes;

namespace Foreword.Tests.Recipes;

public class ShippedRecipesTests
{
    private static readonly string Directory = Path.Combine(AppContext.BaseDirectory, "recipes");

    public static TheoryData<string> All => [.. System.IO.Directory.GetFiles(Directory, "*.yaml").Select(path => Path.GetFileName(path))];

    [Fact]
    public void TheFourRecipesAreThere() =>
        Assert.Subset(All.Select(row => row.Data).ToHashSet(), new HashSet<string> { "gpt1.yaml", "gpt2-124m.yaml", "shakespeare.yaml", "quickstart.yaml" });

    [Theory]
    [MemberData(nameof(All))]
    public void EachRecipeIsValidAndSurvivesBeingWritten(string name)
    {
        PretrainRecipe recipe = Read(name);
        PretrainRecipe resolved = recipe.Resolve(recipe.Data.VocabSize ?? 300);
        PretrainRecipe again = Recipe.Parse<PretrainRecipe>(Recipe.ToYaml(resolved), "again");
        Assert.Equal(Recipe.ToYaml(resolved), Recipe.ToYaml(again));
        Assert.Equal(resolved.Model, again.Model);
    }

    /// <summary>The figures of the GPT-1 paper's section 4.1, written down here a second time.</summary>
    [Fact]
    public void TheGpt1RecipeHasThePapersFigures()
    {
        PretrainRecipe recipe = Read("gpt1.yaml");
        Assert.Equal(GptConfig.Preset("gpt1"), recipe.Model.ToGptConfig(40_478));
        Assert.Equal(WeightInit.Gpt1, recipe.Model.WeightInit);
        Assert.Equal(64 * 512, recipe.Train.BatchSize * recipe.Train.GradientAccumulation * recipe.Train.SequenceLength);
        Assert.Equal((2.5e-4, 2000, LearningRateSchedule.Gpt1), (recipe.Train.Lr, recipe.Train.WarmupSteps, recipe.Train.Schedule));
        Assert.Equal((OptimizerKind.AdamW, 0.01), (recipe.Train.Optimizer, recipe.Train.WeightDecay));
        Assert.Equal((0.9, 0.999, 1e-8), (recipe.Train.Beta1, recipe.Train.Beta2, recipe.Train.Eps));
    }

    [Fact]
    public void TheGpt2RecipeIsGpt2WithABatchOf512Sequences()
    {
        PretrainRecipe recipe = Read("gpt2-124m.yaml");
        GptConfig config = recipe.Model.ToGptConfig(50_257);
        Assert.Equal((12, 12, 768, 1024, 50_304), (config.NLayer, config.NHead, config.NEmbd, config.ContextLength, config.VocabSize));
        Assert.Equal(512, recipe.Train.BatchSize * recipe.Train.GradientAccumulation);
        Assert.Equal(WeightInit.Gpt2, recipe.Model.WeightInit);
    }

    private static PretrainRecipe Read(string name) => Recipe.Read<PretrainRecipe>(Path.Combine(Directory, name));
}
