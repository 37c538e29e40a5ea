using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foreword.Server.Tests.Page;

/// <summary>Writes text with the page, in a real browser.</summary>
[Collection(nameof(SharedPage))]
public sealed partial class WriteViewTests(PageServer server)
{
    private const string Prompt = "the cat";

    [Fact]
    public async Task APromptIsContinuedAsTheApiContinuesIt()
    {
        await using PageSession session = await server.OpenAsync();
        await session.Field("Prompt").FillAsync(Prompt);
        await session.Field("Length in tokens").FillAsync("12");
        await session.Field("Seed").FillAsync("5");
        await session.Field("Temperature").Last.FillAsync("0.8");
        await session.Button("Write").ClickAsync();
        await Expect(session.View.Locator(".state")).ToContainTextAsync(Finished());
        JsonNode expected = await CompleteAsync(new { prompt = Prompt, max_tokens = 12, seed = 5, temperature = 0.8 });
        Assert.Equal(Prompt + expected["choices"]![0]!["text"]!.GetValue<string>(), await ShownAsync(session));
        Assert.Equal(12, await session.View.Locator(".token").CountAsync());
        session.CheckNoFaults();
    }

    [Fact]
    public async Task AnotherTokenIsChosenAndContinued()
    {
        await using PageSession session = await server.OpenAsync("#write?prompt=the+cat&max_tokens=8&temperature=0");
        await session.Button("Write").ClickAsync();
        await Expect(session.View.Locator(".state")).ToContainTextAsync(Finished());
        string[] before = [.. await session.View.Locator(".token").AllTextContentsAsync()];
        await session.View.Locator(".token").Nth(3).ClickAsync();
        ILocator panel = session.Page.GetByRole(AriaRole.Dialog);
        await Expect(panel.Locator("li")).ToHaveCountAsync(10);
        await Expect(panel.Locator("[aria-current=true]")).ToHaveCountAsync(1); // with temperature 0 the token is the likeliest
        await panel.Locator("li button").Nth(1).ClickAsync();
        await Expect(session.View.Locator(".token")).ToHaveCountAsync(3 + 1 + 8);
        string[] after = [.. await session.View.Locator(".token").AllTextContentsAsync()];
        Assert.Equal(before[..3], after[..3]);
        Assert.NotEqual(before[3], after[3]);
        JsonNode scores = await CompleteAsync(new { prompt = Prompt, max_tokens = 4, temperature = 0, echo = true, logprobs = 2, return_tokens_as_token_ids = true });
        int[] ids = [.. scores["choices"]![0]!["logprobs"]!["tokens"]!.AsArray().Select(Id)];
        ids[^1] = Id(scores["choices"]![0]!["logprobs"]!["top_logprobs"]![ids.Length - 1]!.AsObject().OrderByDescending(other => other.Value!.GetValue<double>()).ElementAt(1).Key);
        JsonNode expected = await CompleteAsync(new { prompt = ids, max_tokens = 8, temperature = 0 });
        Assert.Equal(expected["choices"]![0]!["text"]!.GetValue<string>(), string.Concat(after[4..]));
        session.CheckNoFaults();
    }

    [Fact]
    public async Task ALinkHoldsThePromptAndEveryOption()
    {
        await using PageSession session = await server.OpenAsync();
        await session.Field("Prompt").FillAsync("a & b = c");
        await session.Field("Top-k").FillAsync("7");
        await session.View.GetByText("More options").ClickAsync();
        await session.Field("Ignore the end of text").CheckAsync();
        await session.Field("The text must be").SelectOptionAsync("regex");
        await session.Field("Schema, lines or expression").FillAsync("[a-z]{3}");
        await session.Button("Share link").ClickAsync();
        await Expect(session.View.Locator(".state")).ToContainTextAsync("clipboard");
        string link = await session.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()");

        await using PageSession other = await server.OpenAsync(link[(link.IndexOf('/', "http://".Length) + 1)..]);
        await Expect(other.Field("Prompt")).ToHaveValueAsync("a & b = c");
        await Expect(other.Field("Top-k")).ToHaveValueAsync("7");
        await other.View.GetByText("More options").ClickAsync();
        await Expect(other.Field("Ignore the end of text")).ToBeCheckedAsync();
        await other.Field("Ignore the end of text").UncheckAsync(); // the API refuses it together with a form
        await other.Button("Write").ClickAsync();
        await Expect(other.View.Locator(".state")).ToContainTextAsync(Finished());
        Assert.Matches("^a & b = c[a-z]{3}$", await ShownAsync(other));
        await other.Button("Reset all").ClickAsync();
        await Expect(other.Field("Top-k")).ToHaveValueAsync("0");
        other.CheckNoFaults();
    }

    [Fact]
    public async Task AProblemIsShownInTheServersWords()
    {
        await using PageSession session = await server.OpenAsync("#write?prompt=a&max_tokens=4000");
        await session.Button("Write").ClickAsync();
        await Expect(session.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("max_tokens is 4000");
        await Expect(session.Button("Write")).ToBeEnabledAsync();
        session.CheckNoFaults();
    }

    private async Task<JsonNode> CompleteAsync(object body)
    {
        using HttpClient client = new();
        using HttpResponseMessage response = await client.PostAsJsonAsync(new Uri($"{server.Address}/v1/completions"), body, TestContext.Current.CancellationToken);
        return (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
    }

    private static int Id(JsonNode? token) => int.Parse(token!.ToString()["token_id:".Length..], CultureInfo.InvariantCulture);

    /// <summary>Returns the text that is shown, without the marks of tokens that have no text.</summary>
    private static async Task<string> ShownAsync(PageSession session) => (await session.View.Locator(".scored .text").TextContentAsync())!;

    [GeneratedRegex("ended|as long as allowed")]
    private static partial Regex Finished();
}
