using System.Diagnostics;
using System.Numerics.Tensors;
using Foreword.Models;

namespace Foreword.Cli.Commands.Bench;

/// <summary>How fast a model reads and writes; the best of the rounds counts.</summary>
/// <param name="DecodeTokensPerSecond">Greedy decoding of one sequence.</param>
/// <param name="PrefillTokensPerSecond">Reading a prompt at once.</param>
/// <param name="BatchTokensPerSecond">Decoding several sequences together, all of them.</param>
public sealed record DecodeMeasurement(double DecodeTokensPerSecond, double PrefillTokensPerSecond, double BatchTokensPerSecond)
{
    /// <summary>Tokens that a sequence has read before its decoding is timed.</summary>
    private const int Prompt = 16;

    /// <summary>Nothing measured yet.</summary>
    public static DecodeMeasurement None { get; } = new(0, 0, 0);

    /// <summary>Measures a model once more and keeps the better figures. The first round also compiles, so it should not be the only one.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">Tokens decoded one by one.</param>
    /// <param name="prefill">Tokens of the prompt.</param>
    /// <param name="sequences">Sequences of a batch; 0 measures none.</param>
    /// <exception cref="ArgumentException">The tokens do not fit the context.</exception>
    public DecodeMeasurement Round(ILanguageModel model, int tokens, int prefill, int sequences)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (Prompt + tokens > model.Config.ContextLength)
            throw new ArgumentException($"{Prompt} + {tokens} tokens do not fit the context of {model.Config.ContextLength}");
        return new DecodeMeasurement(
            Math.Max(DecodeTokensPerSecond, Decode(model, tokens)),
            Math.Max(PrefillTokensPerSecond, Prefill(model, prefill)),
            sequences == 0 ? 0 : Math.Max(BatchTokensPerSecond, Batch(model, sequences, tokens)));
    }

    private static double Decode(ILanguageModel model, int tokens)
    {
        using IDecoder decoder = model.NewDecoder();
        int next = TensorPrimitives.IndexOfMax(decoder.Append(Ids(model, Prompt)));
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++)
            next = TensorPrimitives.IndexOfMax(decoder.Append([next]));
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Prefill(ILanguageModel model, int tokens)
    {
        int[] ids = Ids(model, tokens);
        using IDecoder decoder = model.NewDecoder();
        long start = Stopwatch.GetTimestamp();
        decoder.Append(ids);
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Batch(ILanguageModel model, int sequences, int tokens)
    {
        IDecoder[] decoders = [.. Enumerable.Range(0, sequences).Select(_ => model.NewDecoder())];
        foreach (IDecoder decoder in decoders)
            decoder.Append(Ids(model, Prompt));
        int V = model.Config.VocabSize;
        int[] next = Ids(model, sequences);
        float[] logits = new float[sequences * V];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++)
        {
            model.AppendEach(decoders, next, logits);
            model.ForEach(sequences, s => next[s] = TensorPrimitives.IndexOfMax<float>(logits.AsSpan(s * V, V))); // as a text generator draws
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (IDecoder decoder in decoders)
            decoder.Dispose();
        return (double)sequences * tokens / seconds;
    }

    private static int[] Ids(ILanguageModel model, int count) => [.. Enumerable.Range(0, count).Select(i => (int)((i * 7919L + 13) % model.Config.VocabSize))];
}
