using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foreword.Server.Tests.Page;

/// <summary>Checks every view with axe, on a wide screen and on a phone, in light and in dark.</summary>
[Collection(nameof(SharedPage))]
public sealed class AccessibilityTests(PageServer server)
{
    private static readonly (string Hash, string? Button, string Result)[] _views =
    [
        ("#write?prompt=the+cat&max_tokens=12&seed=1", "Write", ".token >> nth=11"),
        ("#chat", null, "textarea"),
        ("#compare?prompt=the+cat&a.max_tokens=6&b.max_tokens=6&a.seed=1&b.seed=1", "Write both", ".side >> nth=1 >> .token >> nth=5"),
        ("#task?model=classifier&text1=the+cat+sat", "Predict", ".strongest li"),
        ("#task?model=pairs&text1=the+cat&text2=a+dog", "Predict", ".strongest li"),
        ("#tokens?text=the+cat", null, ".piece"),
    ];

    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(400, ColorScheme.Light)]
    [InlineData(400, ColorScheme.Dark)]
    public async Task AxeFindsNothingSerious(int width, ColorScheme colors)
    {
        await using PageSession session = await server.OpenAsync(change: options => (options.ViewportSize, options.ColorScheme) = (new ViewportSize { Width = width, Height = 900 }, colors));
        foreach ((string hash, string? button, string result) in _views)
        {
            await session.Page.EvaluateAsync("hash => { location.hash = hash; }", hash);
            if (button is not null)
                await session.Button(button).ClickAsync();
            await Expect(session.View.Locator(result).First).ToBeVisibleAsync();
            await session.Page.EvaluateAsync("() => document.querySelectorAll('details').forEach(details => { details.open = true; })");
            await CheckAsync(session, $"{hash} at {width}");
            int over = await session.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - innerWidth");
            Assert.True(over <= 0, $"{hash} is {over} pixels wider than the window of {width}");
        }

        await session.Page.EvaluateAsync("() => { location.hash = '#write'; }");
        await session.View.Locator(".token").First.ClickAsync();
        await Expect(session.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await CheckAsync(session, $"the alternatives at {width}");
        session.CheckNoFaults();
    }

    private static async Task CheckAsync(PageSession session, string where)
    {
        AxeResult found = await session.Page.RunAxe();
        string[] serious = [.. found.Violations.Where(violation => violation.Impact is "serious" or "critical")
            .Select(violation => $"{violation.Id}: {string.Join("; ", violation.Nodes.Take(3).Select(node => node.Html))}")];
        Assert.True(serious.Length == 0, $"{where}: {string.Join('\n', serious)}");
    }
}
