using System.Text.Json;
using Foreword.Cli.Commands;
using Foreword.Hub;
using Foreword.Hub.Tests;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Cli.Tests.Commands;

public sealed class DownloadCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly FakeRepository _repository = new FakeRepository().WithModel();

    public void Dispose()
    {
        _repository.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void TheDirectoryIsPrintedAndWhatToTypeNext()
    {
        Cli run = Run(FakeRepository.Id, "--out", _directory.File("model"));
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(_directory.File("model") + "\n", run.Out);
        Assert.Contains($"{FakeRepository.Id} at {FakeRepository.Commit}: 3 files, 0.2 MB, 3 of them downloaded", run.Err);
        Assert.Contains($"next: foreword inspect {_directory.File("model")}", run.Err);
        Assert.True(File.Exists(_directory.File("model/model.safetensors")));
    }

    [Fact]
    public void JsonSaysWhatIsWhere()
    {
        Cli run = Run(FakeRepository.Id, "--json", "--quiet");
        using JsonDocument json = JsonDocument.Parse(run.Out);
        Assert.Equal(FakeRepository.Commit, json.RootElement.GetProperty("commit").GetString());
        Assert.Equal(3, json.RootElement.GetProperty("files").GetArrayLength());
        Assert.True(File.Exists(Path.Combine(json.RootElement.GetProperty("directory").GetString()!, "model.safetensors")));
        Assert.Empty(run.Err);
        Assert.Equal(0, Run(FakeRepository.Id, "--offline").ExitCode);
    }

    [Fact]
    public void AFailureIsOneSentence()
    {
        Cli run = Run(FakeRepository.Id, "--offline");
        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^error: offline, and the cache holds no revision 'main' of someone/tiny-gpt2 .*\n$", run.Err);
        Assert.Equal(1, Run("someone/other").ExitCode);
        string file = _directory.Write("file", "before");
        Assert.Equal($"error: --out {file} is a file; expected a directory\n", Run(FakeRepository.Id, "--out", file).Err);
    }

    [Fact]
    public void ANameThatIsNoRepositorysIsWrongUsage()
    {
        Cli run = Run("https://huggingface.co/gpt2");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("is not a repository name; expected OWNER/NAME", run.Err);
        Assert.Empty(_repository.Hub.Requests);
    }

    [Fact]
    public void CommandsTakeADownloadedModelByItsName()
    {
        const string Variable = "HF_HUB_CACHE";
        string model = _directory.File("source");
        Directory.CreateDirectory(model);
        new BpeTrainer { VocabSize = 300 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(model);
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Fixtures.Path($"golden/gpt2-tiny/{file}"), Path.Combine(model, file));
        foreach (string file in Directory.GetFiles(model))
            _repository[Path.GetFileName(file)] = File.ReadAllBytes(file);
        Assert.Equal(0, Run(FakeRepository.Id, "--quiet").ExitCode);

        string? before = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, _directory.File("cache"));
        try
        {
            foreach (string[] command in (string[][])
            [
                ["inspect", FakeRepository.Id], ["generate", FakeRepository.Id, "--prompt", "the", "--max-tokens", "2"], ["chat", FakeRepository.Id],
                ["convert", FakeRepository.Id, _directory.File("model.gguf"), "--format", "gguf"], ["quantize", FakeRepository.Id, "--type", "int8", "--out", _directory.File("small")],
            ])
            {
                Cli run = Cli.Run(command);
                Assert.True(run.ExitCode == 0, $"{command[0]}: {run.Err}");
            }

            Assert.Contains("task.json", Cli.Run("predict", FakeRepository.Id, "-").Err);
            Assert.Equal("error: someone/other does not exist\n", Cli.Run("inspect", "someone/other").Err);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, before);
        }
    }

    private Cli Run(params string[] args) => Cli.Run("", terminal => DownloadCommand.Create(terminal, () =>
        new HubOptions { Endpoint = _repository.Hub.Address, CacheDirectory = _directory.File("cache"), Retries = 0 }), ["download", .. args]);
}
