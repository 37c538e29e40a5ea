using Foreword.Chat;
using Foreword.Cpu;

namespace Foreword.Server;

/// <summary>Holds the settings of a <see cref="ForewordServer"/>.</summary>
public sealed record ServerOptions
{
    /// <summary>Gets the models to serve, at least one. A request that names no model uses the first.</summary>
    public required IReadOnlyList<ServedModelOptions> Models { get; init; }

    /// <summary>Gets the addresses to listen on, separated by semicolons, as Kestrel reads them. Port 0 takes a free port.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:8080";

    /// <summary>Gets the keys of which a request must carry one; none if empty.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>Gets the memory in bytes, for each model, of the cache of prompts that were read; 0 turns it off.</summary>
    public long CacheMemory { get; init; } = 1L << 30;

    /// <summary>Gets the largest number of sequences that are written at a time, 1 or more.</summary>
    public int MaxSequences { get; init; } = 64;

    /// <summary>Gets the largest number of requests that wait, 0 or more. Others are refused with status 429.</summary>
    public int MaxQueue { get; init; } = 256;

    /// <summary>Gets the largest size of a request's body in bytes.</summary>
    public long MaxBodySize { get; init; } = 4 << 20;

    /// <summary>Gets the largest number of requests a minute for each key, or for each address where there are no keys; 0 for no limit. Others are refused with status 429.</summary>
    public int RateLimit { get; init; }

    /// <summary>Gets the longest time of a request. After it, the request fails with status 504.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets the time that running requests have to finish when the server stops.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets directories whose training runs the server shows. Each is a run, or it holds runs at most three levels down.</summary>
    public IReadOnlyList<string> Runs { get; init; } = [];

    /// <summary>Gets the origins of pages that browsers let use the API (CORS), such as <c>https://example.org</c>; <c>*</c> allows all.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];
}

/// <summary>A model that a server offers.</summary>
public sealed record ServedModelOptions
{
    /// <summary>Gets the model: a directory, a file, a run, or the name of a downloaded model.</summary>
    public required string Path { get; init; }

    /// <summary>Gets the name that requests use.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the engine that computes it.</summary>
    public CpuEngine Engine { get; init; } = new();

    /// <summary>Gets how messages become text. Null: the model takes no conversations.</summary>
    public ChatTemplate? Template { get; init; }

    /// <summary>Gets how answers to conversations are chosen among several; null: each answer is the only one.</summary>
    public AnswerRanking? Ranking { get; init; }
}

/// <summary>Specifies how answers to conversations are chosen among candidates, see <see cref="AnswerRanker"/>.</summary>
public sealed record AnswerRanking
{
    /// <summary>Gets the number of candidates for each answer, from 1 to 64.</summary>
    public int Candidates { get; init; } = 5;

    /// <summary>
    /// Gets the backward model, trained on reversed dialogues: a directory, a file, a run, or the name of a downloaded model. Null ranks candidates by the mean
    /// log-probability of a token.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>Gets the chat template of the backward model.</summary>
    public ChatTemplate Template { get; init; } = ChatTemplate.Plain;

    /// <summary>Gets what makes a candidate the best one.</summary>
    public AnswerRule Rule { get; init; }

    /// <summary>Gets the weight of the history's log-probability in <see cref="AnswerRule.Interpolated"/>, from 0 to 1.</summary>
    public double Lambda { get; init; } = 0.5;
}

/// <summary>A loaded model of a server.</summary>
/// <param name="Name">The name that requests use.</param>
/// <param name="Parameters">The number of parameters.</param>
/// <param name="Format">The number format of the weights in memory, such as <c>int8</c>.</param>
/// <param name="WeightBytes">The memory of the weights in bytes.</param>
/// <param name="Task">The kind of task that the model is fine-tuned for; null for a language model.</param>
public sealed record ServedModelStatus(string Name, long Parameters, string Format, long WeightBytes, string? Task);
