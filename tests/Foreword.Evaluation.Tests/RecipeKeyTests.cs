using System.Reflection;
using Foreword.Data.Recipes;
using Foreword.Evaluation.Benchmarks.User;
using Foreword.Settings;

namespace Foreword.Evaluation.Tests;

public class RecipeKeyTests
{
    private static IEnumerable<Type> Types => new[] { typeof(IRecipe), typeof(Recipe), typeof(BenchmarkRecipe) }.SelectMany(type => type.Assembly.GetTypes());

    public static TheoryData<Type> Records => [.. Types.Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IRecipe)))];

    [Theory]
    [MemberData(nameof(Records))]
    public void WhatIsNullByDefaultIsWhatIsDeclaredNullable(Type record) => // trimming may remove the nullability annotations
        Assert.All(RecipeKey.Of((IRecipe)Activator.CreateInstance(record)!), key =>
            Assert.Equal(new NullabilityInfoContext().Create(key.Property).WriteState == NullabilityState.Nullable, key.Value is null));

    [Theory]
    [MemberData(nameof(Records))]
    public void KeysStandInTheOrderOfTheirDeclaration(Type record)
    {
        IReadOnlyList<RecipeKey> keys = RecipeKey.Of((IRecipe)Activator.CreateInstance(record)!);
        Assert.NotEmpty(keys);
        Assert.All(keys.GroupBy(key => key.Property.DeclaringType, key => key.Property.MetadataToken), tokens => Assert.Equal(tokens.Order(), tokens));
    }

    /// <summary>Saved recipes state this order, with the keys of each section between those that the sections share.</summary>
    [Fact]
    public void KeysOfTheTrainSectionsStandBetweenThoseThatTheyShare()
    {
        Assert.Equal(
            "steps batch_size gradient_accumulation sequence_length stride lr min_lr warmup_steps schedule optimizer beta1 beta2 eps weight_decay clip_norm " +
            "precision fused recompute device threads seed log_every eval_every eval_batches sample_every sample_prompts sample_tokens checkpoint_every " +
            "keep early_stopping_patience",
            string.Join(' ', RecipeKey.Of(new TrainingConfig()).Select(key => key.Name)));
        Assert.Equal(
            "epochs batch_size gradient_accumulation lr warmup schedule optimizer beta1 beta2 eps weight_decay clip_norm lm_coefficient lm_on best_metric " +
            "patience precision fused device threads seed log_every keep",
            string.Join(' ', RecipeKey.Of(new FineTuneConfig()).Select(key => key.Name)));
    }

    [Fact]
    public void AnInheritedKeyMayHaveOtherNamesInOneSectionOnly()
    {
        Assert.Equal(["epsilon", "adam_eps", "e"], Eps(new FineTuneConfig()).AlsoCalled);
        Assert.Equal(["epsilon", "adam_eps"], Eps(new TrainingConfig()).AlsoCalled);

        static RecipeKey Eps(IRecipe section) => RecipeKey.Of(section).Single(key => key.Name == "eps");
    }

    [Fact]
    public void ChoicesHaveTheNamesThatAreGivenThemElseTheirOwn()
    {
        Assert.Equal(["adamw", "adam", "muon", "openai_adam"], RecipeKey.ChoicesOf(typeof(OptimizerKind)).Keys);
        Assert.Equal(["all", "task-tokens"], RecipeKey.ChoicesOf(typeof(LanguageModelOn)).Keys);
        Assert.Equal("openai_adam", RecipeKey.ChoiceOf(OptimizerKind.OpenAiAdam));
        Assert.All(Types, type =>
            Assert.All(type.GetCustomAttributes<ChoiceNameAttribute>(), choice => Assert.Contains(choice.Member, Enum.GetNames(type))));
    }
}
