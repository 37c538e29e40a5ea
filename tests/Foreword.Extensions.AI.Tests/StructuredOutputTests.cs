using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI.Tests;

/// <summary>A random model gives valid answers of any type, because tokens that cannot lead to one are never drawn.</summary>
public sealed class StructuredOutputTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    private enum Mood
    {
        Calm,
        Angry,
        Unknown,
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task ARecordIsFilled(long seed)
    {
        ChatResponse<Letter> response = await fixture.Client.GetResponseAsync<Letter>("Classify this letter: my card is lost.", new ChatOptions { Seed = seed }, cancellationToken: Ended);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Letter letter = response.Result;
        Assert.True(Enum.IsDefined(letter.Mood));
        Assert.InRange(letter.Urgency, 1, 5);
        Assert.InRange(letter.Subject.Length, 0, 12);
        Assert.InRange(letter.Words.Length, 0, 2);
        Assert.True(letter.Sender is null or { Name.Length: <= 8 });
    }

    [Fact]
    public async Task EnumsNumbersAndListsAreWrapped()
    {
        Assert.True(Enum.IsDefined(await Answer<Mood>()));
        Assert.All(await Answer<Mood[]>(), mood => Assert.True(Enum.IsDefined(mood)));
        _ = await Answer<bool>();
        _ = await Answer<int>();

        async Task<T> Answer<T>()
        {
            for (long seed = 1; ; seed++) // a list can be longer than the context
            {
                ChatResponse<T> response = await fixture.Client.GetResponseAsync<T>("What?", new ChatOptions { Seed = seed }, cancellationToken: Ended);
                if (response.FinishReason == ChatFinishReason.Stop)
                    return response.Result;
            }
        }
    }

    /// <summary>A schema states no bounds of an int. Without them, most numbers of a random model would be too long.</summary>
    [Fact]
    public async Task IntegersFitIntoTheirType()
    {
        for (long seed = 1; seed <= 8; seed++)
            _ = (await fixture.Client.GetResponseAsync<Amounts>("How many?", new ChatOptions { Seed = seed }, cancellationToken: Ended)).Result;
    }

    [Fact]
    public async Task JsonWithoutASchemaIsAnObject()
    {
        for (long seed = 1; ; seed++) // an object can be longer than the context
        {
            ChatResponse response = await fixture.Client.GetResponseAsync("JSON, please", new ChatOptions { Seed = seed, ResponseFormat = ChatResponseFormat.Json }, Ended);
            if (response.FinishReason != ChatFinishReason.Stop)
                continue;
            using JsonDocument json = JsonDocument.Parse(response.Text);
            Assert.Equal(JsonValueKind.Object, json.RootElement.ValueKind);
            return;
        }
    }

    [Fact]
    public async Task AChoiceAndARegexAreObeyed()
    {
        ChatOptions choice = new() { AdditionalProperties = new() { ["choice"] = new[] { "yes", "no" } } };
        Assert.Contains((await fixture.Client.GetResponseAsync("Is it?", choice, Ended)).Text, (string[])["yes", "no"]);
        ChatOptions regex = new() { AdditionalProperties = new() { ["regex"] = "[A-Z]{2}-\\d{3}" } };
        Assert.Matches(new Regex("^[A-Z]{2}-[0-9]{3}$"), (await fixture.Client.GetResponseAsync("Which?", regex, Ended)).Text);
        regex.ResponseFormat = ChatResponseFormat.Json;
        Assert.Contains("a text can have one constraint", (await Assert.ThrowsAsync<ArgumentException>(() => fixture.Client.GetResponseAsync("a", regex, Ended))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASchemaThatIsNotSupportedIsRefusedByItsKeyword()
    {
        ChatOptions options = new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse("""{"type":"object","properties":{"x":{"not":{"type":"string"}}},"required":["x"],"additionalProperties":false}""").RootElement) };
        Assert.Contains("not", (await Assert.ThrowsAsync<ArgumentException>(() => fixture.Client.GetResponseAsync("a", options, Ended))).Message, StringComparison.Ordinal);
    }

    [Description("A letter")]
    private sealed record Letter(Mood Mood, [property: Range(1, 5)] int Urgency, [property: StringLength(12)] string Subject, [property: MaxLength(2)] Mood[] Words, Person? Sender, bool IsNew);

    private sealed record Amounts(int Type, int? Count, [property: MaxLength(3)] int[] Many, [property: Range(5_000_000_000, 9_000_000_000)] long Large);

    private sealed record Person([property: StringLength(8)] string Name);
}
