namespace Foreword.Tasks;

/// <summary>A fine-tuned model, whichever engine computes it. Not safe for use from two threads at once unless the engine says so.</summary>
public interface ITaskModel : IDisposable
{
    /// <summary>What it answers.</summary>
    TaskDescription Task { get; }

    /// <summary>The answers for examples, in their order; labels are not looked at.</summary>
    /// <exception cref="ArgumentException">An example does not have the texts and choices that the task reads.</exception>
    IReadOnlyList<Prediction> Predict(IReadOnlyList<TaskExample> examples);
}
