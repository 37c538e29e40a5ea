namespace Foreword.Tasks;

/// <summary>An example as its file has it.</summary>
/// <param name="Texts">The text of each of the task's single columns, in their order; null where an optional one is not given.</param>
/// <param name="Choices">The answers of a multiple-choice example; empty otherwise.</param>
/// <param name="Label">The label's text, or null where there is none.</param>
/// <param name="Where">File and row, for messages.</param>
public sealed record TaskExample(IReadOnlyList<string?> Texts, IReadOnlyList<string> Choices, string? Label = null, string Where = "")
{
    /// <summary>What a message about the example begins with; nothing where it comes from no file.</summary>
    internal string MessagePrefix => Where.Length == 0 ? "" : $"{Where}: ";
}
