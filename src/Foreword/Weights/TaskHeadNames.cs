namespace Foreword.Weights;

/// <summary>
/// Recognizes the tensors of a task's head, which <c>transformers</c> (and TRL's value head) store with the network. They are not parameters of a
/// language model, so a language model is read without them.
/// </summary>
internal static class TaskHeadNames
{
    private static readonly string[] Heads = ["score.", "classifier.", "qa_outputs.", "multiple_choice_head.summary.", "v_head.summary."];

    /// <summary>Returns whether a tensor is the matrix or the bias of a task's head.</summary>
    /// <param name="name">The name of the tensor without prefixes such as <c>transformer.</c>.</param>
    public static bool Contains(string name) => Heads.Any(head => name.StartsWith(head, StringComparison.Ordinal) && name[head.Length..] is "weight" or "bias");
}
