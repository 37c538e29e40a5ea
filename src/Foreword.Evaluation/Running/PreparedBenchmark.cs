using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Prompts;
using Foreword.Models;
using Foreword.Settings;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Running;

/// <summary>
/// A benchmark that is ready to run on a model: its documents are read, examples are drawn and prompts are encoded. It needs the tokenizer, but not
/// the model's weights.
/// </summary>
public sealed class PreparedBenchmark
{
    private PreparedBenchmark(BenchmarkSpecification specification, BenchmarkInput input, BenchmarkSet set, int shots, PromptEncoder encoder, IReadOnlyList<PreparedDocument> documents) =>
        (Specification, Input, Set, Shots, Encoder, Documents) = (specification, input, set, shots, encoder, documents);

    /// <summary>Gets the benchmark with its switches.</summary>
    public BenchmarkSpecification Specification { get; }

    /// <summary>Gets the benchmark.</summary>
    public Benchmark Benchmark => Specification.Benchmark;

    /// <summary>Gets the input with which the benchmark was read.</summary>
    public BenchmarkInput Input { get; }

    /// <summary>Gets the documents and examples that were read.</summary>
    public BenchmarkSet Set { get; }

    /// <summary>Gets the number of solved examples before each question (K).</summary>
    public int Shots { get; }

    /// <summary>Gets the encoder that turned texts into tokens.</summary>
    internal PromptEncoder Encoder { get; }

    /// <summary>Gets the documents to evaluate.</summary>
    internal IReadOnlyList<PreparedDocument> Documents { get; }

    /// <summary>Gets the number of documents to evaluate.</summary>
    public int Count => Documents.Count;

    /// <summary>Gets the protocol in one line, including the number of examples.</summary>
    public string Protocol => $"{Benchmark.Protocol(Input)}; {Examples}{Start}";

    /// <summary>Gets a sentence about text that the tokenizer does not know, so that likelihoods say little; null if it knows all.</summary>
    internal string? UnknownText => UnknownTokens.Describe(Input.Tokenizer, Documents.SelectMany(document => document.Requests).SelectMany(request => request.Texts()), "");

    /// <summary>Gets the part of the protocol about the start token. It is empty unless the vocabulary lacks end-of-text.</summary>
    private string Start => Input.Tokenizer.StartOfTextId is null ? $"; the tokenizer has no end-of-text, '{Encoder.StartText}' stands in for it" : "";

    private string Examples => Shots == 0 ? "zero-shot" : $"{Shots} solved examples from {(Set.Examples is null ? "the other documents" : "the training split")} before each question";

    /// <summary>Draws the examples and encodes the prompts.</summary>
    /// <param name="specification">The benchmark with its switches.</param>
    /// <param name="input">The input with which <paramref name="set"/> was read.</param>
    /// <param name="set">The documents and examples that were read.</param>
    /// <param name="encoder">Turns texts into tokens.</param>
    /// <param name="shots">Number of solved examples before each question, 0 or more.</param>
    /// <param name="seed">
    /// Seed of the draw. A document's examples depend only on the seed and the document. The example drawn for K = 1 is also the first one drawn for
    /// K = 8.
    /// </param>
    /// <param name="limit">Maximum number of documents to evaluate, counted from the first; null for all.</param>
    /// <exception cref="ArgumentException">
    /// There are not enough solved examples, or a prompt does not fit into the context; the message names the benchmark and the document.
    /// </exception>
    /// <exception cref="InvalidDataException">The benchmark's files hold no documents.</exception>
    internal static PreparedBenchmark Create(BenchmarkSpecification specification, BenchmarkInput input, BenchmarkSet set, PromptEncoder encoder, int shots = 0, long seed = 0, int? limit = null)
    {
        ArgumentNullException.ThrowIfNull(specification);
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(encoder);
        string name = specification.Benchmark.Name;
        if (set.Documents.Count == 0)
            throw new InvalidDataException($"{name}: {string.Join(", ", set.Files)}: there are no documents");
        FewShotExamples? examples = shots == 0 ? null : FewShotExamples.Create(name, set, shots, seed);
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
                throw new ArgumentException($"{name}, document {i}: {ArgumentSentence.Of(problem)}", nameof(set), problem);
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
                return new PreparedRequest(generation, [], encoder.EncodePrompt(generation.Prompt, whole: true));
            case NextWordRequest word:
                word = word with { Context = before + word.Context };
                return new PreparedRequest(word, [], encoder.EncodePrompt(word.Context, whole: false));
            default:
                throw new ArgumentException($"unknown request {request.GetType().Name}", nameof(request));
        }
    }
}

/// <summary>A document with its requests encoded as tokens.</summary>
internal sealed record PreparedDocument(int Id, BenchmarkDocument Document, IReadOnlyList<PreparedRequest> Requests)
{
    /// <summary>Gets the approximate number of tokens that the model computes for the document. Progress bars count these tokens.</summary>
    public long Tokens { get; } = Requests.Sum(request => request.Tokens);

    /// <summary>Gets whether the model generates tokens for the document.</summary>
    public bool HasWriting { get; } = Requests.Any(request => request.Prompt is not null);
}

/// <summary>A request, including its examples, as tokens: either continuations to score, or a prompt to continue.</summary>
internal sealed record PreparedRequest(ModelRequest Request, IReadOnlyList<EncodedContinuations> Scored, int[]? Prompt)
{
    public long Tokens { get; } = Scored.Sum(s => s.Request.Context.Length + s.Request.Continuations.Sum(c => (long)Math.Max(0, c.Length - 1)))
        + (Prompt?.Length ?? 0) + ((Request as GenerationRequest)?.Options.MaxTokens ?? 0);

    /// <summary>Returns the token ids of the texts. The context of a window is not among them, because it belongs to other windows.</summary>
    public IEnumerable<int[]> Texts() => [.. Prompt is null ? [] : new[] { Prompt }, .. Scored.SelectMany(scored => Request is WindowRequest ? scored.Request.Continuations : [scored.Request.Context, .. scored.Request.Continuations])];
}
