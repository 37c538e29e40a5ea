using System.Text;
using Foreword.Generation;
using Foreword.Generation.Constraints;
using Foreword.Numerics;
using Foreword.Tokenization;

namespace Foreword.Tests.Generation.Constraints;

/// <summary>Reads and writes texts under a constraint.</summary>
internal static class ConstrainedTexts
{
    /// <summary>A tokenizer of bytes with an end of text.</summary>
    public static FakeTokenizer Bytes { get; } = new(257);

    /// <summary>Bytes, an end of text, and tokens of several bytes, some of which end inside a character or reach over several parts of JSON.</summary>
    public static FakeTokenizer Words { get; } = WithWords(
        "{\"", "\":", "\",\"", "\"}", "}}", "true", " tr", "1,", "null}", "é", "é\"", "😀\"", "\\u", "\\ud83d", "\\ude00", "\"a\"", "[[", "]]", "], ", ",\n    ", "-1", "0.5", "e+", "00", "name", "\\\\\"", "ab", "abc", "aaa", "b1");

    public static FakeTokenizer WithWords(params string[] words) => new(257 + words.Length, words);

    /// <summary>Returns whether a text matches, read byte by byte.</summary>
    public static bool Accepts(this TextConstraint constraint, string text) => Read(constraint, text)?.CanEnd == true;

    /// <summary>Returns whether a text can be continued to one that matches.</summary>
    public static bool Begins(this TextConstraint constraint, string text) => Read(constraint, text) is not null;

    /// <summary>Writes a text with random logits. Tokens that close something become likelier, so that the text ends.</summary>
    /// <returns>The text, and whether it ended by itself.</returns>
    public static (string Text, bool Ended) Write(TextConstraint constraint, Tokenizer tokenizer, int seed, int maxTokens = 3000, double temperature = 1)
    {
        SamplingOptions options = new() { Constraint = constraint, Seed = seed, Temperature = temperature };
        Sampler sampler = Sampler.ForConstrained(options, []);
        ConstrainedText text = new(constraint, tokenizer, []);
        SplitMix64 random = new((ulong)seed);
        int[] closing = [.. Enumerable.Range(0, tokenizer.VocabSize).Where(id => tokenizer.TokenBytes(id) is [(byte)'"' or (byte)'}' or (byte)']']), .. tokenizer.StopIds];
        float[] logits = new float[tokenizer.VocabSize];
        List<int> ids = [];
        while (!text.IsComplete && ids.Count < maxTokens)
        {
            for (int id = 0; id < logits.Length; id++)
                logits[id] = (float)(4 * random.NextDouble());
            foreach (int id in closing)
                logits[id] += 1 + ids.Count / 50f;
            int drawn = sampler.Sample(logits, text.Allowed(logits.Length));
            if (tokenizer.StopIds.Contains(drawn))
                return (tokenizer.Decode([.. ids]), true);
            text.Append(drawn);
            ids.Add(drawn);
        }

        return (tokenizer.Decode([.. ids]), text.IsComplete);
    }

    /// <summary>Returns a text in progress after the bytes of a text; null if one of them is not allowed.</summary>
    public static ConstrainedText? Read(TextConstraint constraint, string text)
    {
        ConstrainedText read = new(constraint, Bytes, []);
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            if (read.IsComplete || !read.Allowed(257).Contains(value))
                return null;
            read.Append(value);
        }

        return read;
    }
}
