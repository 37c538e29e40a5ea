using Foreword.Chat;
using Foreword.Cpu;
using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI.Tests;

/// <summary>A small random model in int8, with a client and a generator.</summary>
public sealed class ModelFixture : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public ModelFixture()
    {
        RandomModel.Write(_directory.Path);
        Model = Create();
        Client = Model.AsIChatClient();
        Generator = Model.AsIEmbeddingGenerator();
        Alone = TextModel.Load(_directory.Path, WeightType.Int8, 2);
    }

    public string Path => _directory.Path;

    public ForewordModel Model { get; }

    public IChatClient Client { get; }

    public IEmbeddingGenerator<string, Embedding<float>> Generator { get; }

    /// <summary>Gets the same model without a scheduler.</summary>
    public TextModel Alone { get; }

    /// <summary>Creates a model of the same files with settings of its own.</summary>
    public ForewordModel Create(Action<ForewordOptions>? change = null)
    {
        ForewordOptions options = new() { Path = Path, Name = "tiny", Weights = WeightType.Int8, Threads = 2, Template = ChatTemplate.Plain };
        change?.Invoke(options);
        return new ForewordModel(options);
    }

    public void Dispose()
    {
        Alone.Dispose();
        Model.Dispose();
        _directory.Dispose();
    }
}
