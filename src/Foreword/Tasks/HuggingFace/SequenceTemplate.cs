namespace Foreword.Tasks.HuggingFace;

/// <summary>
/// The ids around the texts of a sequence. A model that was not fine-tuned by Foreword has its own template. Often the template has no ids, so the
/// head reads the last token of the text.
/// </summary>
/// <param name="Before">The ids that begin every sequence.</param>
/// <param name="Between">The ids between two texts.</param>
/// <param name="After">The ids that end every sequence.</param>
/// <param name="Pad">
/// The id that fills batches in <c>transformers</c>; null if there is none. The head of <c>transformers</c> reads the last token that is not padding.
/// Ids of padding at the end of a sequence are removed, so that Foreword reads the same token.
/// </param>
public sealed record SequenceTemplate(IReadOnlyList<int> Before, IReadOnlyList<int> Between, IReadOnlyList<int> After, int? Pad = null)
{
    /// <summary>Gets the template without any ids.</summary>
    public static SequenceTemplate Plain { get; } = new([], [], []);

    /// <summary>Gets the highest id in the template; -1 if it has none. The padding id is not included, because the model never reads it.</summary>
    internal int HighestId => Before.Concat(Between).Concat(After).DefaultIfEmpty(-1).Max();

    /// <summary>Returns the number of ids around and between the given number of texts.</summary>
    internal int CountAround(int texts) => Before.Count + (texts - 1) * Between.Count + After.Count;
}
