using System.Diagnostics;
using Foreword.Cpu.Scheduling;
using Foreword.Extensions.AI.Requests;
using Foreword.Generation;
using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI;

/// <summary>Computes embeddings with a model: the final hidden states of a text, scaled to length 1. Concurrent calls share passes.</summary>
internal sealed class ForewordEmbeddingGenerator(ForewordModel model) : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>The largest number of texts of a call that wait at the same time, so that a long list leaves room in the queue.</summary>
    private const int MostTogether = 64;

    /// <inheritdoc/>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        long start = Stopwatch.GetTimestamp();
        try
        {
            LoadedModel loaded = await model.LoadedAsync(cancellationToken).ConfigureAwait(false);
            EmbeddingRequest request = EmbeddingRequest.Read(values, options, model, loaded);
            GeneratedEmbeddings<Embedding<float>> embeddings = await ComputeAsync(request, loaded, cancellationToken).ConfigureAwait(false);
            model.Measurements.Request("embeddings", Stopwatch.GetElapsedTime(start), null);
            return embeddings;
        }
        catch (Exception problem)
        {
            model.Measurements.Request("embeddings", Stopwatch.GetElapsedTime(start), problem);
            throw;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        model.Service(serviceType, serviceKey, this, new EmbeddingGeneratorMetadata(ForewordChatClient.ProviderName, null, model.Name, model.Loaded?.Network.Config.NEmbd));

    /// <summary>Does nothing. The model is its owner's.</summary>
    public void Dispose()
    {
    }

    private async Task<GeneratedEmbeddings<Embedding<float>>> ComputeAsync(EmbeddingRequest request, LoadedModel loaded, CancellationToken cancellationToken)
    {
        DateTimeOffset created = DateTimeOffset.UtcNow;
        GeneratedEmbeddings<Embedding<float>> embeddings = [];
        foreach (int[][] together in request.Prompts.Chunk(MostTogether))
        {
            CompletionRun run = await CompletionRun.StartAsync(loaded.Scheduler, ended => together.Select(ids => Job(ids, request.Pooling, ended)), cancellationToken).ConfigureAwait(false);
            await using (run.ConfigureAwait(false))
            {
                JobResult[] results = await Ending.TranslateAsync(run.FinishAsync(), cancellationToken).ConfigureAwait(false);
                embeddings.AddRange(results.Select(result => new Embedding<float>(result.Prompt!.Embedding(request.Dimensions)) { CreatedAt = created, ModelId = model.Name }));
            }
        }

        int tokens = request.Prompts.Sum(ids => ids.Length);
        embeddings.Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens };
        return embeddings;
    }

    private static GenerationJob Job(int[] ids, EmbeddingPooling pooling, CancellationToken ended) => new()
    {
        Prompt = ids,
        Samples = 0,
        Streams = false,
        State = pooling == EmbeddingPooling.Mean ? StateWanted.Mean : StateWanted.Last,
        Options = new SamplingOptions(),
        CancellationToken = ended,
    };
}
