using Foreword.Generation;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tasks;

namespace Foreword;

/// <summary>Loads stored models and computes them. An engine of another assembly implements this interface and is passed to <see cref="TextModel.Load(string, IEngine, SamplingOptions, IProgress{LoadingProgress}, CancellationToken)"/>.</summary>
public interface IEngine
{
    /// <summary>Gets a short name for messages, such as <c>cpu</c>.</summary>
    string Name { get; }

    /// <summary>Loads the weights of a language model.</summary>
    /// <param name="model">The opened model. The engine may take its weights (see <see cref="StoredModel.TakeWeights"/>).</param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading. What was read is freed.</param>
    /// <exception cref="InvalidDataException">A file is broken, or its tensors do not fit the configuration.</exception>
    /// <exception cref="NotSupportedException">The engine cannot compute this model, for example because it is quantized.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    ILanguageModel Load(StoredModel model, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Loads the weights of a fine-tuned model and its head.</summary>
    /// <param name="model">The opened model.</param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading. What was read is freed.</param>
    /// <exception cref="InvalidDataException">The model is not fine-tuned, or a file is broken.</exception>
    /// <exception cref="NotSupportedException">The engine cannot compute this model.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    ITaskModel LoadTask(StoredModel model, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default);
}
