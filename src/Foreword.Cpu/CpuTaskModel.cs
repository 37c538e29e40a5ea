using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;

namespace Foreword.Cpu;

/// <summary>
/// Runs a fine-tuned model in plain C#: the network, the linear layer on the states at the extract token or at other places, and the encoder of the texts. Several threads
/// may share a model; they take turns.
/// </summary>
internal sealed class CpuTaskModel : ITaskModel
{
    private readonly CpuLanguageModel _model;
    private readonly TaskEncoder _encoder;
    private readonly float[] _weight; // [n, C]
    private readonly float[] _bias; // [n]

    private CpuTaskModel(CpuLanguageModel model, TaskDescription task, Tokenizer tokenizer, TaskHeadWeights head)
    {
        (_model, Task, _weight, _bias) = (model, task, head.Weight, head.Bias);
        _encoder = task.EncoderWith(tokenizer);
    }

    /// <inheritdoc/>
    public TaskDescription Task { get; }

    /// <summary>Loads a fine-tuned model.</summary>
    /// <param name="path">
    /// A run of <c>foreword finetune</c>, its <c>best/</c> directory, a checkpoint, a classifier of <c>transformers</c>, or the output of
    /// <c>foreword quantize</c> for one of these.
    /// </param>
    /// <param name="weights">The number format of the matrices. Null: float32, or the type of a quantized model.</param>
    /// <param name="threads">Number of threads that compute, including the calling thread; 1 or more. Null: one for each processor.</param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">
    /// The model is quantized to another type, the type is undefined, or <paramref name="threads"/> is less than 1.
    /// </exception>
    /// <exception cref="DirectoryNotFoundException">There is no model at the path.</exception>
    /// <exception cref="InvalidDataException">The directory has no fine-tuned model, or a file is malformed.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    public static CpuTaskModel Load(
        string path, WeightType? weights = null, int? threads = null, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using StoredModel model = StoredModel.Open(path);
        return Load(model, new CpuEngine { Weights = weights, Threads = threads }, progress, cancellationToken);
    }

    /// <summary>Loads an opened fine-tuned model, whose weights the loaded one takes.</summary>
    internal static CpuTaskModel Load(StoredModel model, CpuEngine options, IProgress<LoadingProgress>? progress, CancellationToken cancellationToken)
    {
        TaskDescription task = model.Task;
        Tokenizer tokenizer = TokenizerFiles.Load(model.Directory);
        CpuLanguageModel network = CpuLanguageModel.Load(model, options, progress, cancellationToken);
        try
        {
            task.CheckVocabulary(model.Directory, tokenizer, model.Config);
            return new CpuTaskModel(network, task, tokenizer, TaskHeadWeights.Read(model.Directory, task, model.Config.NEmbd));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Returns the answer for one example given as texts: <c>Predict("My card has not arrived")</c>, or premise and hypothesis.</summary>
    /// <param name="texts">The texts that the task reads, in its order.</param>
    /// <exception cref="ArgumentException">The task reads another number of texts, or it reads choices.</exception>
    public Prediction Predict(params string[] texts) => TaskModelExtensions.Predict(this, texts);

    /// <inheritdoc/>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<TaskExample> examples, CancellationToken cancellationToken = default) =>
        Answers(Encode(examples), cancellationToken);

    /// <summary>Gets the network below the linear layer.</summary>
    public CpuLanguageModel Network => _model;

    /// <summary>Encodes examples, which may be done on several threads at a time.</summary>
    /// <exception cref="ArgumentException">An example is null, or does not have the texts and choices that the task reads.</exception>
    /// <exception cref="InvalidDataException">An example has more choices than the task has labels, or its sequence has no tokens.</exception>
    public EncodedExample[] Encode(IReadOnlyList<TaskExample> examples) => EncodedExample.Unlabeled(examples, Task, _encoder);

    /// <summary>Returns the answers for encoded examples, in the same order.</summary>
    /// <exception cref="InvalidDataException">An output is infinite or NaN, or a file of the model is damaged.</exception>
    /// <exception cref="OperationCanceledException">The work was canceled.</exception>
    public IReadOnlyList<Prediction> Answers(IReadOnlyList<EncodedExample> examples, CancellationToken cancellationToken = default) =>
        [.. Outputs(examples, cancellationToken).Select((outputs, i) => Task.Answer(examples[i], outputs))];

    /// <summary>Computes the head's outputs for each example.</summary>
    /// <param name="examples">The encoded examples.</param>
    /// <param name="cancellationToken">Cancels the work between two passes.</param>
    /// <returns>One row per example: [n], the scores of its choices, or [n] for each of its places.</returns>
    public float[][] Outputs(IReadOnlyList<EncodedExample> examples, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (Task.Definition.HeadInput == HeadInput.One && examples.Any(example => example.Sequences.Sequences.Count > 1))
            return EncodedExample.OfWindows(examples, Outputs([.. examples.SelectMany(example => example.Windows)], cancellationToken));
        if (Task.Definition.HeadInput == HeadInput.Places)
            return OfPlaces(examples, cancellationToken);
        float[][] states = _model.FinalStates([.. examples.SelectMany(example => example.Sequences.Sequences)], cancellationToken);
        float[][] outputs = new float[examples.Count][];
        int next = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            float[][] own = states[next..(next + examples[i].Sequences.Sequences.Count)];
            next += own.Length;
            outputs[i] = Task.Definition.HeadInput switch
            {
                HeadInput.Each => [.. own.Select(state => Linear(state)[0])],
                HeadInput.Sum => Linear([.. Enumerable.Range(0, own[0].Length).Select(c => own.Sum(state => state[c]))]),
                _ => Linear(own[0]),
            };
        }

        return outputs;
    }

    /// <summary>Computes the outputs of all places of each example, one sequence after the other.</summary>
    private float[][] OfPlaces(IReadOnlyList<EncodedExample> examples, CancellationToken cancellationToken)
    {
        float[][][] states = _model.States(
            [.. examples.SelectMany(example => example.Sequences.Sequences)],
            [.. examples.SelectMany(example => example.Sequences.Places!).Select(places => places.Select(place => place.Position).ToArray())], cancellationToken);
        float[][] outputs = new float[examples.Count][];
        int next = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            int count = examples[i].Sequences.Sequences.Count;
            outputs[i] = [.. states[next..(next + count)].SelectMany(own => own).SelectMany(Linear)];
            next += count;
        }

        return outputs;
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    /// <summary>Computes y = W x + b (GPT-1 paper, equation 3), summed in float64.</summary>
    private float[] Linear(float[] x)
    {
        float[] y = new float[_bias.Length];
        for (int n = 0; n < y.Length; n++)
        {
            double sum = _bias[n];
            for (int c = 0; c < x.Length; c++)
                sum += (double)_weight[n * x.Length + c] * x[c];
            y[n] = (float)sum;
        }

        return y;
    }
}
