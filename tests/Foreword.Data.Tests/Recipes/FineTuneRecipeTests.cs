using Foreword.Data.Recipes;

namespace Foreword.Data.Tests.Recipes;

public class FineTuneRecipeTests
{
    [Fact]
    public void ARecipeIsRefusedWithTheLineOfItsMetric()
    {
        const string recipe = "model: {path: m}\ntask: {kind: regression}\ndata: {train: [a.csv]}\ntrain:\n  best_metric: f1\n";
        Assert.Equal("r.yaml:5: train.best_metric is 'f1'; regression has pearson | spearman | rmse | loss", Assert.Throws<InvalidDataException>(() => Recipe.Parse<FineTuneRecipe>(recipe, "r.yaml", [])).Message);
        Assert.Equal("f1", Recipe.Parse<FineTuneRecipe>(recipe, "r.yaml", ["task.kind=similarity"]).Train.BestMetric); // its labels decide later
    }
}
