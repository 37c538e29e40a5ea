using Foreword.Tasks.HuggingFace;
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

    /// <summary>The three where they stand in a sequence.</summary>
    internal SequenceTemplate Template() => new([Start], [Delimiter], [Extract]);
}

/// <summary>Builds the token sequences of a task within a context length.</summary>
/// <param name="Tokenizer">Encodes the texts.</param>
/// <param name="Template">What stands around and between the texts.</param>
/// <param name="ContextLength">Most tokens of a sequence.</param>
public sealed record TaskEncoder(Tokenizer Tokenizer, SequenceTemplate Template, int ContextLength)
{
    /// <summary>Builds sequences with the task's own tokens: <c>[start] a [delim] b [extract]</c>.</summary>
    public TaskEncoder(Tokenizer tokenizer, TaskTokens tokens, int contextLength)
        : this(tokenizer, (tokens ?? throw new ArgumentNullException(nameof(tokens))).Template(), contextLength)
    {
    }

    /// <summary>The ids of a text without the task's tokens.</summary>
    public int[] Ids(string text) => Tokenizer.Encode(text);

    /// <summary>
    /// <c>[start] a b [delim] c [extract]</c>: groups of texts, the groups parted by delimiters. Where they do not fit, each text
    /// keeps its head: what a short one leaves of its equal share goes to the longer ones, and no task token is cut.
    /// (The original cuts both texts of a pair at n_ctx / 2 - 2 tokens, also where the other is short.)
    /// </summary>
    /// <remarks>A model that brings its own <see cref="SequenceTemplate"/> has that one's ids in these places.</remarks>
    /// <exception cref="ArgumentException">The context is too short for the task tokens and one token of each text.</exception>
    public (int[] Sequence, bool IsTruncated) Join(params IReadOnlyList<int[]>[] groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        int[][] parts = [.. groups.SelectMany(group => group)];
        int around = Template.CountAround(groups.Length), budget = ContextLength - around;
        if (budget < parts.Length)
            throw new ArgumentException($"a context of {ContextLength} tokens has no room for {parts.Length} texts and {around} task tokens");
        int[] kept = Shares([.. parts.Select(part => part.Length)], budget);
        List<int> sequence = new(Math.Min(ContextLength, kept.Sum() + around));
        sequence.AddRange(Template.Before);
        int next = 0;
        for (int g = 0; g < groups.Length; g++)
        {
            if (g > 0)
                sequence.AddRange(Template.Between);
            foreach (int[] part in groups[g])
                sequence.AddRange(part.AsSpan(0, kept[next++]));
        }

        sequence.AddRange(Template.After);
        while (sequence.Count > 1 && sequence[^1] == Template.Pad)
            sequence.RemoveAt(sequence.Count - 1);
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
