using Foreword.Tokenization;

namespace Foreword.Tasks;

/// <summary>The three tokens that fine-tuning adds behind a model's vocabulary (GPT-1 paper, section 3.3: start, delimiter, extract).</summary>
/// <param name="Start">Begins every sequence.</param>
/// <param name="Delimiter">Stands between two texts.</param>
/// <param name="Extract">Ends every sequence; the head reads the hidden state there.</param>
public sealed record TaskTokens(int Start, int Delimiter, int Extract)
{
    /// <summary>How many they are.</summary>
    public const int Count = 3;

    /// <summary>The tokens of a model that had <paramref name="vocabSize"/> ids before.</summary>
    public static TaskTokens Behind(int vocabSize) => new(vocabSize, vocabSize + 1, vocabSize + 2);

    /// <summary>Whether an id is one of the three.</summary>
    public bool Contains(int id) => id == Start || id == Delimiter || id == Extract;
}

/// <summary>Builds the token sequences of a task within a context length.</summary>
/// <param name="Tokenizer">Encodes the texts.</param>
/// <param name="Tokens">The task's own tokens.</param>
/// <param name="ContextLength">Most tokens of a sequence.</param>
public sealed record TaskEncoder(Tokenizer Tokenizer, TaskTokens Tokens, int ContextLength)
{
    /// <summary>The ids of a text without the task's tokens.</summary>
    public int[] Ids(string text) => Tokenizer.Encode(text);

    /// <summary>
    /// <c>[start] a b [delim] c [extract]</c>: groups of texts, the groups parted by delimiters. Where they do not fit, each text
    /// keeps its head: what a short one leaves of its equal share goes to the longer ones, and no task token is cut.
    /// (The original cuts both texts of a pair at n_ctx / 2 - 2 tokens, also where the other is short.)
    /// </summary>
    /// <exception cref="ArgumentException">The context is too short for the task tokens and one token of each text.</exception>
    public (int[] Sequence, bool IsTruncated) Join(params IReadOnlyList<int[]>[] groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        int[][] parts = [.. groups.SelectMany(group => group)];
        int budget = ContextLength - groups.Length - 1; // start, extract, and delimiters between the groups
        if (budget < parts.Length)
            throw new ArgumentException($"a context of {ContextLength} tokens has no room for {parts.Length} texts and {groups.Length + 1} task tokens");
        int[] kept = Shares([.. parts.Select(part => part.Length)], budget);
        List<int> sequence = new(Math.Min(ContextLength, kept.Sum() + groups.Length + 1)) { Tokens.Start };
        int next = 0;
        for (int g = 0; g < groups.Length; g++)
        {
            if (g > 0)
                sequence.Add(Tokens.Delimiter);
            foreach (int[] part in groups[g])
                sequence.AddRange(part.AsSpan(0, kept[next++]));
        }

        sequence.Add(Tokens.Extract);
        return ([.. sequence], kept.Sum() < parts.Sum(part => part.Length));
    }

    /// <summary>How many tokens each part keeps: equal shares, what short parts leave being shared by the others.</summary>
    private static int[] Shares(int[] lengths, int budget)
    {
        int[] kept = new int[lengths.Length];
        int left = budget, open = lengths.Length;
        foreach (int part in Enumerable.Range(0, lengths.Length).OrderBy(i => lengths[i])) // a stable order: the first of equals gets the smaller share
        {
            kept[part] = Math.Min(lengths[part], left / open);
            left -= kept[part];
            open--;
        }

        return kept;
    }
}
