using BenchmarkDotNet.Attributes;
using Foreword.Data.ReferencePacks;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Bench;

/// <summary>
/// Measures training and encoding of a byte-level BPE with 4,096 entries on the documentation that the .NET SDK includes, on one thread.
/// </summary>
[MemoryDiagnoser]
public class TokenizerBenchmarks
{
    private string[] _documents = [];
    private ByteLevelBpe _tokenizer = null!;
    private readonly List<int> _ids = [];

    [GlobalSetup]
    public void Setup()
    {
        _documents = [.. ReferencePackCorpus.Load().Documents];
        _tokenizer = Train();
    }

    [Benchmark]
    public ByteLevelBpe Train() => new BpeTrainer { VocabSize = 4096 }.Train(_documents);

    [Benchmark]
    public int Encode()
    {
        int tokens = 0;
        foreach (string document in _documents)
        {
            _ids.Clear();
            _tokenizer.Encode(document.AsSpan(), _ids);
            tokens += _ids.Count;
        }

        return tokens;
    }
}
