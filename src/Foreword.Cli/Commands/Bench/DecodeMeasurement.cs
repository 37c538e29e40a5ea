using System.Diagnostics;
using System.Numerics.Tensors;
using Foreword.Models;

namespace Foreword.Cli.Commands.Bench;

/// <summary>The prefill and decoding speed of a model. The best of the rounds counts.</summary>
/// <param name="DecodeTokensPerSecond">Tokens per second of greedy decoding of one sequence.</param>
/// <param name="PrefillTokensPerSecond">Tokens per second of prefilling a prompt in one call.</param>
/// <param name="BatchTokensPerSecond">Tokens per second of all sequences when several are decoded together.</param>
internal sealed record DecodeMeasurement(double DecodeTokensPerSecond, double PrefillTokensPerSecond, double BatchTokensPerSecond)
{
    /// <summary>Number of tokens in the cache of a sequence before its decoding is timed.</summary>
    private const int Prompt = 16;

    /// <summary>Gets the result before any measurement.</summary>
    public static DecodeMeasurement None { get; } = new(0, 0, 0);

    /// <summary>Measures a model once more and keeps the better results. The first round includes compilation, so run at least two.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">Number of tokens decoded one by one.</param>
    /// <param name="prefill">Number of tokens of the prompt.</param>
    /// <param name="sequences">Number of sequences of a batch; 0 skips this measurement.</param>
    /// <exception cref="ArgumentException">The tokens do not fit the context length.</exception>
    public DecodeMeasurement Round(ILanguageModel model, int tokens, int prefill, int sequences)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (Prompt + tokens > model.Config.ContextLength)
            throw new ArgumentException($"{Prompt} + {tokens} tokens do not fit the context of {model.Config.ContextLength}", nameof(tokens));
        return new DecodeMeasurement(
            Math.Max(DecodeTokensPerSecond, Decode(model, tokens)),
            Math.Max(PrefillTokensPerSecond, Prefill(model, prefill)),
            sequences == 0 ? 0 : Math.Max(BatchTokensPerSecond, Batch(model, sequences, tokens)));
    }

    private static double Decode(ILanguageModel model, int tokens)
    {
        using IDecoder decoder = model.CreateDecoder();
        int next = TensorPrimitives.IndexOfMax(decoder.Append(Ids(model, Prompt)));
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++)
            next = TensorPrimitives.IndexOfMax(decoder.Append([next]));
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Prefill(ILanguageModel model, int tokens)
    {
        int[] ids = Ids(model, tokens);
        using IDecoder decoder = model.CreateDecoder();
        long start = Stopwatch.GetTimestamp();
        decoder.Append(ids);
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Batch(ILanguageModel model, int sequences, int tokens)
    {
        IDecoder[] decoders = [.. Enumerable.Range(0, sequences).Select(_ => model.CreateDecoder())];
        foreach (IDecoder decoder in decoders)
            decoder.Append(Ids(model, Prompt));
        int V = model.Config.VocabSize;
        int[] next = Ids(model, sequences);
        float[] logits = new float[sequences * V];
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++)
        {
            model.AppendEach(decoders, next, logits);
            model.ForEach(sequences, s => next[s] = TensorPrimitives.IndexOfMax<float>(logits.AsSpan(s * V, V))); // as a text generator does
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (IDecoder decoder in decoders)
            decoder.Dispose();
        return (double)sequences * tokens / seconds;
    }

    private static int[] Ids(ILanguageModel model, int count) => [.. Enumerable.Range(0, count).Select(i => (int)((i * 7919L + 13) % model.Config.VocabSize))];
}
