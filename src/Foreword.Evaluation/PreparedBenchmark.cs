using Foreword.Evaluation.Prompts;
using Foreword.Models;

namespace Foreword.Evaluation;

/// <summary>A benchmark ready to be run on a model: documents read, examples drawn, prompts encoded. Needs the tokenizer, not the weights.</summary>
public sealed class PreparedBenchmark
{
    private PreparedBenchmark(BenchmarkSpecification specification, BenchmarkInput input, BenchmarkSet set, int shots, PromptEncoder encoder, IReadOnlyList<PreparedDocument> documents) =>
        (Specification, Input, Set, Shots, Encoder, Documents) = (specification, input, set, shots, encoder, documents);

    /// <summary>The benchmark and its switches.</summary>
    public BenchmarkSpecification Specification { get; }

    /// <summary>The benchmark.</summary>
    public Benchmark Benchmark => Specification.Benchmark;

    /// <summary>What it was read with.</summary>
    public BenchmarkInput Input { get; }

    /// <summary>What was read.</summary>
    public BenchmarkSet Set { get; }

    /// <summary>Solved examples before each question (K).</summary>
    public int Shots { get; }

    /// <summary>How texts became tokens.</summary>
    public PromptEncoder Encoder { get; }

    /// <summary>The documents that are evaluated.</summary>
    internal IReadOnlyList<PreparedDocument> Documents { get; }

    /// <summary>Number of documents that are evaluated.</summary>
    public int Count => Documents.Count;

    /// <summary>The protocol in one line, with the number of examples.</summary>
    public string Protocol => $"{Benchmark.Protocol(Input)}; {Examples}{Start}";

    /// <summary>Said only where the vocabulary lacks end-of-text.</summary>
    private string Start => Input.Tokenizer.StartOfTextId is null ? $"; the tokenizer has no end-of-text, '{Encoder.StartText}' stands in for it" : "";

    private string Examples => Shots == 0 ? "zero-shot" : $"{Shots} solved examples from {(Set.Examples is null ? "the other documents" : "the training split")} before each question";

    /// <summary>Draws the examples and encodes the prompts.</summary>
    /// <param name="specification">The benchmark and its switches.</param>
    /// <param name="input">What <paramref name="set"/> was read with.</param>
    /// <param name="set">What was read.</param>
    /// <param name="encoder">Turns texts into tokens.</param>
    /// <param name="shots">Solved examples before each question.</param>
    /// <param name="seed">Seed of their draw: the examples of a document depend on it and on the document, and the first of eight are those of one.</param>
    /// <param name="limit">Documents to evaluate at most, from the first on; all where null.</param>
    /// <exception cref="ArgumentException">There are no examples, or a prompt does not fit the context; benchmark and document are named.</exception>
    public static PreparedBenchmark Of(BenchmarkSpecification specification, BenchmarkInput input, BenchmarkSet set, PromptEncoder encoder, int shots = 0, long seed = 0, int? limit = null)
    {
        ArgumentNullException.ThrowIfNull(specification);
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(encoder);
        string name = specification.Benchmark.Name;
        if (set.Documents.Count == 0)
            throw new InvalidDataException($"{name}: {string.Join(", ", set.Files)}: there are no documents");
        FewShotExamples? examples = shots == 0 ? null : FewShotExamples.Of(name, set, shots, seed);
        int count = Math.Min(limit ?? int.MaxValue, set.Documents.Count);
        PreparedDocument[] documents = new PreparedDocument[count];
        for (int i = 0; i < count; i++)
        {
            try
            {
                string before = examples?.Before(i) ?? "";
                documents[i] = new PreparedDocument(i, set.Documents[i], [.. set.Documents[i].Requests.Select(request => Prepare(request, before, encoder))]);
            }
            catch (ArgumentException problem)
            {
                throw new ArgumentException($"{name}, document {i}: {problem.Message}", problem);
            }
        }

        return new PreparedBenchmark(specification, input, set, shots, encoder, documents);
    }

    private static PreparedRequest Prepare(ModelRequest request, string examples, PromptEncoder encoder)
    {
        string before = request.TakesExamples ? examples : "";
        switch (request)
        {
            case LikelihoodRequest likelihood:
                likelihood = likelihood with { Context = before + likelihood.Context };
                return new PreparedRequest(likelihood, encoder.Encode(likelihood.Context, likelihood.Continuations), null);
            case WindowRequest window:
                return new PreparedRequest(window, [new EncodedContinuations(new ScoringRequest(window.Context, [window.Tokens]), [0])], null);
            case GenerationRequest generation:
                generation = generation with { Prompt = before + generation.Prompt, Options = generation.Options.Validate() };
                return new PreparedRequest(generation, [], encoder.EncodePrompt(generation.Prompt));
            case NextWordRequest word:
                word = word with { Context = before + word.Context };
                return new PreparedRequest(word, [], encoder.EncodePrompt(word.Context));
            default:
                throw new ArgumentException($"unknown request {request.GetType().Name}");
        }
    }
}

/// <summary>A document with its requests as tokens.</summary>
internal sealed record PreparedDocument(int Id, BenchmarkDocument Document, IReadOnlyList<PreparedRequest> Requests)
{
    /// <summary>Tokens that the model reads for it, about: what a progress bar counts.</summary>
    public long Tokens { get; } = Requests.Sum(request => request.Tokens);

    /// <summary>Whether the model writes something for it, token by token.</summary>
    public bool HasWriting { get; } = Requests.Any(request => request.Prompt is not null);
}

/// <summary>A request, examples included, as tokens: either continuations to score, or a prompt to continue.</summary>
internal sealed record PreparedRequest(ModelRequest Request, IReadOnlyList<EncodedContinuations> Scored, int[]? Prompt)
{
    public long Tokens { get; } = Scored.Sum(s => s.Request.Context.Length + s.Request.Continuations.Sum(c => (long)Math.Max(0, c.Length - 1)))
        + (Prompt?.Length ?? 0) + ((Request as GenerationRequest)?.Options.MaxTokens ?? 0);
}
