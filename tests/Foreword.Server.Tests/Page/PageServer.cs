using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Foreword.Cpu;
using Foreword.Tasks;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;
using Microsoft.Playwright;

namespace Foreword.Server.Tests.Page;

/// <summary>A server with small models of every kind, and the chromium that is installed on this machine. Tests of the page share both.</summary>
public sealed class PageServer : IAsyncLifetime
{
    private static readonly string[] _names = ["chromium", "chromium-browser", "google-chrome"];
    private static readonly (string Name, string Path)[] _tasks = [("classifier", "classifiers/gpt2"), ("pairs", "classifiers/gpt2-entailment-run"), ("numbers", "classifiers/gpt2-regression")];

    private readonly TestServer _models = new();
    private readonly TemporaryDirectory _choices = new();
    private ForewordServer _server = null!;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public string Address => _server.Addresses.Single();

    public async ValueTask InitializeAsync()
    {
        await _models.InitializeAsync();
        WriteChoices(_choices.Path);
        _server = await StartAsync(options => options);
        if (Chromium() is not { } chromium)
            return;
        Assertions.SetDefaultExpectTimeout(60_000); // a busy machine is slow, and that is no fault of the page
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        await _server.StopAsync();
        await _server.DisposeAsync();
        await _models.DisposeAsync();
        _choices.Dispose();
    }

    /// <summary>Starts a server with settings of its own for the same models.</summary>
    public Task<ForewordServer> StartAsync(Func<ServerOptions, ServerOptions> change) => TestServer.StartAsync(_models.Path, options => change(options with
    {
        Models =
        [
            .. options.Models,
            options.Models[0] with { Name = "no-template", Template = null },
            .. _tasks.Select(task => new ServedModelOptions { Name = task.Name, Path = Fixtures.Path(task.Path), Engine = new CpuEngine { Threads = 2 } }),
            new ServedModelOptions { Name = "choices", Path = _choices.Path, Engine = new CpuEngine { Threads = 2 } },
        ],
    }));

    /// <summary>Opens the page. The test is skipped if no chromium is installed.</summary>
    /// <param name="hash">The view and its settings, such as <c>#write?seed=1</c>.</param>
    /// <param name="change">Changes size, colors and language: 1280 pixels wide, light and English.</param>
    /// <param name="address">The address of another server.</param>
    /// <param name="waits">Whether to wait until the view is there.</param>
    public async Task<PageSession> OpenAsync(string hash = "", Action<BrowserNewContextOptions>? change = null, string? address = null, bool waits = true)
    {
        Assert.SkipWhen(_browser is null, "no chromium is installed (apt-get install chromium)");
        BrowserNewContextOptions options = new()
        {
            ViewportSize = new ViewportSize { Width = 1280, Height = 900 },
            ColorScheme = ColorScheme.Light,
            Locale = "en-US",
            Permissions = ["clipboard-read", "clipboard-write"],
        };
        change?.Invoke(options);
        PageSession session = new(await _browser!.NewContextAsync(options));
        await session.GoToAsync($"{address ?? Address}/{hash}");
        if (waits)
            await Assertions.Expect(session.View).ToBeVisibleAsync();
        return session;
    }

    /// <summary>Writes a model for multiple choice: that of a fixture with another head.</summary>
    internal static void WriteChoices(string directory)
    {
        foreach (string file in Directory.GetFiles(Fixtures.Path("classifiers/gpt2-entailment-run")))
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)));
        string task = Path.Combine(directory, TaskDescription.FileName);
        JsonNode description = JsonNode.Parse(File.ReadAllText(task))!;
        (description["kind"], description["target"], description["labels"]) = ("multiple-choice", "choice", new JsonArray("0", "1", "2"));
        File.WriteAllText(task, description.ToJsonString());
        SafetensorsWriter head = new();
        float[] weight = [.. Enumerable.Range(0, 16).Select(i => MathF.Sin(i) * 3)];
        head.Add("clf.weight", TensorDType.F32, [1, 16], MemoryMarshal.AsBytes<float>(weight).ToArray());
        head.Add("clf.bias", TensorDType.F32, [1], new byte[4]);
        head.Save(Path.Combine(directory, TaskDescription.HeadFile));
    }

    private static string? Chromium() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(_ => _names, Path.Combine).FirstOrDefault(File.Exists);
}

/// <summary>The classes that share one <see cref="PageServer"/>. They run one after the other.</summary>
[CollectionDefinition(nameof(SharedPage))]
public sealed class SharedPage : ICollectionFixture<PageServer>;

/// <summary>The page in a browser window of its own, with nothing saved. A test ends with <see cref="CheckNoFaults"/>.</summary>
public sealed class PageSession(IBrowserContext context) : IAsyncDisposable
{
    private readonly List<string> _faults = [];

    public IPage Page { get; private set; } = null!;

    /// <summary>Gets the open view.</summary>
    public ILocator View => Page.Locator("main > section:not([hidden])");

    public async Task GoToAsync(string address)
    {
        context.SetDefaultTimeout(60_000);
        Page = await context.NewPageAsync();
        Page.PageError += (_, fault) => _faults.Add(fault);
        Page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) // the browser's line for every status from 400 on
                _faults.Add(message.Text);
        };
        await Page.GotoAsync(address);
    }

    /// <summary>Returns the button with a name in the open view.</summary>
    public ILocator Button(string name) => View.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = name, Exact = true });

    /// <summary>Returns the control with a label in the open view.</summary>
    public ILocator Field(string label) => View.GetByLabel(label, new LocatorGetByLabelOptions { Exact = true });

    /// <summary>Fails if a script threw an exception, or the browser refused a file or a style.</summary>
    public void CheckNoFaults() => Assert.Empty(_faults);

    public ValueTask DisposeAsync() => context.DisposeAsync();
}
