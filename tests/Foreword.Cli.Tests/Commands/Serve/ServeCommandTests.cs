using System.Net;
using System.Net.Sockets;

namespace Foreword.Cli.Tests.Commands.Serve;

public sealed class ServeCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("--urls", "http://0.0.0.0:8080", "which other machines can reach")]
    [InlineData("--urls", "http://127.0.0.1:0;http://example.org:80", "http://example.org:80, which other machines can reach")]
    [InlineData("--urls", "8080", "an address looks like http://127.0.0.1:8080")]
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

    [Fact]
    public void APortInUseIsOneSentence()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        File.Copy(Fixtures.Path("classifiers/gpt2/tokenizer.json"), _directory.File("tokenizer.json"));
        foreach (string name in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{name}"), _directory.File(name));
        Cli run = Cli.Run("serve", _directory.Path, "--urls", $"http://127.0.0.1:{port}");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"{port}", run.Err, StringComparison.Ordinal);
        Assert.Single(run.Err.Trim().Split('\n'));
    }
}
