using System.Globalization;
using Foreword.Cli.Commands.Bench;
using Foreword.Cpu;
using Foreword.Models;

namespace Foreword.Bench;

/// <summary>
/// Compares decoding and prefill with llama.cpp in one process, with the same shape and weight type. The two take turns, and the best of the
/// rounds counts. The speed does not depend on the weights, so ours are random.
/// </summary>
internal static class DecodeComparison
{
    private const int Rounds = 5, Prompt = 16, Tokens = 64, Prefill = 512, Sequences = 8;

    private static readonly (WeightType Ours, string Theirs)[] Types = [(WeightType.F32, "f32"), (WeightType.Bf16, "bf16"), (WeightType.Int8, "q8_0"), (WeightType.Int4, "q4_0")];

    /// <summary>Runs the comparison.</summary>
    /// <param name="libraries">Directory of llama.cpp's libraries. If it does not exist, only our engine is measured.</param>
    /// <param name="ggufs">Directory of a GPT-2 124M as *.f32.gguf, *.bf16.gguf, *.q8_0.gguf. A missing q4_0 file is created.</param>
    /// <param name="only">One of llama.cpp's types, or all.</param>
    public static void Run(string libraries, string ggufs, string only)
    {
        GptConfig config = GptConfig.Preset("gpt2");
        int threads = Environment.ProcessorCount;
        foreach (var (type, theirs) in Types.Where(t => only == "all" || t.Theirs == only))
        {
            using CpuLanguageModel ours = CpuLanguageModel.CreateRandom(config, type);
            using LlamaCpp? peer = Peer(libraries, ggufs, theirs, config.VocabSize, threads);
            DecodeMeasurement best = DecodeMeasurement.None;
            double decode = 0, prefill = 0;
            for (int round = 0; round < Rounds; round++)
            {
                best = best.Round(ours, Tokens, Prefill, Sequences);
                if (peer is not null)
                    (decode, prefill) = (Math.Max(decode, peer.Decode(Prompt, Tokens)), Math.Max(prefill, peer.Prefill(Prefill)));
            }

            Line($"{type,-5} decode {best.DecodeTokensPerSecond,6:F1} tokens/s, {Sequences} sequences {best.BatchTokensPerSecond,7:F1} ({best.BatchTokensPerSecond / best.DecodeTokensPerSecond:F2} times one), prefill of {Prefill} {best.PrefillTokensPerSecond,6:F0}");
            if (peer is not null)
                Line($"{theirs,-5} decode {decode,6:F1} tokens/s in llama.cpp: {best.DecodeTokensPerSecond / decode:F2} times as fast; prefill {prefill,6:F0}: {best.PrefillTokensPerSecond / prefill:F2} times as fast");
        }
    }

    private static LlamaCpp? Peer(string libraries, string ggufs, string type, int vocabSize, int threads)
    {
        if (!Directory.Exists(libraries))
        {
            Line($"{libraries} does not exist: not compared with llama.cpp");
            return null;
        }

        string File(string of) => Directory.GetFiles(ggufs, $"*.{of}.gguf").FirstOrDefault() ?? throw new FileNotFoundException($"{ggufs} holds no *.{of}.gguf");
        if (type == "q4_0" && Directory.GetFiles(ggufs, "*.q4_0.gguf").Length == 0)
            LlamaCpp.QuantizeToQ4(libraries, File("f32"), File("f32").Replace(".f32.", ".q4_0.", StringComparison.Ordinal));
        return new LlamaCpp(libraries, File(type), vocabSize, threads);
    }

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
