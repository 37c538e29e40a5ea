using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Weights;

namespace Foreword.Cpu;

/// <summary>A fine-tuned model in plain C#: the network, the linear layer on the state at the extract token, and what encodes the texts. Threads may share it; they take turns.</summary>
public sealed class CpuTaskModel : ITaskModel
{
    private readonly CpuLanguageModel _model;
    private readonly TaskEncoder _encoder;
    private readonly float[] _weight; // [n, C]
    private readonly float[] _bias; // [n]

    private CpuTaskModel(CpuLanguageModel model, TaskDescription task, Tokenizer tokenizer, TaskHeadWeights head)
    {
        (_model, Task, _weight, _bias) = (model, task, head.Weight, head.Bias);
        _encoder = new TaskEncoder(tokenizer, task.Around, task.ContextLength);
    }

    /// <inheritdoc/>
    public TaskDescription Task { get; }

    /// <summary>Opens a fine-tuned model.</summary>
    /// <param name="path">A run of <c>foreword finetune</c>, its <c>best/</c>, a checkpoint, a classifier of <c>transformers</c>, or what <c>foreword quantize</c> made of one.</param>
    /// <param name="weights">The format of the matrices; float32 unless given, or what the model is quantised to.</param>
    /// <param name="threads">Threads that compute, the caller's among them; every processor unless given.</param>
    /// <exception cref="ArgumentException">The model is quantised to another type, there is no such type, or no thread is to compute.</exception>
    /// <exception cref="DirectoryNotFoundException">Nothing lies at the path.</exception>
    /// <exception cref="InvalidDataException">There is no fine-tuned model, or a file is broken.</exception>
    public static CpuTaskModel Load(string path, WeightType? weights = null, int? threads = null)
    {
        using StoredModel model = StoredModel.Open(path);
        return Load(model, new CpuEngine { Weights = weights, Threads = threads });
    }

    /// <summary>Loads an opened fine-tuned model, whose weights the loaded one takes.</summary>
    internal static CpuTaskModel Load(StoredModel model, CpuEngine options)
    {
        TaskDescription task = model.Task;
        Tokenizer tokenizer = TokenizerFiles.Load(model.Directory);
        CpuLanguageModel network = CpuLanguageModel.Load(model, options);
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

    /// <inheritdoc/>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<TaskExample> examples) =>
        [.. Outputs(EncodedExample.Unlabelled(examples, Task, _encoder)).Select(outputs => Task.Answer(outputs))];

    /// <summary>The head's outputs for each example: [n], or the scores of its choices.</summary>
    public float[][] Outputs(IReadOnlyList<EncodedExample> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        float[][] states = _model.FinalStates([.. examples.SelectMany(example => example.Sequences.Sequences)]);
        float[][] outputs = new float[examples.Count][];
        int next = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            float[][] own = states[next..(next + examples[i].Sequences.Sequences.Count)];
            next += own.Length;
            outputs[i] = Task.Task.HeadInput switch
            {
                HeadInput.Each => [.. own.Select(state => Linear(state)[0])],
                HeadInput.Sum => Linear([.. Enumerable.Range(0, own[0].Length).Select(c => own.Sum(state => state[c]))]),
                _ => Linear(own[0]),
            };
        }

        return outputs;
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    /// <summary>y = W x + b (GPT-1 paper, equation 3).</summary>
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
