using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foreword.Server.Tests.Page;

/// <summary>Uses what all views share: navigation, language, colors, the API key, and the keyboard.</summary>
[Collection(nameof(SharedPage))]
public sealed class ShellTests(PageServer server)
{
    [Fact]
    public async Task TheKeyIsAskedForAndKeptInTheBrowser()
    {
        await using ForewordServer locked = await server.StartAsync(options => options with { ApiKeys = ["secret"] });
        PageSession session = await server.OpenAsync(address: locked.Addresses.Single(), waits: false);
        await using (session)
        {
            ILocator dialog = session.Page.GetByRole(AriaRole.Dialog);
            foreach (string key in (string[])["wrong", "secret"])
            {
                await dialog.GetByLabel("Key", new LocatorGetByLabelOptions { Exact = true }).FillAsync(key);
                await session.Page.Keyboard.PressAsync("Enter");
                if (key == "wrong")
                    await Expect(dialog).ToContainTextAsync("the API key is wrong");
            }

            await Expect(session.View).ToBeVisibleAsync();
            await Expect(session.Page.GetByLabel("Model")).ToHaveValueAsync(TestServer.Name);
            await session.Page.ReloadAsync();
            await Expect(session.Page.GetByLabel("Model")).ToHaveValueAsync(TestServer.Name); // without a question
            await session.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "API key" }).ClickAsync();
            await dialog.GetByText("Forget the key").ClickAsync();
            Assert.Equal(0, await session.Page.EvaluateAsync<int>("() => Object.keys(localStorage).filter(name => name.includes('key')).length"));
            session.CheckNoFaults();
        }

        await locked.StopAsync();
    }

    [Fact]
    public async Task LanguageAndColorsFollowTheBrowserUntilTheyAreSwitched()
    {
        await using PageSession session = await server.OpenAsync("#tokens", options => (options.Locale, options.ColorScheme) = ("zh-CN", ColorScheme.Dark));
        ILocator title = session.View.Locator("h1");
        await Expect(title).ToHaveTextAsync("词元");
        await Expect(session.Page.Locator("html")).ToHaveAttributeAsync("lang", "zh-Hans");
        Assert.True(await IsDarkAsync(session));
        await session.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "English" }).ClickAsync();
        await session.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Light" }).ClickAsync();
        await Expect(title).ToHaveTextAsync("Tokens");
        await Expect(session.Page).ToHaveTitleAsync("Tokens · Foreword");
        Assert.False(await IsDarkAsync(session));
        await session.Page.ReloadAsync();
        await Expect(title).ToHaveTextAsync("Tokens");
        Assert.False(await IsDarkAsync(session));
        session.CheckNoFaults();
    }

    [Fact]
    public async Task BothLanguagesHaveEveryText()
    {
        await using PageSession session = await server.OpenAsync();
        string json = await session.Page.EvaluateAsync<string>("""
            async () => {
              const { english } = await import("/page/strings/english.js"), { chinese } = await import("/page/strings/chinese.js");
              return JSON.stringify([english, chinese]);
            }
            """);
        Dictionary<string, string>[] languages = JsonSerializer.Deserialize<Dictionary<string, string>[]>(json)!;
        Assert.Equal(languages[0].Keys, languages[1].Keys);
        Assert.All(languages[0].Keys, key => Assert.Equal(Values(languages[0][key]), Values(languages[1][key])));

        static IEnumerable<string> Values(string text) => System.Text.RegularExpressions.Regex.Matches(text, @"\{\w+\}").Select(match => match.Value).Distinct().Order();
    }

    [Fact]
    public async Task EverythingIsReachedWithTheKeyboard()
    {
        await using PageSession session = await server.OpenAsync("#write?max_tokens=5&seed=1");
        IKeyboard keys = session.Page.Keyboard;
        await keys.PressAsync("Tab");
        Assert.Equal("Skip to the content", await FocusedAsync(session));
        await keys.PressAsync("Enter");
        Assert.Equal("Write", await FocusedAsync(session));
        await keys.PressAsync("Tab");
        await keys.TypeAsync("the cat");
        await keys.PressAsync("Control+Enter");
        await Expect(session.View.Locator(".state")).ToContainTextAsync("as long as allowed");

        List<string> walked = [];
        while (!walked.Contains("More options") && walked.Count < 60)
        {
            await keys.PressAsync("Tab");
            walked.Add(await FocusedAsync(session));
            Assert.True(await session.Page.EvaluateAsync<bool>("() => { const style = getComputedStyle(document.activeElement); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; }"), $"the focus cannot be seen on {walked[^1]}");
        }

        Assert.Equal(["Write", "Write on", "Color my text", "Copy", "Share link"], walked[..5]);
        Assert.Single(walked, name => name.EndsWith('%')); // all tokens together are one stop
        Assert.Contains("Temperature", walked);
        session.CheckNoFaults();
    }

    [Fact]
    public async Task ATokenIsOpenedWithTheKeyboardAndTheFocusReturns()
    {
        await using PageSession session = await server.OpenAsync("#write?prompt=the+cat&max_tokens=5&seed=1");
        await session.Button("Write").ClickAsync();
        await Expect(session.View.Locator(".token")).ToHaveCountAsync(5);
        IKeyboard keys = session.Page.Keyboard;
        await session.View.Locator(".token").First.FocusAsync();
        await keys.PressAsync("ArrowRight");
        await keys.PressAsync("ArrowRight");
        await keys.PressAsync("Enter");
        ILocator panel = session.Page.GetByRole(AriaRole.Dialog);
        await Expect(panel.Locator("li button").First).ToBeFocusedAsync();
        await keys.PressAsync("Escape");
        await Expect(panel).ToBeHiddenAsync();
        await Expect(session.View.Locator(".token").Nth(2)).ToBeFocusedAsync();
        session.CheckNoFaults();
    }

    private static Task<string> FocusedAsync(PageSession session) =>
        session.Page.EvaluateAsync<string>("() => { const e = document.activeElement; return (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent).trim(); }");

    private static Task<bool> IsDarkAsync(PageSession session) =>
        session.Page.EvaluateAsync<bool>("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).every(part => part < 128)");
}
