namespace Foreword.Tasks.HuggingFace;

/// <summary>
/// The ids around the texts of a sequence. A model that was not fine-tuned here brings its own: often none at all, so that the head reads the
/// last token of the text.
/// </summary>
/// <param name="Before">Begins every sequence.</param>
/// <param name="Between">Stands between two texts.</param>
/// <param name="After">Ends every sequence.</param>
/// <param name="Pad">
/// The id that fills batches in <c>transformers</c>, whose head reads the last token that is another one. Ids of it at the end of a sequence are
/// left out, so that the same token is read here; null where there is none.
/// </param>
public sealed record SequenceTemplate(IReadOnlyList<int> Before, IReadOnlyList<int> Between, IReadOnlyList<int> After, int? Pad = null)
{
    /// <summary>Nothing around the texts and nothing between them.</summary>
    public static SequenceTemplate Plain { get; } = new([], [], []);

    /// <summary>The highest id in it; -1 where it has none. The pad is never read.</summary>
    internal int HighestId => Before.Concat(Between).Concat(After).DefaultIfEmpty(-1).Max();

    /// <summary>How many ids stand around some texts.</summary>
    internal int CountAround(int texts) => Before.Count + (texts - 1) * Between.Count + After.Count;
}
