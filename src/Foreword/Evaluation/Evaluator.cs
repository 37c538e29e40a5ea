using Foreword.Generation;
using Foreword.Tokenization;

namespace Foreword.Evaluation;

/// <summary>Puts the documents of a task to a model.</summary>
public sealed class Evaluator
{
    /// <summary>Tokens of the documents that are computed before the next are looked at: a few batches of the engine, a few seconds.</summary>
    private const long TokensAtOnce = 16 * 1024;

    private readonly ILanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly int? _batchSize;

    /// <summary>An evaluator of one model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="batchSize">Documents computed at once; as many as is fast where null. The numbers do not depend on it.</param>
    public Evaluator(ILanguageModel model, Tokenizer tokenizer, int? batchSize = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (batchSize < 1)
            throw new ArgumentOutOfRangeException(nameof(batchSize), batchSize, "the batch size must be at least 1");
        (_model, _tokenizer, _batchSize) = (model, tokenizer, batchSize);
    }

    /// <summary>Evaluates the documents, the longest first, and hands out each as soon as it is done.</summary>
    /// <param name="task">The task.</param>
    /// <param name="skip">Ids of documents that are done already.</param>
    /// <param name="cancellation">Looked at between batches.</param>
    public IEnumerable<EvaluatedDocument> Run(PreparedTask task, IReadOnlySet<int>? skip = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        PreparedDocument[] order = [.. task.Documents.Where(document => skip?.Contains(document.Id) != true).OrderByDescending(document => document.Tokens)];
        for (int start = 0; start < order.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            PreparedDocument[] batch = [.. Batch(order.AsSpan(start))];
            foreach (EvaluatedDocument done in Evaluate(batch, cancellation))
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

    private IEnumerable<EvaluatedDocument> Evaluate(PreparedDocument[] batch, CancellationToken cancellation)
    {
        TokenScore[][][] scores = _model.Score([.. batch.SelectMany(document => document.Requests).SelectMany(request => request.Scored).Select(scored => scored.Request)]);
        int next = 0;
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
            GenerationRequest generation => Generate(generation, prepared.Prompt!, cancellation),
            NextWordRequest word => new NextWordResponse(NextWord.Of(_model, _tokenizer, prepared.Prompt!, word.Excluded)),
            _ => throw new InvalidOperationException($"unknown request {prepared.Request.GetType().Name}"),
        };

        LikelihoodResponse Collect(PreparedRequest prepared, int[] bytes)
        {
            ContinuationScore[] continuations = new ContinuationScore[bytes.Length];
            foreach (EncodedContinuations scored in prepared.Scored)
            {
                TokenScore[][] own = scores[next++];
                for (int k = 0; k < own.Length; k++)
                    continuations[scored.Which[k]] = new ContinuationScore(own[k], bytes[scored.Which[k]]);
            }

            return new LikelihoodResponse(continuations);
        }
    }

    private GenerationResponse Generate(GenerationRequest request, int[] prompt, CancellationToken cancellation)
    {
        SamplingOptions options = request.Options with { Truncate = true }; // one that is too long has been refused before
        Completion completion = new TextGenerator(_model, _tokenizer).Generate(request.Prompt, options, cancellation: cancellation);
        if (!request.WithProbability)
            return new GenerationResponse(completion, null);
        int[] written = [.. completion.Ids];
        int[] context = prompt[^Math.Min(prompt.Length, _model.Config.ContextLength + 1 - Math.Max(1, written.Length))..];
        return new GenerationResponse(completion, _model.Score([new ScoringRequest(context, [written])])[0][0].Sum(token => (double)token.LogProb));
    }
}

/// <summary>A document that the model has answered.</summary>
/// <param name="Id">Its place in the file, from 0.</param>
/// <param name="Document">The document.</param>
/// <param name="Requests">What the model was asked, examples included.</param>
/// <param name="Responses">What it answered.</param>
/// <param name="Judgement">What that is worth.</param>
/// <param name="Pending">Documents whose answers were computed with it and follow at once.</param>
public sealed record EvaluatedDocument(int Id, BenchmarkDocument Document, IReadOnlyList<ModelRequest> Requests, IReadOnlyList<ModelResponse> Responses, Judgement Judgement, int Pending);
