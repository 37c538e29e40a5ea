using Foreword.Progress;
using Foreword.Tasks;

namespace Foreword;

/// <summary>A loaded fine-tuned model: the way to get predictions in a program. Threads may share it where the engine allows it; the plain C# engine does.</summary>
public sealed class TaskModel : ITaskModel
{
    private readonly ITaskModel _model;

    private TaskModel(ITaskModel model) => _model = model;

    /// <summary>Loads a fine-tuned model with an engine.</summary>
    /// <param name="path">A run of <c>foreword finetune</c>, its <c>best/</c>, a checkpoint, a classifier of <c>transformers</c>, or a quantized one.</param>
    /// <param name="engine">The engine that computes it.</param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <exception cref="DirectoryNotFoundException">There is nothing at the path.</exception>
    /// <exception cref="InvalidDataException">The path holds no fine-tuned model, or a file is broken.</exception>
    /// <exception cref="NotSupportedException">The engine cannot compute this model.</exception>
    public static TaskModel Load(string path, IEngine engine, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using StoredModel stored = StoredModel.Open(path);
        return Load(stored, engine, progress, cancellationToken);
    }

    /// <summary>Loads an opened fine-tuned model with an engine.</summary>
    /// <param name="stored">The opened model, which stays the caller's.</param>
    /// <param name="engine">The engine that computes it.</param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <exception cref="InvalidDataException">The model is not fine-tuned, or a file is broken.</exception>
    /// <exception cref="NotSupportedException">The engine cannot compute this model.</exception>
    public static TaskModel Load(StoredModel stored, IEngine engine, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(engine);
        return new TaskModel(engine.LoadTask(stored, progress, cancellationToken));
    }

    /// <inheritdoc/>
    public TaskDescription Task => _model.Task;

    /// <summary>Returns the answer for one example given as texts: <c>Predict("My card has not arrived")</c>, or premise and hypothesis.</summary>
    /// <param name="texts">The texts that the task reads, in its order.</param>
    /// <exception cref="ArgumentException">The task reads another number of texts, or it reads choices.</exception>
    public Prediction Predict(params string[] texts) => TaskModelExtensions.Predict(this, texts);

    /// <inheritdoc/>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<TaskExample> examples, CancellationToken cancellationToken = default) => _model.Predict(examples, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
