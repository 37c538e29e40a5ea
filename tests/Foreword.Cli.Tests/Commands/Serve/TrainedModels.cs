using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Foreword.Cpu;
using Foreword.Server;

namespace Foreword.Cli.Tests.Commands.Serve;

/// <summary>
/// A language model that has learned the passages of LAMBADA and the sentences of COPA by heart, so that many of its answers are right, and the same
/// model fine-tuned for COPA's choices. A server offers both in float32.
/// </summary>
public sealed class TrainedModels : IAsyncLifetime
{
    public const string Language = "language", Choices = "choices";

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private ForewordServer _server = null!;

    public static string Copa => Fixtures.Path("benchmarks/copa/copa-dev.xml");

    public string LanguageModel => _directory.File("base");

    public string ChoiceModel => _directory.File("finetuned");

    public HttpClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Train();
        ServerOptions options = new()
        {
            Urls = "http://127.0.0.1:0",
            Models =
            [
                new ServedModelOptions { Name = Language, Path = LanguageModel, Engine = new CpuEngine { Threads = 2 } },
                new ServedModelOptions { Name = Choices, Path = ChoiceModel, Engine = new CpuEngine { Threads = 2 } },
            ],
        };
        _server = ForewordServer.Create(options);
        await _server.StartAsync(TestContext.Current.CancellationToken);
        Client = new HttpClient { BaseAddress = new Uri(_server.Addresses.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (_server is not null)
        {
            await _server.StopAsync();
            await _server.DisposeAsync();
        }

        _directory.Dispose();
    }

    /// <summary>Sends a body, and returns the answer as JSON. It must be a success.</summary>
    public async Task<JsonElement> PostAsync(string path, string body)
    {
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Client.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        string answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, answer);
        return JsonDocument.Parse(answer).RootElement;
    }

    private void Train()
    {
        IEnumerable<string> passages = File.ReadLines(Fixtures.Path("benchmarks/lambada/lambada_test.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!);
        IEnumerable<string> sentences = XDocument.Load(Copa).Root!.Elements("item").Select(item =>
        {
            string alternative = (string)item.Element($"a{(string)item.Attribute("most-plausible-alternative")!}")!, link = (string)item.Attribute("asks-for")! == "cause" ? "because" : "therefore";
            return $"{((string)item.Element("p")!).TrimEnd('.')} {link} {char.ToLowerInvariant(alternative[0])}{alternative.AsSpan(1)}";
        });
        string text = _directory.Write("text.txt", string.Join('\n', passages.Concat(sentences)));
        string recipe = _directory.Write("recipe.yaml", $"""
            model: {"{"}n_layer: 2, n_head: 2, n_embd: 64, context_length: 256, dropout: 0{"}"}
            data:
              text: [{text}]
              vocab_size: 500
              validation: 0.05
            train:
              steps: 120
              batch_size: 8
              lr: 1e-2
              warmup_steps: 10
              checkpoint_every: 0
              eval_every: 0
              threads: 2
            """);
        Run("pretrain", recipe, "--out", LanguageModel);
        Run("finetune", LanguageModel, "--task", "multiple-choice", "--train", Copa, "--validation", Copa, "--columns", "context=p,question=asks-for,choice=a1,choice=a2,label=most-plausible-alternative",
            "--out", ChoiceModel, "--epochs", "2", "--lr", "1e-3", "--batch-size", "8", "--set", "train.threads=2");
    }

    private static void Run(params string[] command)
    {
        Cli run = Cli.Run(command);
        Assert.True(run.ExitCode == 0, run.Err);
    }
}

/// <summary>The classes that share one <see cref="TrainedModels"/>.</summary>
[CollectionDefinition(nameof(SharedModels))]
public sealed class SharedModels : ICollectionFixture<TrainedModels>;
