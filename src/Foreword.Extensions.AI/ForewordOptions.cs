using Foreword.Chat;
using Foreword.Cpu;

namespace Foreword.Extensions.AI;

/// <summary>Holds the settings of a <see cref="ForewordModel"/>. Configuration can set all of them.</summary>
public sealed class ForewordOptions
{
    /// <summary>Gets or sets the model: a directory in any format, a file, a run, a quantized model, or the name of a downloaded model (OWNER/NAME).</summary>
    public string Path { get; set; } = "";

    /// <summary>Gets or sets the name of the model in answers and measurements. Null takes the last part of <see cref="Path"/>.</summary>
    public string? Name { get; set; }

    /// <summary>Gets or sets the format of the matrices in memory. Null takes float32, or the format of a quantized model.</summary>
    public WeightType? Weights { get; set; }

    /// <summary>Gets or sets the number of threads that compute, 1 or more. Null takes one for each processor.</summary>
    public int? Threads { get; set; }

    /// <summary>
    /// Gets or sets whether an answer never depends on the requests that share its passes, to the last bit. With quantized weights this is always so. With
    /// float32 and bfloat16, a single request is then slower.
    /// </summary>
    public bool Deterministic { get; set; }

    /// <summary>Gets or sets how messages become text. Null takes <see cref="TemplateFile"/>.</summary>
    public ChatTemplate? Template { get; set; }

    /// <summary>
    /// Gets or sets a YAML file that says how messages become text, or <c>plain</c> for <see cref="ChatTemplate.Plain"/>. Null takes <c>chat.yaml</c> of the
    /// model directory. Without a template, the model takes no messages.
    /// </summary>
    public string? TemplateFile { get; set; }

    /// <summary>Gets or sets what an embedding is, unless a call says it in the additional property <c>pooling</c>.</summary>
    public EmbeddingPooling Pooling { get; set; }

    /// <summary>Gets or sets the largest number of texts that are written at a time, 1 or more. Others wait.</summary>
    public int MaxSequences { get; set; } = 64;

    /// <summary>Gets or sets the largest number of requests that wait, 0 or more. A further one fails with an <see cref="InvalidOperationException"/>.</summary>
    public int MaxQueue { get; set; } = 256;

    /// <summary>Gets or sets the memory in bytes of the cache of prompts that were read, 0 or more. 0 turns it off.</summary>
    public long CacheMemory { get; set; } = 1L << 30;

    /// <summary>Gets or sets whether the host loads the model when it starts, without waiting for it. Otherwise, the first request loads it.</summary>
    public bool LoadOnStart { get; set; }

    /// <summary>Gets the name of the model.</summary>
    internal string ModelName => Name ?? System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(Path));

    /// <summary>Returns what is wrong with the values, one sentence each.</summary>
    internal IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Path))
            yield return $"{nameof(Path)} is empty; it must be a model directory, a file, a run, or the name of a downloaded model";
        if (Name is "")
            yield return $"{nameof(Name)} is empty; leave it out for the last part of {nameof(Path)}";
        if (Weights is { } weights && !Enum.IsDefined(weights))
            yield return $"{nameof(Weights)} is {weights}; it must be {string.Join(", ", Enum.GetNames<WeightType>())}";
        if (!Enum.IsDefined(Pooling))
            yield return $"{nameof(Pooling)} is {Pooling}; it must be {string.Join(" or ", Enum.GetNames<EmbeddingPooling>())}";
        if (Threads < 1)
            yield return $"{nameof(Threads)} is {Threads}; it must be 1 or more";
        if (MaxSequences < 1)
            yield return $"{nameof(MaxSequences)} is {MaxSequences}; it must be 1 or more";
        if (MaxQueue < 0)
            yield return $"{nameof(MaxQueue)} is {MaxQueue}; it must be 0 or more";
        if (CacheMemory < 0)
            yield return $"{nameof(CacheMemory)} is {CacheMemory}; it must be 0 (off) or more";
        if (Template is not null && TemplateFile is not null)
            yield return $"{nameof(Template)} and {nameof(TemplateFile)} are both given; give one";
        foreach (string problem in Template?.Problems().Select(problem => $"{nameof(Template)}: {problem}") ?? [])
            yield return problem;
    }
}

/// <summary>Specifies what an embedding is computed from.</summary>
public enum EmbeddingPooling
{
    /// <summary>The mean of the final hidden states of all tokens.</summary>
    Mean,

    /// <summary>The final hidden state at the last token.</summary>
    Last,
}
