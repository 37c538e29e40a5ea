namespace Foreword.Tasks;

/// <summary>Predicts for single texts with any <see cref="ITaskModel"/>.</summary>
internal static class TaskModelExtensions
{
    /// <summary>Returns the answer for one example given as texts: <c>Predict("My card has not arrived")</c>, or premise and hypothesis.</summary>
    /// <param name="model">The fine-tuned model.</param>
    /// <param name="texts">The texts that the task reads, in its order.</param>
    /// <exception cref="ArgumentException">The task reads another number of texts, or choices.</exception>
    public static Prediction Predict(this ITaskModel model, params string[] texts)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(texts);
        return model.Predict([model.Task.Definition.Example(texts)])[0];
    }
}
