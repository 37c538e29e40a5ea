namespace Foreword.Tasks;

/// <summary>An example as it is stored in its file.</summary>
/// <param name="Texts">The text of each of the task's single columns, in their order; null for an optional column without a value.</param>
/// <param name="Choices">The answers of a multiple-choice example; empty for other tasks.</param>
/// <param name="Label">The text of the label; null if there is none.</param>
/// <param name="Where">The file and the row, for messages; empty if the example does not come from a file.</param>
public sealed record TaskExample(IReadOnlyList<string?> Texts, IReadOnlyList<string> Choices, string? Label = null, string Where = "")
{
    /// <summary>Gets the start of a message about the example; empty if the example does not come from a file.</summary>
    internal string MessagePrefix => Where.Length == 0 ? "" : $"{Where}: ";
}
