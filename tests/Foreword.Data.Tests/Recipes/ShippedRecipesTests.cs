using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Models;
using Foreword.Tasks;

namespace Foreword.Data.Tests.Recipes;

public class ShippedRecipesTests
{
    private static readonly string Directory = Path.Combine(AppContext.BaseDirectory, "recipes");

    public static TheoryData<string> Pretraining => [.. Names.Where(name => !IsFineTuning(name) && !name.StartsWith("dialogue-", StringComparison.Ordinal) && !name.StartsWith("questions", StringComparison.Ordinal))];

    public static TheoryData<string> FineTuning => [.. Names.Where(IsFineTuning)];

    private static IEnumerable<string> Names => System.IO.Directory.GetFiles(Directory, "*.yaml").Select(path => Path.GetFileName(path));

    [Fact]
    public void TheRecipesAreThere() => Assert.Subset(Names.ToHashSet(), new HashSet<string>
    {
        "gpt1.yaml", "gpt2-124m.yaml", "shakespeare.yaml", "quickstart.yaml", "books.yaml", "finetune-banking77.yaml", "finetune-sentiment.yaml", "finetune-snli.yaml",
        "finetune-sts.yaml", "finetune-openbookqa.yaml", "finetune-copa.yaml", "finetune-xcopa-zh.yaml", "finetune-xquad.yaml",
        "gpt2-chinese.yaml", "gpt2-chinese-small.yaml", "gpt2-chinese-poem.yaml",
    });

    [Theory]
    [MemberData(nameof(FineTuning))]
    public void EachFineTuningRecipeIsValidAndFitsItsTask(string name)
    {
        FineTuneRecipe recipe = Recipe.Read<FineTuneRecipe>(Path.Combine(Directory, name));
        Assert.NotEmpty(TaskColumnMap.Create(FineTuningTask.OfKind(recipe.Task.Kind), recipe.Data.Columns).Explicit);
        Assert.Equal(Recipe.ToYaml(recipe), Recipe.ToYaml(Recipe.Parse<FineTuneRecipe>(Recipe.ToYaml(recipe), "again")));
    }

    [Fact]
    public void TheRecipeOfPreferencesMakesPairsFromDialogues()
    {
        PreferenceRecipe recipe = Recipe.Read<PreferenceRecipe>(Path.Combine(Directory, "dialogue-preference.yaml"));
        Assert.Equal((RejectedAnswers.Shuffled, 0.1, 0.0), (recipe.Task.Rejected, recipe.Task.Beta, recipe.Model.Dropout));
        Assert.Equal(Recipe.ToYaml(recipe), Recipe.ToYaml(Recipe.Parse<PreferenceRecipe>(Recipe.ToYaml(recipe), "again")));
    }

    [Fact]
    public void TheRecipeOfQuestionsNamesItsMix()
    {
        QuestionRecipe recipe = Recipe.Read<QuestionRecipe>(Path.Combine(Directory, "questions.yaml"));
        Assert.Equal("recipes/questions-mix.yaml", Assert.Single(recipe.Data.Train));
        QuestionMix mix = QuestionMix.Read(Path.Combine(Directory, "questions-mix.yaml"));
        Assert.Equal(["snli-subset", "sentiment-sentences", "copa", "mwsc"], mix.Names);
        Assert.Equal(Recipe.ToYaml(recipe), Recipe.ToYaml(Recipe.Parse<QuestionRecipe>(Recipe.ToYaml(recipe), "again")));
    }

    [Fact]
    public void FineTuningDefaultsArePapers()
    {
        FineTuneConfig train = new();
        Assert.Equal((3, 32, 6.25e-5, 0.002, LearningRateSchedule.Linear), (train.Epochs, train.BatchSize, train.Lr, train.Warmup, train.Schedule));
        Assert.Equal((OptimizerKind.OpenAiAdam, 0.9, 0.999, 1e-8, 0.01, 1.0), (train.Optimizer, train.Beta1, train.Beta2, train.Eps, train.WeightDecay, train.ClipNorm));
        Assert.Equal((0.5, LanguageModelOn.All, 0.1), (train.LmCoefficient, train.LmOn, new BaseModelSection().Dropout));
    }

