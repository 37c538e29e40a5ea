using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Prompts;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Running;

/// <summary>Evaluates a model on the documents of a benchmark.</summary>
internal sealed class Evaluator
{
    /// <summary>Maximum number of tokens in a group of documents that is computed together: a few batches of the engine, a few seconds.</summary>
    private const long TokensAtOnce = 16 * 1024;

    private readonly ILanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly int? _batchSize;

    /// <summary>Creates an evaluator for one model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="batchSize">
    /// Number of documents computed together, 1 or more; null chooses a number that is fast. The results do not depend on it.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="batchSize"/> is below 1.</exception>
    public Evaluator(ILanguageModel model, Tokenizer tokenizer, int? batchSize = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (batchSize < 1)
            throw new ArgumentOutOfRangeException(nameof(batchSize), batchSize, "the batch size must be at least 1");
        (_model, _tokenizer, _batchSize) = (model, tokenizer, batchSize);
    }

    /// <summary>Evaluates the documents, the longest first, and returns each document as soon as it is done.</summary>
    /// <param name="benchmark">The benchmark, ready to run.</param>
    /// <param name="skip">Ids of the documents that are already done; null for none.</param>
    /// <param name="cancellationToken">Checked before each group of documents, between the passes of the engine, and before each generated token.</param>
    public IEnumerable<EvaluatedDocument> Run(PreparedBenchmark benchmark, IReadOnlySet<int>? skip = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        PreparedDocument[] order = [.. benchmark.Documents.Where(document => skip?.Contains(document.Id) != true).OrderByDescending(document => document.Tokens)];
        for (int start = 0; start < order.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            PreparedDocument[] batch = [.. Batch(order.AsSpan(start))];
            foreach (EvaluatedDocument done in Evaluate(batch, cancellationToken))
                yield return done;
            start += batch.Length;
        }
    }

    private ReadOnlySpan<PreparedDocument> Batch(ReadOnlySpan<PreparedDocument> rest)
    {
        if (_batchSize is { } size)
            return rest[..Math.Min(size, rest.Length)];
        long tokens = 0;
        int count = 0;
        while (count < rest.Length && (count == 0 || tokens + rest[count].Tokens <= TokensAtOnce))
            tokens += rest[count++].Tokens;
        return rest[..count];
    }

    private IEnumerable<EvaluatedDocument> Evaluate(PreparedDocument[] batch, CancellationToken cancellationToken)
    {
        EncodedContinuations[] asked = [.. batch.SelectMany(document => document.Requests).SelectMany(request => request.Scored)];
        Dictionary<EncodedContinuations, TokenScore[][]> scores = new(asked.Zip(_model.Score([.. asked.Select(scored => scored.Request)], cancellationToken), KeyValuePair.Create), ReferenceEqualityComparer.Instance);
        Dictionary<PreparedRequest, GenerationResponse> written = Generate([.. batch.SelectMany(document => document.Requests).Where(request => request.Request is GenerationRequest)], cancellationToken);
        for (int at = 0; at < batch.Length; at++)
        {
            PreparedDocument document = batch[at];
            ModelResponse[] responses = [.. document.Requests.Select(Answer)];
            yield return new EvaluatedDocument(document.Id, document.Document, [.. document.Requests.Select(r => r.Request)], responses, document.Document.Judge(responses), document.HasWriting ? 0 : batch.Length - 1 - at);
        }

        ModelResponse Answer(PreparedRequest prepared) => prepared.Request switch
        {
            LikelihoodRequest likelihood => Collect(prepared, [.. likelihood.Continuations.Select(PromptEncoder.Bytes)]),
            WindowRequest window => Collect(prepared, [window.Tokens.Sum(id => _tokenizer.TokenBytes(id).Length)]),
            GenerationRequest => written[prepared],
            NextWordRequest word => new NextWordResponse(NextWord.Of(_model, _tokenizer, prepared.Prompt!, word.Excluded)),
            _ => throw new InvalidOperationException($"unknown request {prepared.Request.GetType().Name}"),
        };

        LikelihoodResponse Collect(PreparedRequest prepared, int[] bytes)
        {
            ContinuationScore[] continuations = new ContinuationScore[bytes.Length];
            foreach (EncodedContinuations scored in prepared.Scored)
            {
                foreach ((int which, TokenScore[] own) in scored.Which.Zip(scores[scored]))
                    continuations[which] = new ContinuationScore(own, bytes[which]);
            }

            return new LikelihoodResponse(continuations);
        }
    }

    /// <summary>Generates all requested texts. Requests with the same options are generated together.</summary>
    private Dictionary<PreparedRequest, GenerationResponse> Generate(PreparedRequest[] requests, CancellationToken cancellationToken)
    {
        TextGenerator generator = new(_model, _tokenizer);
        Dictionary<PreparedRequest, GenerationResponse> responses = new(ReferenceEqualityComparer.Instance);
        foreach (IGrouping<SamplingOptions, PreparedRequest> group in requests.GroupBy(request => ((GenerationRequest)request.Request).Options))
        {
            (GenerationRequest Request, int[] Ids)[] own = [.. group.Select(prepared => ((GenerationRequest)prepared.Request, Fit(prepared.Prompt!, group.Key)))];
            Completion[] completions = generator.ContinueEach([.. own.Select(one => (one.Request.Prompt, one.Ids))], group.Key, cancellationToken);
            int[] scored = [.. Enumerable.Range(0, own.Length).Where(i => own[i].Request.WithProbability)];
            Dictionary<int, double> probabilities = scored
                .Zip(_model.Score([.. scored.Select(i => new ScoringRequest(own[i].Ids, [Written(completions[i])]))], cancellationToken), (i, scores) => (i, scores[0].Sum(token => (double)token.LogProb)))
                .ToDictionary();
            foreach ((int i, PreparedRequest prepared) in group.Index())
                responses[prepared] = new GenerationResponse(completions[i], probabilities.TryGetValue(i, out double probability) ? probability : null);
        }

        return responses;

        // A prompt that fits is never truncated to leave room for more tokens. A longer prompt arrives here only if truncation is allowed.
        int[] Fit(int[] ids, SamplingOptions options) => generator.Fit(ids, options with { Truncate = ids.Length > _model.Config.ContextLength });
    }

    /// <summary>
    /// Returns the tokens that the model wrote, including the token that ended the text. The probability of an empty answer is then that of its end
    /// token.
    /// </summary>
    private static int[] Written(Completion completion) => completion.EndId is { } end ? [.. completion.Ids, end] : [.. completion.Ids];
}

/// <summary>A document with the model's answers.</summary>
/// <param name="Id">The document's index in the set, from 0.</param>
/// <param name="Document">The document.</param>
/// <param name="Requests">The requests to the model, including the few-shot examples.</param>
/// <param name="Responses">The model's responses, one for each request.</param>
/// <param name="Judgment">The judgment of the responses.</param>
/// <param name="Pending">Number of documents whose answers are already computed and which follow immediately.</param>
internal sealed record EvaluatedDocument(int Id, BenchmarkDocument Document, IReadOnlyList<ModelRequest> Requests, IReadOnlyList<ModelResponse> Responses, Judgment Judgment, int Pending);
