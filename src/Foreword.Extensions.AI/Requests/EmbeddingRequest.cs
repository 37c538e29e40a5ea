using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI.Requests;

/// <summary>A checked request for embeddings.</summary>
/// <param name="Prompts">The tokens of each text.</param>
/// <param name="Pooling">What an embedding is computed from.</param>
/// <param name="Dimensions">The number of dimensions to keep.</param>
internal sealed record EmbeddingRequest(int[][] Prompts, EmbeddingPooling Pooling, int Dimensions)
{
    /// <summary>Reads the texts and the options.</summary>
    /// <exception cref="ArgumentException">A text or an option is not possible.</exception>
    /// <exception cref="NotSupportedException">An option is not supported.</exception>
    public static EmbeddingRequest Read(IEnumerable<string> values, EmbeddingGenerationOptions? options, ForewordModel model, LoadedModel loaded)
    {
        ModelName.Check(options?.ModelId, model);
        if (options?.RawRepresentationFactory is not null)
            throw new NotSupportedException($"{nameof(options.RawRepresentationFactory)} is given; embeddings have no options of Foreword's own");
        ExtraOptions extra = new(options?.AdditionalProperties, "pooling");
        EmbeddingPooling pooling = extra.Text("pooling") switch
        {
            null => model.Pooling,
            "mean" => EmbeddingPooling.Mean,
            "last" => EmbeddingPooling.Last,
            { } other => throw new ArgumentException($"pooling is {other}; it must be mean or last", nameof(options)),
        };
        int width = loaded.Network.Config.NEmbd, dimensions = options?.Dimensions ?? width;
        if (dimensions < 1 || dimensions > width)
            throw new ArgumentException($"{nameof(options.Dimensions)} is {dimensions}; it must be from 1 to {width}", nameof(options));
        return new EmbeddingRequest([.. values.Select((text, i) => Ids(text, i, loaded))], pooling, dimensions);
    }

    private static int[] Ids(string text, int i, LoadedModel loaded)
    {
        if (text is null)
            throw new ArgumentException($"text {i} is null", nameof(text));
        int[] ids = loaded.PromptIds(text);
        int context = loaded.Network.Config.ContextLength;
        return ids.Length <= context ? ids : throw new ArgumentException($"text {i} has {ids.Length} tokens; the context length is {context}", nameof(text));
    }
}