    [Theory]
    [MemberData(nameof(Pretraining))]
    public void EachRecipeIsValidAndSurvivesBeingWritten(string name)
    {
        PretrainRecipe recipe = Read(name);
        PretrainRecipe resolved = recipe.Model.Path is null ? recipe.Resolve(recipe.Data.VocabSize ?? recipe.Model.VocabSize ?? 300) : recipe.Resolve(50_257, new GptConfig());
        PretrainRecipe again = Recipe.Parse<PretrainRecipe>(Recipe.ToYaml(resolved), "again");
        Assert.Equal(Recipe.ToYaml(resolved), Recipe.ToYaml(again));
        Assert.Equal(resolved.Model, again.Model with { LoraTargets = resolved.Model.LoraTargets });
    }

    /// <summary>Repeats GPT2-Chinese's config/model_config.json and model_config_small.json, and the defaults of its train.py.</summary>
    [Theory]
    [InlineData("gpt2-chinese.yaml", 12, 21_128)]
    [InlineData("gpt2-chinese-small.yaml", 10, 13_317)]
    public void TheGpt2ChineseRecipesHaveItsFigures(string name, int layers, int vocabulary)
    {
        PretrainRecipe recipe = Read(name);
        GptConfig model = (GptConfig)recipe.Model.ToModelConfig(vocabulary);
        Assert.Equal((layers, 768, 12, 1024, vocabulary), (model.NLayer, model.NEmbd, model.NHead, model.ContextLength, model.VocabSize));
        Assert.Equal((0.1, 0.1, 0.1, 0.02), (model.EmbdDropout, model.AttnDropout, model.ResidDropout, model.InitializerRange));
        TrainingConfig train = recipe.Train;
        Assert.Equal((8, 1, 1.5e-4, 2000, LearningRateSchedule.Linear, OptimizerKind.AdamW, 1.0), (train.BatchSize, train.GradientAccumulation, train.Lr, train.WarmupSteps, train.Schedule, train.Optimizer, train.ClipNorm));
    }

    /// <summary>Repeats the figures of the GPT-1 paper's section 4.1 independently of the recipe.</summary>
    [Fact]
    public void TheGpt1RecipeHasThePapersFigures()
    {
        PretrainRecipe recipe = Read("gpt1.yaml");
        Assert.Equal(GptConfig.Preset("gpt1"), recipe.Model.ToModelConfig(40_478));
        Assert.Equal(WeightInit.Normal, recipe.Model.WeightInit);
        Assert.Equal(64 * 512, recipe.Train.BatchSize * recipe.Train.GradientAccumulation * recipe.Train.SequenceLength);
        Assert.Equal((2.5e-4, 2000, LearningRateSchedule.Gpt1), (recipe.Train.Lr, recipe.Train.WarmupSteps, recipe.Train.Schedule));
        Assert.Equal((OptimizerKind.AdamW, 0.01), (recipe.Train.Optimizer, recipe.Train.WeightDecay));
        Assert.Equal((0.9, 0.999, 1e-8), (recipe.Train.Beta1, recipe.Train.Beta2, recipe.Train.Eps));
    }

    [Fact]
    public void TheGpt2RecipeIsGpt2WithABatchOf512Sequences()
    {
        PretrainRecipe recipe = Read("gpt2-124m.yaml");
        GptConfig config = (GptConfig)recipe.Model.ToModelConfig(50_257);
        Assert.Equal((12, 12, 768, 1024, 50_304), (config.NLayer, config.NHead, config.NEmbd, config.ContextLength, config.VocabSize));
        Assert.Equal(512, recipe.Train.BatchSize * recipe.Train.GradientAccumulation);
        Assert.Equal(WeightInit.ScaledResidual, recipe.Model.WeightInit);
    }

    private static bool IsFineTuning(string name) => name.Contains("finetune", StringComparison.Ordinal);

    private static PretrainRecipe Read(string name) => Recipe.Read<PretrainRecipe>(Path.Combine(Directory, name));
}
