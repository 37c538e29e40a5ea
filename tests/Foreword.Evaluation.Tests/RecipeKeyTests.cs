using System.Reflection;
using Foreword.Data.Recipes;
using Foreword.Evaluation.Benchmarks.User;
using Foreword.Settings;

namespace Foreword.Evaluation.Tests;

public class RecipeKeyTests
{
    private static IEnumerable<Type> Types => new[] { typeof(IRecipe), typeof(Recipe), typeof(BenchmarkRecipe) }.SelectMany(type => type.Assembly.GetTypes());

    public static TheoryData<Type> Records => [.. Types.Where(type => type.IsClass && type.IsAssignableTo(typeof(IRecipe)))];

    [Theory]
    [MemberData(nameof(Records))]
    public void WhatIsNullByDefaultIsWhatIsDeclaredNullable(Type record) => // trimming may remove the nullability annotations
        Assert.All(RecipeKey.Of((IRecipe)Activator.CreateInstance(record)!), key =>
            Assert.Equal(new NullabilityInfoContext().Create(key.Property).WriteState == NullabilityState.Nullable, key.Value is null));

    [Theory]
    [MemberData(nameof(Records))]
    public void KeysStandInTheOrderOfTheirDeclaration(Type record)
    {
        int[] tokens = [.. RecipeKey.Of((IRecipe)Activator.CreateInstance(record)!).Select(key => key.Property.MetadataToken)];
        Assert.NotEmpty(tokens);
        Assert.Equal(tokens.Order(), tokens);
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
