using Foreword.Tasks.HuggingFace;
using Foreword.Tokenization;

namespace Foreword.Tasks;

/// <summary>The three tokens that fine-tuning adds after a model's vocabulary: start, delimiter and extract (GPT-1 paper, section 3.3).</summary>
/// <param name="Start">The id that begins every sequence.</param>
/// <param name="Delimiter">The id between two texts.</param>
/// <param name="Extract">The id that ends every sequence. The head reads the hidden state at this token.</param>
public sealed record TaskTokens(int Start, int Delimiter, int Extract)
{
    /// <summary>The number of task tokens.</summary>
    public const int Count = 3;

    /// <summary>Creates the tokens of a model whose ids were 0 to <paramref name="vocabSize"/> - 1 before.</summary>
    /// <param name="vocabSize">The first new id.</param>
    public static TaskTokens After(int vocabSize) => new(vocabSize, vocabSize + 1, vocabSize + 2);

    /// <summary>Returns whether an id is one of the three.</summary>
    public bool Contains(int id) => id == Start || id == Delimiter || id == Extract;

    /// <summary>Creates the template that puts the three tokens at their positions in a sequence.</summary>
    internal SequenceTemplate Template() => new([Start], [Delimiter], [Extract]);
}

/// <summary>Builds the token sequences of a task within a context length.</summary>
/// <param name="Tokenizer">Encodes the texts.</param>
/// <param name="Template">The ids around and between the texts.</param>
/// <param name="ContextLength">The maximum number of tokens in a sequence.</param>
public sealed record TaskEncoder(Tokenizer Tokenizer, SequenceTemplate Template, int ContextLength)
{
    /// <summary>Creates an encoder that uses the task's own tokens: <c>[start] a [delim] b [extract]</c>.</summary>
    /// <param name="tokenizer">Encodes the texts.</param>
    /// <param name="tokens">The task's tokens.</param>
    /// <param name="contextLength">The maximum number of tokens in a sequence.</param>
    public TaskEncoder(Tokenizer tokenizer, TaskTokens tokens, int contextLength)
        : this(tokenizer, (tokens ?? throw new ArgumentNullException(nameof(tokens))).Template(), contextLength)
    {
    }

    /// <summary>Gets the number of tokens after which the next window of a long text begins, 1 or more; null to cut long texts.</summary>
    public int? Stride { get; init; }

    /// <summary>Gets the number of tokens of a single text for which a sequence has room.</summary>
    internal int Room => ContextLength - Template.CountAround(1);

    /// <summary>Encodes a text without the task's tokens.</summary>
    public int[] Ids(string text) => Tokenizer.Encode(text);

    /// <summary>
    /// Reads a single text: <c>[start] text [extract]</c>. A text that does not fit is cut. With <see cref="Stride"/>, it becomes one sequence for each
    /// window instead. A window begins every <see cref="Stride"/> tokens, until one ends with the text.
    /// </summary>
    /// <param name="text">The text as token ids.</param>
    /// <exception cref="ArgumentException">The context length is too short for the task tokens and one token of the text.</exception>
    public TaskSequences Read(int[] text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int room = Room;
        if (Stride is { } stride && text.Length > room && room > 0)
            return new TaskSequences([.. WindowStarts(text.Length, room, stride).Select(start => Join([text[start..Math.Min(text.Length, start + room)]]).Sequence)], IsTruncated: false);
        (int[] sequence, bool isTruncated) = Join([text]);
        return new TaskSequences([sequence], isTruncated);
    }

    /// <summary>Returns the first token of each window of a text.</summary>
    /// <param name="length">The number of tokens of the text.</param>
    /// <param name="room">The number of tokens of a window.</param>
    /// <param name="stride">The number of tokens from the beginning of a window to the next one. At most the room, so that no token is left out.</param>
    internal static IEnumerable<int> WindowStarts(int length, int room, int stride)
    {
        for (int start = 0; ; start += Math.Min(stride, room))
        {
            yield return start;
            if (start + room >= length)
                yield break;
        }
    }

    /// <summary>
    /// Joins groups of texts into one sequence, with a delimiter between groups: <c>[start] a b [delim] c [extract]</c>. If the texts do not fit,
    /// each text keeps its beginning. Texts share the space equally, and space that a short text does not need goes to the longer ones. Task tokens
    /// are never removed.
    /// </summary>
    /// <remarks>
    /// The original code cuts both texts of a pair to n_ctx / 2 - 2 tokens, even if the other text is short. A model with its own
    /// <see cref="SequenceTemplate"/> has the ids of that template instead of the task tokens.
    /// </remarks>
    /// <param name="groups">The groups, each a list of texts as token ids.</param>
    /// <returns>The sequence, and whether tokens of a text were removed.</returns>
    /// <exception cref="ArgumentException">The context length is too short for the task tokens and one token of each text.</exception>
    public (int[] Sequence, bool IsTruncated) Join(params IReadOnlyList<int[]>[] groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        int[][] parts = [.. groups.SelectMany(group => group)];
        int around = Template.CountAround(groups.Length), budget = ContextLength - around;
        if (budget < parts.Length)
            throw new ArgumentException($"a context of {ContextLength} tokens has no room for {parts.Length} texts and {around} task tokens", nameof(groups));
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

    /// <summary>Computes how many tokens each text keeps. The texts get equal shares, and the others share what short texts do not need.</summary>
    private static int[] Shares(int[] lengths, int budget)
    {
        int[] kept = new int[lengths.Length];
        int left = budget, open = lengths.Length;
        foreach (int part in Enumerable.Range(0, lengths.Length).OrderBy(i => lengths[i])) // the order is stable: among texts of equal length, the first gets the smaller share
        {
            kept[part] = Math.Min(lengths[part], left / open);
            left -= kept[part];
            open--;
        }

        return kept;
    }
}
