using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Foreword.Tasks;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foreword.Server.Tests.Page;

/// <summary>Uses the views Chat, Compare, Task and Tokens in a real browser.</summary>
[Collection(nameof(SharedPage))]
public sealed class ViewsTests(PageServer server)
{
    [Fact]
    public async Task AConversationGoesOnAndAnAnswerIsWrittenAgain()
    {
        await using PageSession session = await server.OpenAsync("#chat");
        await session.Field("System prompt").FillAsync("Be short.");
        await session.Field("Length in tokens").FillAsync("8");
        await session.Field("Seed").FillAsync("2");
        await session.Field("Message").FillAsync("the cat");
        await session.Field("Message").PressAsync("Enter");
        ILocator messages = session.View.Locator(".messages .body");
        await Expect(session.Button("Send")).ToBeVisibleAsync();
        await Expect(messages).ToHaveCountAsync(2);
        Assert.Equal(await AnswerAsync("Be short.", "the cat"), await messages.Nth(1).TextContentAsync());

        await session.Field("Seed").FillAsync("3");
        await session.Button("Answer again").ClickAsync();
        await Expect(session.Button("Answer again")).ToBeEnabledAsync();
        await session.Field("Message").FillAsync("sat");
        await session.Button("Send").ClickAsync();
        await Expect(messages).ToHaveCountAsync(4);
        await Expect(session.Button("Send")).ToBeVisibleAsync();
        await session.Button("New conversation").ClickAsync();
        await Expect(messages).ToHaveCountAsync(0);
        session.CheckNoFaults();
    }

    [Fact]
    public async Task AModelWithoutATemplateIsToldAndTheMessageStays()
    {
        await using PageSession session = await server.OpenAsync("#chat?model=no-template");
        await session.Field("Message").FillAsync("the cat");
        await session.Button("Send").ClickAsync();
        await Expect(session.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("no-template has no chat template");
        await Expect(session.Field("Message")).ToHaveValueAsync("the cat");
        await Expect(session.View.Locator(".messages li")).ToHaveCountAsync(0);
        session.CheckNoFaults();
    }

    [Fact]
    public async Task TwoSettingsAreWrittenSideBySide()
    {
        await using PageSession session = await server.OpenAsync("#compare?prompt=the+cat&a.max_tokens=6&a.seed=1&b.model=no-template&b.max_tokens=9&b.seed=2");
        await session.Button("Write both").ClickAsync();
        ILocator sides = session.View.Locator(".side");
        await Expect(sides.Nth(0).Locator(".state")).ToContainTextAsync("6 tokens, as long as allowed");
        await Expect(sides.Nth(1).Locator(".state")).ToContainTextAsync("9 tokens, as long as allowed");
        Assert.Equal("tiny", await sides.Nth(0).Locator("select").First.InputValueAsync());
        Assert.Equal("no-template", await sides.Nth(1).Locator("select").First.InputValueAsync());
        Assert.Contains("b.max_tokens=9", session.Page.Url, StringComparison.Ordinal);
        session.CheckNoFaults();
    }

    [Fact]
    public async Task EveryClassAndEveryWordHasItsShare()
    {
        using TaskModel model = TaskModel.Load(Fixtures.Path("classifiers/gpt2"), threads: 2);
        Prediction whole = model.Predict("the cat sat");
        await using PageSession session = await server.OpenAsync("#task?text1=the+cat+sat");
        await session.Button("Predict").ClickAsync();
        ILocator rows = session.View.Locator(".bars button");
        await Expect(rows).ToHaveCountAsync(whole.Probabilities.Count);
        await Expect(rows.First).ToContainTextAsync(Invariant($"{whole.Probability * 100:0.0} %"));
        await Expect(session.View.Locator(".word")).ToHaveTextAsync(["the", "cat", "sat"]);
        string[] others = ["cat sat", "the sat", "the cat"];
        for (int i = 0; i < others.Length; i++)
            await Expect(session.View.Locator(".word").Nth(i)).ToHaveAttributeAsync("title", Signed(whole.Probability - model.Predict(others[i]).Probabilities[whole.Index]));

        await rows.Last.ClickAsync(); // the least likely class
        int least = whole.Probabilities.ToList().IndexOf(whole.Probabilities.Min());
        await Expect(rows.Last).ToHaveAttributeAsync("aria-pressed", "true");
        await Expect(session.View.Locator(".word").First).ToHaveAttributeAsync("title", Signed(whole.Probabilities[least] - model.Predict(others[0]).Probabilities[least]));
        session.CheckNoFaults();
    }

    [Fact]
    public async Task TheControlsFollowTheTask()
    {
        await using PageSession session = await server.OpenAsync("#task?model=pairs");
        await session.Field("Premise").FillAsync("the cat");
        await session.Field("Hypothesis").FillAsync("a dog");
        await session.Button("Predict").ClickAsync();
        await Expect(session.View.Locator(".bars button")).ToHaveCountAsync(2);
        await session.View.GetByText("Rank several texts").ClickAsync();
        await session.Field("First text").FillAsync("the cat");
        await session.Field("Second texts, one a line").FillAsync("the cat\na dog\nno");
        await session.Button("Rank").ClickAsync();
        await Expect(session.View.Locator(".ranking li")).ToHaveCountAsync(3);

        await session.Page.GetByLabel("Model").SelectOptionAsync("numbers");
        await Expect(session.Field("Premise")).ToHaveCountAsync(0);
        await session.Field("Text").FillAsync("the cat");
        await session.Button("Predict").ClickAsync();
        await Expect(session.View.Locator(".state")).ToContainTextAsync("Predicted value");
        await Expect(session.View.Locator(".word")).ToHaveCountAsync(2);
        session.CheckNoFaults();
    }

    [Fact]
    public async Task PiecesIdsAndBytesAreThoseOfTheTokenizer()
    {
        const string Text = "the cat\n狐";
        await using PageSession session = await server.OpenAsync("#tokens");
        await session.Field("Text").FillAsync(Text);
        ILocator card = session.View.Locator(".card").First;
        JsonNode tokens = (await PostAsync("tokenize", new { model = TestServer.Name, content = Text }))["tokens"]!;
        await Expect(card.Locator(".piece")).ToHaveCountAsync(tokens.AsArray().Count);
        await card.GetByText("Ids and bytes").First.ClickAsync();
        string[] cells = [.. await card.Locator("td").AllTextContentsAsync()];
        Assert.Equal(tokens.AsArray().Select(id => id!.ToString()), cells.Where((_, i) => i % 3 == 1));
        Assert.Equal(Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(Text)), string.Concat(cells.Where((_, i) => i % 3 == 2)).Replace(" ", "", StringComparison.Ordinal));
        session.CheckNoFaults();
    }

    private async Task<string> AnswerAsync(string system, string user)
    {
        JsonNode answer = await PostAsync("v1/chat/completions", new { messages = new[] { new { role = "system", content = system }, new { role = "user", content = user } }, max_tokens = 8, seed = 2 });
        return answer["choices"]![0]!["message"]!["content"]!.GetValue<string>().TrimStart();
    }

    private async Task<JsonNode> PostAsync(string path, object body)
    {
        using HttpClient client = new();
        using HttpResponseMessage response = await client.PostAsJsonAsync(new Uri($"{server.Address}/{path}"), body, TestContext.Current.CancellationToken);
        return (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
    }

    private static string Signed(double difference) => Invariant($"{(difference >= 0 ? '+' : '−')}{Math.Abs(difference) * 100:0.0} %");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
