using System.ComponentModel;
using System.Diagnostics;

namespace Foreword.Server.Tests.Clients;

/// <summary>Runs the tests in <c>Clients/node</c>, which talk to the server with the npm packages <c>openai</c> and <c>ai</c>. The packages are installed at test time.</summary>
public sealed class NodeClientsTests(TestServer server, NodeClientsTests.Packages packages) : IClassFixture<TestServer>, IClassFixture<NodeClientsTests.Packages>
{
    [Theory]
    [InlineData("openai.test.mjs")]
    [InlineData("ai.test.mjs")]
    public async Task TheClientsTestsPass(string file)
    {
        Assert.SkipWhen(packages.Missing is not null, packages.Missing ?? "");
        await using ForewordServer guarded = await TestServer.StartAsync(server.Path, options => options with { ApiKeys = ["right"] });
        await using ForewordServer busy = await TestServer.StartAsync(server.Path, options => options with { MaxSequences = 1, MaxQueue = 1 });
        (int status, string output) = await RunAsync("node", ["--test", "--test-reporter=spec", file], packages.Folder, new Dictionary<string, string>
        {
            ["FOREWORD_OPEN"] = server.Server.Addresses.Single(),
            ["FOREWORD_GUARDED"] = guarded.Addresses.Single(),
            ["FOREWORD_BUSY"] = busy.Addresses.Single(),
        });
        Assert.True(status == 0, output);
        Assert.DoesNotContain("tests 0", output, StringComparison.Ordinal);
        await guarded.StopAsync();
        await busy.StopAsync();
    }

    private static async Task<(int Status, string Output)> RunAsync(string program, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>The packages that <c>package-lock.json</c> names, in a temporary directory next to the tests that use them.</summary>
    public sealed class Packages : IAsyncLifetime
    {
        private readonly TemporaryDirectory _directory = new();

        public string Folder => _directory.Path;

        /// <summary>Gets why the tests cannot run here; null if they can.</summary>
        public string? Missing { get; private set; }

        public async ValueTask InitializeAsync()
        {
            foreach (string file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Clients", "node")))
                File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
            try
            {
                (int status, string output) = await RunAsync(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], Folder);
                if (output.Contains("code EUSAGE", StringComparison.Ordinal) || output.Contains("code EINTEGRITY", StringComparison.Ordinal))
                    throw new InvalidOperationException(output); // the lock file does not fit package.json, or what the registry sends
                Missing = status == 0 ? null : "npm ci cannot install the packages openai and ai, because the registry does not answer";
            }
            catch (Win32Exception)
            {
                Missing = "node and npm are not installed";
            }
        }

        public ValueTask DisposeAsync()
        {
            _directory.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
