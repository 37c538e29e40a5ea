using Foreword.Models;

namespace Foreword.Hub.Tests;

public sealed class HubOptionsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void WithoutVariablesTheDefaultsAreHuggingFaces()
    {
        HubOptions options = Of(("XDG_CACHE_HOME", _directory.Path));
        Assert.Equal("https://huggingface.co/", options.Endpoint.AbsoluteUri);
        Assert.Equal(_directory.File("huggingface/hub"), options.CacheDirectory);
        Assert.Null(options.Token);
        Assert.False(options.Offline);
        Assert.EndsWith("/.cache/huggingface/hub", Of().CacheDirectory.Replace('\\', '/'));
    }

    [Fact]
    public void TheTokenIsTheVariablesElseTheFiles()
    {
        _directory.Write("token", "hf_file\n");
        Assert.Equal("hf_file", Of(("HF_HOME", _directory.Path)).Token);
        Assert.Equal("hf_variable", Of(("HF_HOME", _directory.Path), ("HF_TOKEN", "hf_variable")).Token);
        _directory.Write("other", "hf_other");
        Assert.Equal("hf_other", Of(("HF_TOKEN_PATH", _directory.File("other"))).Token);
    }

    [Fact]
    public void TheCacheIsWhereTheVariablesSay()
    {
        Assert.Equal(_directory.File("hub"), Of(("HF_HOME", _directory.Path)).CacheDirectory);
        Assert.Equal("/elsewhere", Of(("HF_HOME", _directory.Path), ("HF_HUB_CACHE", "/elsewhere")).CacheDirectory);
        Assert.False(Of(("HF_HUB_CACHE", "~/models")).CacheDirectory.StartsWith('~'));
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("ON", true)]
    [InlineData("0", false)]
    [InlineData("", false)]
    public void OfflineIsReadAsHuggingFaceReadsIt(string value, bool offline) => Assert.Equal(offline, Of(("HF_HUB_OFFLINE", value)).Offline);

    [Theory]
    [InlineData("huggingface.co")]
    [InlineData("file:///x")]
    public void AnEndpointThatIsNoAddressIsNamed(string endpoint) =>
        Assert.Contains($"HF_ENDPOINT is '{endpoint}'", Assert.Throws<ArgumentException>(() => Of(("HF_ENDPOINT", endpoint))).Message);

    [Theory]
    [InlineData("gpt2", true)]
    [InlineData("openai-community/gpt2", true)]
    [InlineData("a_b/c.d-e", true)]
    [InlineData("a/b/c", false)]
    [InlineData("../x", false)]
    [InlineData("a/..", false)]
    [InlineData("a--b", false)]
    [InlineData("-a", false)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("https://huggingface.co/gpt2", false)]
    public void NamesOfRepositoriesAreChecked(string id, bool valid)
    {
        Assert.Equal(valid, HubRepository.TryParse(id) is not null);
        if (!valid)
            Assert.Contains($"'{id}' is not a repository name", Assert.Throws<ArgumentException>(() => HubRepository.Parse(id)).Message);
    }

    private static HubOptions Of(params (string Name, string Value)[] variables) =>
        HubOptions.FromEnvironment(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
