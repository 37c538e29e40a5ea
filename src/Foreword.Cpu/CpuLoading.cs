using System.Diagnostics.CodeAnalysis;
using Foreword.Cpu;
using Foreword.Generation;
using Foreword.Progress;

namespace Foreword; // beside TextModel and TaskModel, so that a program that loads a model needs no further using line

/// <summary>Loads models with the plain C# engine: <c>TextModel.Load("small")</c>.</summary>
[SuppressMessage("Naming", "CA1708:Identifiers should differ by more than case", Justification = "The analyzer compares the two extension blocks, which have no names.")]
public static class CpuLoading
{
    extension(TextModel)
    {
        /// <summary>Loads a language model with the plain C# engine.</summary>
        /// <param name="path">A model in any format, a quantized model, a checkpoint, a run directory, or the name of a downloaded model (OWNER/NAME).</param>
        /// <param name="weights">The format of the matrices in memory; float32 where null, or what the model is quantized to.</param>
        /// <param name="threads">The number of threads that compute, 1 or more; every processor where null.</param>
        /// <param name="defaults">The options of calls that pass none.</param>
        /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
        /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
        /// <exception cref="DirectoryNotFoundException">There is nothing at the path.</exception>
        /// <exception cref="InvalidDataException">The path holds no model, or a file is broken.</exception>
        /// <exception cref="ArgumentException">The model is quantized to another type, or an option is impossible.</exception>
        public static TextModel Load(
            string path, WeightType? weights = null, int? threads = null, SamplingOptions? defaults = null, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
        {
            using StoredModel stored = StoredModel.Open(path);
            return TextModel.Load(stored, new CpuEngine { Weights = weights, Threads = threads }, defaults, progress, cancellationToken);
        }
    }

    extension(TaskModel)
    {
        /// <summary>Loads a fine-tuned model with the plain C# engine.</summary>
        /// <param name="path">A run of <c>foreword finetune</c>, its <c>best/</c>, a checkpoint, a classifier of <c>transformers</c>, or a quantized one.</param>
        /// <param name="weights">The format of the matrices in memory; float32 where null, or what the model is quantized to.</param>
        /// <param name="threads">The number of threads that compute, 1 or more; every processor where null.</param>
        /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
        /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
        /// <exception cref="DirectoryNotFoundException">There is nothing at the path.</exception>
        /// <exception cref="InvalidDataException">The path holds no fine-tuned model, or a file is broken.</exception>
        /// <exception cref="ArgumentException">The model is quantized to another type, or an option is impossible.</exception>
        public static TaskModel Load(
            string path, WeightType? weights = null, int? threads = null, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default) =>
            TaskModel.Load(path, new CpuEngine { Weights = weights, Threads = threads }, progress, cancellationToken);
    }
}
