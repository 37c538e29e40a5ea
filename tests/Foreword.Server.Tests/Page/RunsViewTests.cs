using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foreword.Server.Tests.Page;

/// <summary>Looks at training runs with the page, in a real browser.</summary>
[Collection(nameof(SharedPage))]
public sealed class RunsViewTests(PageServer server) : IAsyncLifetime
{
    private readonly TemporaryDirectory _runs = new();
    private ForewordServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        RunsTests.WriteRun(_runs);
        _server = await server.StartAsync(options => options with { Runs = [_runs.Path] });
    }

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync();
        await _server.DisposeAsync();
        _runs.Dispose();
    }

    [Fact]
    public async Task CurvesTextsAndCheckpointsAreShownAndFollowTheRun()
    {
        await using PageSession session = await server.OpenAsync("#runs", address: _server.Addresses.Single());
        ILocator readout = session.View.Locator(".plot .readout tbody tr");
        await Expect(readout).ToHaveCountAsync(2);
        await Expect(readout.Nth(0)).ToContainTextAsync("first · training202.5");
        await Expect(readout.Nth(1)).ToContainTextAsync("first · validation102.75");
        await Expect(session.View.Locator(".chart path.curve")).ToHaveCountAsync(2);
        await Expect(session.View.Locator(".chart path.curve").First).ToHaveCSSAsync("fill", "none"); // the styles of this view are in force
        await Expect(session.View.Locator(".samples p")).ToHaveTextAsync("Once upon");
        await Expect(session.View).ToContainTextAsync("Pre-training, 20 of 100 steps, training");

        await File.AppendAllTextAsync(_runs.File("first/metrics.jsonl"), "ss\":1.25}\n", TestContext.Current.CancellationToken); // completes the line of step 30
        await Expect(readout.Nth(0)).ToContainTextAsync("301.25");
        session.CheckNoFaults();
    }

    [Fact]
    public async Task RunsAreDrawnOverOneAnotherAndReadWithTheKeyboard()
    {
        await using PageSession session = await server.OpenAsync("#runs", address: _server.Addresses.Single());
        ILocator readout = session.View.Locator(".plot .readout tbody tr");
        await Expect(readout).ToHaveCountAsync(2);
        await session.Field("Draw first.finetuned").CheckAsync();
        await Expect(readout).ToHaveCountAsync(3);
        ILocator cursor = session.View.Locator(".plot input[type=range]");
        await cursor.FocusAsync();
        await cursor.PressAsync("Home");
        await Expect(readout.Nth(0)).ToContainTextAsync("102.5");
        await Expect(cursor).ToHaveAttributeAsync("aria-valuetext", "Step 10");
        await session.Field("Logarithmic scale").CheckAsync();
        await Expect(session.View.Locator(".chart")).ToHaveAttributeAsync("aria-label", "3 curves from step 10 to 20. The table has the values at the chosen step.");
        await session.Field("Curves").SelectOptionAsync("learning_rate");
        await Expect(readout.Nth(0)).ToContainTextAsync("learning rate100.001");
        session.CheckNoFaults();
    }

    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(400, ColorScheme.Dark)]
    public async Task EverybodyCanReadIt(int width, ColorScheme colors)
    {
        await using PageSession session = await server.OpenAsync(
            "#runs", options => (options.ViewportSize, options.ColorScheme) = (new ViewportSize { Width = width, Height = 900 }, colors), _server.Addresses.Single());
        await Expect(session.View.Locator(".plot .readout tbody tr")).ToHaveCountAsync(2);
        await session.View.GetByText("Recipe", new LocatorGetByTextOptions { Exact = true }).ClickAsync();
        AxeResult result = await session.Page.RunAxe();
        Assert.Empty(result.Violations.Select(violation => $"{violation.Id}: {string.Join(", ", violation.Nodes.Select(node => node.Html))}"));
        Assert.True(await session.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));
        if (Environment.GetEnvironmentVariable("FOREWORD_TEST_SCREENSHOTS") is { Length: > 0 } folder)
            await session.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"runs-{width}.png"), FullPage = true });
        session.CheckNoFaults();
    }

    [Fact]
    public async Task WithoutRunsThePageSaysHowToShowThem()
    {
        await using PageSession session = await server.OpenAsync("#runs");
        await Expect(session.View).ToContainTextAsync("--runs");
        session.CheckNoFaults();
    }
}
