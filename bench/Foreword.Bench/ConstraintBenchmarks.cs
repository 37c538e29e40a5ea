using BenchmarkDotNet.Attributes;
using Foreword.Generation;
using Foreword.Generation.Constraints;
using Foreword.Numerics;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;

namespace Foreword.Bench;

/// <summary>
/// Measures what a constraint costs per token with GPT-2's vocabulary. It writes one fixed text, so that all runs reach the same states. The cost of a
/// constraint is the difference to drawing as many tokens without one.
/// </summary>
[MemoryDiagnoser]
public class ConstraintBenchmarks
{
    private const string Schema =
        """
        {"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":150},"email":{"type":"string","format":"email"},
        "tags":{"type":"array","items":{"type":"string"},"maxItems":5},"street":{"type":"string","maxLength":40},"zip":{"type":"string","pattern":"^[0-9]{5}$"},
        "kind":{"enum":["person","company"]},"note":{"type":["string","null"]}},"required":["name","age","email","tags","street","zip","kind","note"]}
        """;

    private const string Person =
        """{"name":"Ada Lovelace","age":36,"email":"ada@example.org","tags":["mathematics","poetry of science"],"street":"12 St James's Square","zip":"12345","kind":"person","note":"She wrote the first program that was meant to be carried out by a machine, in 1843."}""";

    private static readonly SamplingOptions Greedy = new() { Temperature = 0 };

    private Tokenizer _tokenizer = null!;
    private TextConstraint _used = null!;
    private float[] _logits = null!;
    private int[] _ids = null!;

    [Params("schema", "object", "regex")]
    public string Kind { get; set; } = "";

    /// <summary>Loads the vocabulary that the environment variable GPT2_VOCABULARY names, or that of the test fixtures.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _tokenizer = TokenizerFiles.Load(Environment.GetEnvironmentVariable("GPT2_VOCABULARY") ?? "tests/fixtures/gpt2-vocab");
        _ids = _tokenizer.Encode(Kind == "regex" ? "The quick brown fox jumps over the lazy dog again." : Person);
        SplitMix64 random = new(1);
        _logits = [.. Enumerable.Range(0, _tokenizer.VocabSize).Select(_ => (float)(10 * random.NextDouble()))];
        _used = Create();
        WriteAgain();
    }

    /// <summary>Draws without a constraint.</summary>
    [Benchmark(Baseline = true)]
    public int WithoutConstraint()
    {
        Sampler sampler = new(Greedy);
        int last = 0;
        for (int i = 0; i < _ids.Length; i++)
            last = sampler.Sample(_logits);
        return last;
    }

    /// <summary>Draws with a constraint that has written the same text before.</summary>
    [Benchmark]
    public int WriteAgain() => Write(_used);

    /// <summary>Creates the constraint and draws with it for the first time.</summary>
    [Benchmark]
    public int CreateAndWrite() => Write(Create());

    private TextConstraint Create() => Kind switch
    {
        "schema" => TextConstraint.JsonSchema(Schema),
        "object" => TextConstraint.JsonObject(),
        _ => TextConstraint.Regex(@"[A-Za-z ]{1,60}\."),
    };

    private int Write(TextConstraint constraint)
    {
        Sampler sampler = Sampler.ForConstrained(Greedy, []);
        ConstrainedText text = new(constraint, _tokenizer, []);
        int last = 0;
        foreach (int id in _ids)
        {
            last = sampler.Sample(_logits, text.Allowed(_logits.Length));
            text.Append(id); // not the drawn token, so that the text is always the same
        }

        return last;
    }
}
