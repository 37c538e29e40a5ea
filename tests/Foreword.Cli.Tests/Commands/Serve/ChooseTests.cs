using System.Text.Json;
using System.Xml.Linq;

namespace Foreword.Cli.Tests.Commands.Serve;

[Collection(nameof(SharedModels))]
public sealed class ChooseTests(TrainedModels models)
{
    /// <summary>The questions of COPA: the same choices and probabilities as those of <c>predict</c>.</summary>
    [Fact]
    public async Task ChooseAnswersWhatPredictAnswers()
    {
        Cli predicted = Cli.Run("predict", models.ChoiceModel, TrainedModels.Copa, "--columns", "context=p,question=asks-for,choice=a1,choice=a2", "--engine", "cpu", "--json");
        Assert.True(predicted.ExitCode == 0, predicted.Err);
        JsonElement[] expected = [.. JsonDocument.Parse(predicted.Out).RootElement.GetProperty("predictions").EnumerateArray()];
        XElement[] items = [.. XDocument.Load(TrainedModels.Copa).Root!.Elements("item")];
        Assert.Equal(items.Length, expected.Length);
        HashSet<int> chosen = [];
        foreach ((XElement item, JsonElement prediction) in items.Zip(expected))
        {
            string[] choices = [(string)item.Element("a1")!, (string)item.Element("a2")!];
            string body = JsonSerializer.Serialize(new { model = TrainedModels.Choices, input = new[] { (string)item.Element("p")!, (string)item.Attribute("asks-for")! }, choices });
            JsonElement answer = await models.PostAsync("/v1/choose", body);
            double[] probabilities = [.. answer.GetProperty("probabilities").EnumerateArray().Select(value => value.GetDouble())];
            int index = answer.GetProperty("index").GetInt32();
            Assert.Equal(prediction.GetProperty("probabilities").EnumerateObject().Select(one => one.Value.GetDouble()), probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
            Assert.Equal(prediction.GetProperty("label").GetString(), (index + 1).ToString(System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(choices[index], answer.GetProperty("choice").GetString());
            chosen.Add(index);
        }

        Assert.Equal(2, chosen.Count); // a model that always answers the same would prove nothing
    }

    [Fact]
    public async Task TheMemoryOfAFineTunedModelIsListed()
    {
        JsonElement list = JsonDocument.Parse(await models.Client.GetStringAsync(new Uri("/v1/models", UriKind.Relative), TestContext.Current.CancellationToken)).RootElement.GetProperty("data");
        JsonElement language = list[0].GetProperty("meta"), choices = list[1].GetProperty("meta");
        Assert.Equal(("f32", "multiple-choice"), (choices.GetProperty("format").GetString(), choices.GetProperty("task").GetString()));
        Assert.True(language.GetProperty("weights_bytes").GetInt64() > choices.GetProperty("weights_bytes").GetInt64() * 0.9 && choices.GetProperty("weights_bytes").GetInt64() > 300_000, list.GetRawText());
    }
}
