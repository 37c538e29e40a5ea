using System.Net;
using System.Net.Sockets;
using Foreword.Cli.Commands.Serve;

namespace Foreword.Cli.Tests.Commands.Serve;

public sealed class ServeCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("--urls", "http://0.0.0.0:8080", "which other machines can reach")]
    [InlineData("--urls", "http://127.0.0.1:0;http://example.org:80", "http://example.org:80, which other machines can reach")]
    [InlineData("--urls", "8080", "an address looks like http://127.0.0.1:8080")]
    [InlineData("--urls", "http://127.0.0.1:99999", "http://127.0.0.1:99999; a port is a number from 0 to 65535")]
    [InlineData("--urls", "http://127.0.0.1:-1", "http://127.0.0.1:-1; a port is a number from 0 to 65535")]
    [InlineData("--urls", "http://127.0.0.1:abc", "http://127.0.0.1:abc; a port is a number from 0 to 65535")]
    [InlineData("--urls", "http://127.0.0.1:8080/path", "an address has no path")]
    [InlineData("--urls", "ftp://127.0.0.1:80", "an address looks like http://127.0.0.1:8080")]
    [InlineData("--urls", "http://localhost:0", "port 0 needs an address such as http://127.0.0.1:0")]
    [InlineData("--urls", "http://unix:/no/such/socket", "there is no directory /no/such")]
    [InlineData("--timeout", "2147483647", "it must be at most 2000000 seconds")]
    [InlineData("--drain", "2147483647", "it must be at most 2000000 seconds")]
    [InlineData("--cache-memory", "much", "it must be a size such as 512MB or 2GB, or 0")]
    [InlineData("--max-sequences", "0", "it must be at least 1")]
    [InlineData("--rate-limit", "-1", "it must be at least 0")]
    [InlineData("--threads", "0", "it must be at least 1")]
    [InlineData("--api-key", "", "--api-key is empty")]
    public void BadOptionsAreUsageErrors(string option, string value, string complaint)
    {
        Cli run = Cli.Run("serve", Fixtures.Path("classifiers/gpt2"), option, value);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(complaint, run.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("ftp://127.0.0.1")]
    public void ABenchmarkNeedsAnAddress(string url)
    {
        Cli run = Cli.Run("bench", "serve", "--url", url);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"--url is {url}; it looks like http://127.0.0.1:8080", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingModelIsOneSentence()
    {
        Cli run = Cli.Run("serve", _directory.File("none"));
        Assert.Equal(1, run.ExitCode);
        Assert.Single(run.Err.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("", "holds no key")]
    [InlineData("ok\ntwo words\n", "key 2 has a character")]
    public void ABrokenKeyFileIsOneSentence(string text, string complaint)
    {
        File.WriteAllText(_directory.File("keys"), text);
        Cli run = Cli.Run("serve", Fixtures.Path("classifiers/gpt2"), "--api-key", "@" + _directory.File("keys"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(complaint, run.Err, StringComparison.Ordinal);
        Assert.Equal(1, Cli.Run("serve", Fixtures.Path("classifiers/gpt2"), "--api-key", "@" + _directory.File("missing")).ExitCode);
    }

    [Theory]
    [InlineData("--api-key", "@DIRECTORY", "is a directory")]
    [InlineData("--api-key", "@DIRECTORY/none", "--api-key: there is no file DIRECTORY/none")]
    [InlineData("--template", "DIRECTORY", "is a directory")]
    [InlineData("--template", "DIRECTORY/none", "there is no chat template DIRECTORY/none")]
    [InlineData("--template", "DIRECTORY/broken.yaml", "broken.yaml:2: this is not YAML")]
    [InlineData("--template", "DIRECTORY/empty.yaml", "empty.yaml: the chat template is empty")]
    [InlineData("--template", "DIRECTORY/text.yaml", "text.yaml:1: the chat template is 'hello'; expected a mapping of keys")]
    [InlineData("--runs", "DIRECTORY/none", "--runs: there is no directory")]
    public void FilesThatCannotBeReadAreOneSentence(string option, string value, string complaint)
    {
        _directory.Write("broken.yaml", "user: [\n");
        _directory.Write("empty.yaml", "");
        _directory.Write("text.yaml", "hello");
        Cli run = Cli.Run("serve", Fixtures.Path("classifiers/gpt2"), option, value.Replace("DIRECTORY", _directory.Path, StringComparison.Ordinal));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(complaint.Replace("DIRECTORY", _directory.Path, StringComparison.Ordinal), run.Err, StringComparison.Ordinal);
        Assert.Single(run.Err.Trim().Split('\n'));
    }

    [Fact]
    public void ABenchmarkReadsItsKeyFromAFile()
    {
        Cli run = Cli.Run("bench", "serve", "--url", "http://127.0.0.1:1", "--api-key", "@" + _directory.File("none"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"--api-key: there is no file {_directory.File("none")}", run.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("multiple-choice", true)]
    [InlineData("entailment", true)]
    [InlineData("classification", true)]
    public void TheFirstRequestFitsATerminal(string? task, bool needsKey)
    {
        IReadOnlyList<string> lines = ServeCommand.Request("http://127.0.0.1:8080", task, needsKey);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 80));
        Assert.All(lines.SkipLast(1), line => Assert.EndsWith(" \\", line, StringComparison.Ordinal));
    }

    [Fact]
    public void AnAddressThatCannotBeListenedOnIsOneSentence()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        File.Copy(Fixtures.Path("classifiers/gpt2/tokenizer.json"), _directory.File("tokenizer.json"));
        foreach (string name in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{name}"), _directory.File(name));
        Cli run = Cli.Run("serve", _directory.Path, "--urls", $"http://127.0.0.1:{port}");
        Assert.Equal((1, $"error: the server cannot listen on http://127.0.0.1:{port}: the port is in use; choose another one\n"), (run.ExitCode, run.Err));
        run = Cli.Run("serve", _directory.Path, "--insecure", "--urls", "http://192.0.2.1:8080"); // an address for documentation (RFC 5737)
        Assert.Equal((1, "error: the server cannot listen on http://192.0.2.1:8080: this machine has no such address\n"), (run.ExitCode, run.Err));
    }
}
