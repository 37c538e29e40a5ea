using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace Foreword.Extensions.AI.Tests;

/// <summary>Tests embeddings.</summary>
public sealed class EmbeddingTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnEmbeddingHasLengthOneAndUsage()
    {
        GeneratedEmbeddings<Embedding<float>> embeddings = await fixture.Generator.GenerateAsync(["the cat", "a dog at the lake", "the cat"], cancellationToken: Ended);
        Assert.Equal(3, embeddings.Count);
        Assert.All(embeddings, embedding =>
        {
            Assert.Equal((64, "tiny"), (embedding.Dimensions, embedding.ModelId));
            Assert.Equal(1, TensorPrimitives.Norm(embedding.Vector.Span), 1e-5);
            Assert.NotNull(embedding.CreatedAt);
        });
        Assert.Equal(embeddings[0].Vector, embeddings[2].Vector);
        Assert.NotEqual(embeddings[0].Vector, embeddings[1].Vector);
        int tokens = 2 * fixture.Alone.Tokenizer.Encode("the cat").Length + fixture.Alone.Tokenizer.Encode("a dog at the lake").Length;
        Assert.Equal((tokens, tokens), (embeddings.Usage!.InputTokenCount, embeddings.Usage.TotalTokenCount));
    }

    /// <summary>The state at the last token, scaled, is what a task's head reads.</summary>
    [Fact]
    public async Task TheLastStateIsTheOneThatTasksRead()
    {
        float[] expected = ((Cpu.CpuLanguageModel)fixture.Alone.Model).FinalStates([fixture.Alone.Tokenizer.Encode("a dog")], Ended)[0];
        TensorPrimitives.Divide(expected, TensorPrimitives.Norm<float>(expected), expected);
        ReadOnlyMemory<float> last = await fixture.Generator.GenerateVectorAsync("a dog", Extra("last"), Ended);
        Assert.Equal(expected, last.ToArray());
        using ForewordModel model = fixture.Create(options => options.Pooling = EmbeddingPooling.Last);
        Assert.Equal(expected, (await model.AsIEmbeddingGenerator().GenerateVectorAsync("a dog", cancellationToken: Ended)).ToArray());
        Assert.NotEqual(expected, (await fixture.Generator.GenerateVectorAsync("a dog", Extra("mean"), Ended)).ToArray());
    }

    [Fact]
    public async Task DimensionsKeepsTheFirst()
    {
        float[] whole = (await fixture.Generator.GenerateVectorAsync("a dog", cancellationToken: Ended)).ToArray()[..8];
        TensorPrimitives.Divide(whole, TensorPrimitives.Norm<float>(whole), whole);
        ReadOnlyMemory<float> few = await fixture.Generator.GenerateVectorAsync("a dog", new EmbeddingGenerationOptions { Dimensions = 8, ModelId = "tiny" }, Ended);
        for (int i = 0; i < 8; i++)
            Assert.Equal(whole[i], few.Span[i], 1e-6f);
    }

    /// <summary>A list that is longer than queue and batch together is computed in parts.</summary>
    [Fact]
    public async Task ALongListNeedsNoLongQueue()
    {
        using ForewordModel narrow = fixture.Create(options => (options.MaxSequences, options.MaxQueue) = (2, 64));
        string[] texts = [.. Enumerable.Range(0, 150).Select(i => $"text {i}")];
        GeneratedEmbeddings<Embedding<float>> embeddings = await narrow.AsIEmbeddingGenerator().GenerateAsync(texts, cancellationToken: Ended);
        Assert.Equal(150, embeddings.Count);
        Assert.Equal((await fixture.Generator.GenerateVectorAsync(texts[149], cancellationToken: Ended)).ToArray(), embeddings[149].Vector.ToArray());
    }

    [Fact]
    public async Task WhatIsNotPossibleIsRefused()
    {
        (string Problem, EmbeddingGenerationOptions? Options, string[] Texts)[] cases =
        [
            ("Dimensions is 65; it must be from 1 to 64", new() { Dimensions = 65 }, ["a"]),
            ("pooling is max; it must be mean or last", Extra("max"), ["a"]),
            ("AdditionalProperties has poling, which is unknown; the names are pooling; did you mean 'pooling'?", new() { AdditionalProperties = new() { ["poling"] = "mean" } }, ["a"]),
            ("ModelId is other; this model is tiny", new() { ModelId = "other" }, ["a"]),
            ("text 1 has", null, ["a", new string('x', 900)]),
            ("text 0 is null", null, [null!]),
        ];
        foreach ((string problem, EmbeddingGenerationOptions? options, string[] texts) in cases)
            Assert.Contains(problem, (await Assert.ThrowsAsync<ArgumentException>(() => fixture.Generator.GenerateAsync(texts, options, Ended))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NotSupportedException>(() => fixture.Generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { RawRepresentationFactory = _ => 1 }, Ended));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fixture.Generator.GenerateAsync(["a"], null, new CancellationToken(canceled: true)));
        Assert.Empty(await fixture.Generator.GenerateAsync([], null, Ended));
    }

    [Fact]
    public async Task EmbeddingsAreCachedAndDescribed()
    {
        using IEmbeddingGenerator<string, Embedding<float>> cached = fixture.Generator.AsBuilder().UseDistributedCache(new MemoryDistributedCache(Options.Create(new MemoryDistributedCacheOptions()))).Build();
        Embedding<float> first = await cached.GenerateAsync("a dog", cancellationToken: Ended), second = await cached.GenerateAsync("a dog", cancellationToken: Ended);
        Assert.Equal(first.Vector.ToArray(), second.Vector.ToArray());
        Assert.Equal(first.CreatedAt, second.CreatedAt);
        EmbeddingGeneratorMetadata metadata = fixture.Generator.GetRequiredService<EmbeddingGeneratorMetadata>();
        Assert.Equal(("foreword", "tiny", 64), (metadata.ProviderName, metadata.DefaultModelId, metadata.DefaultModelDimensions));
        Assert.Same(fixture.Generator, fixture.Generator.GetService<IEmbeddingGenerator<string, Embedding<float>>>());
    }

    private static EmbeddingGenerationOptions Extra(string pooling) => new() { AdditionalProperties = new() { ["pooling"] = pooling } };
}
