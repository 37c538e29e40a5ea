namespace Foreword.Weights;

/// <summary>
/// Layers of a task that models of <c>transformers</c> (and TRL's value head) hold beside the network. They are no parameters of a language model, which is read without them.
/// </summary>
internal static class TaskHeadNames
{
    private static readonly string[] Heads = ["score.", "classifier.", "qa_outputs.", "multiple_choice_head.summary.", "v_head.summary."];

    /// <summary>Whether a tensor, by its name without prefixes, belongs to a task's head: a matrix or its bias.</summary>
    public static bool Contains(string name) => Heads.Any(head => name.StartsWith(head, StringComparison.Ordinal) && name[head.Length..] is "weight" or "bias");
}
