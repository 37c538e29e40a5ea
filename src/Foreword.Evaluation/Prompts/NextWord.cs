using System.Text;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Prompts;

/// <summary>
/// Predicts the word that a model writes next. The first token is the likeliest one that begins a word and does not spell an excluded word. The
/// following tokens are decoded greedily until a token begins something else.
/// </summary>
internal static class NextWord
{
    private const int MostTokens = 12;

    public static string Of(ILanguageModel model, Tokenizer tokenizer, int[] context, IReadOnlySet<string> excluded)
    {
        using IDecoder decoder = model.CreateDecoder();
        int first = FirstAllowed(Known(decoder.Append(context), tokenizer), tokenizer, excluded);
        List<byte> word = [.. tokenizer.TokenBytes(first)];
        int last = first;
        for (int i = 1; i < MostTokens && decoder.Position < model.Config.ContextLength; i++)
        {
            last = Likeliest(Known(decoder.Append([last]), tokenizer));
            string text = Text(tokenizer, last);
            if (tokenizer.StopIds.Contains(last) || text.Length == 0 || !(char.IsLetterOrDigit(text[0]) || text[0] == '\uFFFD'))
                break;
            word.AddRange(tokenizer.TokenBytes(last));
            if (text.AsSpan().IndexOfAny(' ', '\n') >= 0)
                break;
        }

        string whole = Encoding.UTF8.GetString([.. word]).Trim();
        int end = whole.IndexOfAny([' ', '\n']);
        return end < 0 ? whole : whole[..end];
    }

    private static int FirstAllowed(ReadOnlySpan<float> logits, Tokenizer tokenizer, IReadOnlySet<string> excluded)
    {
        float[] left = logits.ToArray();
        while (true)
        {
            int best = Likeliest(left);
            string word = Text(tokenizer, best).Trim();
            if (left[best] == float.NegativeInfinity || (!tokenizer.StopIds.Contains(best) && word.Length > 0 && char.IsLetterOrDigit(word[0]) && !excluded.Contains(word.ToLowerInvariant())))
                return best;
            left[best] = float.NegativeInfinity;
        }
    }

    /// <summary>Returns the logits of the ids that both the tokenizer and the model have.</summary>
    private static ReadOnlySpan<float> Known(ReadOnlySpan<float> logits, Tokenizer tokenizer) => logits[..Math.Min(tokenizer.VocabSize, logits.Length)];

    private static string Text(Tokenizer tokenizer, int id) => Encoding.UTF8.GetString(tokenizer.TokenBytes(id));

    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                best = i;
        }

        return best;
    }
}
