namespace Foreword.Tasks;

/// <summary>
/// A fine-tuned model that answers examples of a task, independent of the engine that computes it. Two threads must not use it at the same time
/// unless the engine documents that it is thread-safe.
/// </summary>
public interface ITaskModel : IDisposable
{
    /// <summary>Gets the task that the model answers.</summary>
    TaskDescription Task { get; }

    /// <summary>Answers examples. Labels are ignored.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="cancellationToken">Cancels the work between two batches.</param>
    /// <returns>One prediction for each example, in the same order.</returns>
    /// <exception cref="ArgumentException">An example does not have the texts and choices that the task reads.</exception>
    /// <exception cref="OperationCanceledException">The work was canceled.</exception>
    IReadOnlyList<Prediction> Predict(IReadOnlyList<TaskExample> examples, CancellationToken cancellationToken = default);
}
