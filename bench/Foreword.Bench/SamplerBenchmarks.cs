using BenchmarkDotNet.Attributes;
using Foreword.Generation;
using Foreword.Numerics;

namespace Foreword.Bench;

/// <summary>
/// Measures drawing one of GPT-2's 50,257 tokens from logits that resemble those of a trained model: a few tokens have most of the probability,
/// the others form a long tail. The plain implementation sorts the whole row.
/// </summary>
[MemoryDiagnoser]
public class SamplerBenchmarks
{
    private const int Vocabulary = 50_257;

    private readonly float[] _logits = new float[Vocabulary];
    private readonly float[] _sorted = new float[Vocabulary];
    private Sampler _sampler = null!;

    [Params("greedy", "plain", "top-k 40", "top-p 0.9", "min-p 0.05", "typical 0.9", "everything")]
    public string How { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        SplitMix64 random = new(1);
        for (int id = 0; id < Vocabulary; id++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            _logits[id] = (float)(2.5 * normal + (id % 5_000 == 7 ? 9 : 0));
        }

        _sampler = new Sampler(How switch
        {
            "greedy" => new() { Temperature = 0 },
            "plain" => new(),
            "top-k 40" => new() { TopK = 40 },
            "top-p 0.9" => new() { TopP = 0.9 },
            "min-p 0.05" => new() { MinP = 0.05 },
            "typical 0.9" => new() { TypicalP = 0.9 },
            _ => new() { Temperature = 0.8, TopK = 200, TopP = 0.95, MinP = 0.01, TypicalP = 0.95, RepetitionPenalty = 1.1, PresencePenalty = 0.1, FrequencyPenalty = 0.1 },
        });
    }

    [Benchmark]
    public int Draw() => _sampler.Sample(_logits);

    [Benchmark(Baseline = true)]
    public float SortTheRow()
    {
        _logits.CopyTo(_sorted, 0);
        Array.Sort(_sorted);
        return _sorted[^1];
    }
}
