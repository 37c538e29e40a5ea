using Foreword.Tasks;

namespace Foreword.Data.Labeled;

/// <summary>Finds labels of a training set that are valid but possibly not intended.</summary>
internal static class LabelDoubts
{
    /// <summary>The maximum number of labels that a sentence lists.</summary>
    private const int MostListed = 4;

    /// <summary>Returns one warning sentence for each doubt.</summary>
    /// <param name="task">The description that was learned from the labels.</param>
    /// <param name="train">The training examples.</param>
    public static IEnumerable<string> Of(TaskDescription task, IReadOnlyList<TaskExample> train)
    {
        if (task.Target != TargetKind.Classes)
            yield break;
        string[][] alike = [.. task.Labels.GroupBy(label => label.ToUpperInvariant()).Where(group => group.Count() > 1).Select(group => group.ToArray())];
        if (alike.Length > 0)
            yield return $"labels that differ only in case are different classes: {string.Join("; ", alike.Take(MostListed).Select(labels => string.Join(", ", labels)))}";
        Dictionary<string, int> counts = train.CountBy(example => example.Label!).ToDictionary(StringComparer.Ordinal);
        if (task.Header is null && train[0] is { Label: { } first } && counts[first] == 1 && counts.Count > 2 && counts.Count(entry => entry.Value == 1) == 1)
            yield return $"{train[0].Where}: only the first row has the label '{first}'; if that row is a header, turn the header on (in a recipe, data.header: true)";
    }
}
