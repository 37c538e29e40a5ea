using System.Runtime.InteropServices;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// A pre-trained model with a task's head: what fine-tuning trains, and what answers. Not safe for use from two threads at once.
/// </summary>
public sealed class FineTunedModel : ITaskModel
{
    /// <summary>Tokens of a batch of predictions, padding included.</summary>
    private const int BatchTokens = 4096;

    private IModelPath? _path;

    private FineTunedModel(GptModel model, TaskHead head, Tokenizer tokenizer, TaskDescription task)
    {
        (Model, Head, Tokenizer, Task) = (model, head, tokenizer, task);
        Encoder = new TaskEncoder(tokenizer, task.Around, task.ContextLength);
    }

    /// <summary>A model made of given parts that reads no texts, for tests.</summary>
    internal static FineTunedModel Of(GptModel model, TaskHead head, TaskDescription task) => new(model, head, null!, task);

    /// <summary>The network, whose vocabulary ends with the task's tokens.</summary>
    public GptModel Model { get; }

    /// <summary>The layer on top.</summary>
    public TaskHead Head { get; }

    /// <summary>What encodes the texts.</summary>
    public Tokenizer Tokenizer { get; }

    /// <inheritdoc/>
    public TaskDescription Task { get; }

    /// <summary>Number of weights, those of the head and of adapters among them.</summary>
    public long ParameterCount => Model.Config.ParameterCount + Model.AdapterParameters.Sum(p => p.Value.NumberOfElements) + Head.parameters().Sum(p => p.NumberOfElements);

    /// <summary>Turns examples into token sequences.</summary>
    public TaskEncoder Encoder { get; }

    /// <summary>Opens a fine-tuned model.</summary>
    /// <param name="path">A run of <c>foreword finetune</c>, its <c>best/</c>, a checkpoint, or a classifier of <c>transformers</c>.</param>
    /// <param name="precision">Number format of the products.</param>
    /// <param name="device">Where it computes.</param>
    /// <exception cref="InvalidDataException">There is no fine-tuned model, or a file is broken.</exception>
    public static FineTunedModel Load(string path, Precision precision = Precision.Fp32, DeviceChoice device = DeviceChoice.Auto)
    {
        using StoredModel model = StoredModel.Open(path);
        return Load(model, precision, device);
    }

    /// <summary>Loads an opened fine-tuned model.</summary>
    internal static FineTunedModel Load(StoredModel model, Precision precision, DeviceChoice device)
    {
        TaskDescription task = model.Task;
        Tokenizer tokenizer = TokenizerFiles.Load(model.Directory);
        Device chosen = Compute.Device(device);
        using ModelWeights weights = model.TakeWeights();
        GptModel network = ModelFiles.Load(weights, precision, chosen);
        task.CheckVocabulary(model.Directory, tokenizer, network.Config);
        TaskHead head = new(task, network.Config.NEmbd, 0, 0);
        head.Load(model.Directory, task);
        head.to(chosen);
        return new FineTunedModel(network, head, tokenizer, task);
    }

    /// <summary>A model about to be fine-tuned: the base's weights as the section says, new task tokens, a new head.</summary>
    /// <param name="section">The base and what of it is transferred.</param>
    /// <param name="task">What to learn; its tokens and context are those of <see cref="BaseModel"/>.</param>
    /// <param name="source">The base, see <see cref="BaseModel"/>.</param>
    /// <param name="seed">Seed of the new weights.</param>
    /// <param name="precision">Number format of the products.</param>
    /// <param name="device">Where it trains.</param>
    /// <exception cref="InvalidDataException">A file of the base is broken.</exception>
    public static FineTunedModel Create(BaseModelSection section, TaskDescription task, BaseModel source, int seed, Precision precision, Device device)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(source);
        GptConfig config = source.Config with
        {
            VocabSize = Math.Max(source.Config.VocabSize, task.Tokens!.Extract + 1),
            EmbdDropout = section.Dropout,
            AttnDropout = section.Dropout,
            ResidDropout = section.Dropout,
        };
        GptModel model = new(config, seed, precision);
        if (section.From == StartFrom.Pretrained)
            ModelFiles.Transfer(source.Path, model, section.NTransfer ?? config.NLayer);
        model.to(device);
        if (section.LoraRank > 0)
            model.AddAdapters(section.LoraRank, section.LoraAlpha, section.LoraTargets, seed + 1L);
        TaskHead head = new(task, config.NEmbd, section.Dropout, seed + 2L);
        head.to(device);
        return new FineTunedModel(model, head, source.Tokenizer, task);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<TaskExample> examples) =>
        [.. Outputs(EncodedExample.Unlabeled(examples, Task, Encoder)).Select(outputs => Task.Answer(outputs))];

    /// <summary>The head's outputs for each example: [n], or the scores of its choices.</summary>
    /// <param name="examples">Encoded examples.</param>
    /// <param name="cancellationToken">Asks to end early.</param>
    public float[][] Outputs(IReadOnlyList<EncodedExample> examples, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        Head.eval();
        using var noGradient = no_grad();
        IModelPath path = PredictionPath();
        float[][] outputs = new float[examples.Count][];
        int[] order = [.. Enumerable.Range(0, examples.Count).OrderByDescending(i => examples[i].Length)];
        for (int start = 0; start < order.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            EncodedExample longest = examples[order[start]];
            int most = Math.Max(1, BatchTokens / (longest.Length * longest.Sequences.Sequences.Count));
            int[] members = [.. order.Skip(start).Take(most)];
            TaskBatch batch = new([.. members.Select(i => examples[i])]);
            Tensor result = Head.Outputs(path.Hidden(batch.Ids(Device)), batch).cpu().contiguous(); // (B, n) or (B, K)
            int columns = (int)result.shape[1];
            ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(TensorMemory.Bytes(result));
            for (int b = 0; b < members.Length; b++)
                outputs[members[b]] = values.Slice(b * columns, Task.Target == TargetKind.Choice ? batch.Counts[b] : columns).ToArray();
            start += members.Length;
        }

        return outputs;
    }

    /// <summary>Writes a model directory that other tools open, with the head and the task beside; adapters are merged into the weights.</summary>
    public void Save(string directory)
    {
        ModelFiles.Save(Model, directory, TextEnds.Of(Tokenizer));
        Tokenizer.Save(directory);
        Head.Save(directory);
        Task.Save(directory);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _path?.Dispose();
        Model.Dispose();
        Head.Dispose();
    }

    /// <summary>The way that predictions take, chosen again once there are adapters.</summary>
    private IModelPath PredictionPath()
    {
        if (_path is { IsFused: true } && Model.AdapterParameters.Any())
        {
            _path.Dispose();
            _path = null;
        }

        return _path ??= TrainingPath.Of(Model);
    }

    internal Device Device => Model.TokenEmbedding.device;
}

/// <summary>The model that a fine-tuning run starts from, before its weights are read.</summary>
/// <param name="Path">Its directory or file.</param>
/// <param name="Config">Its architecture.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Tokens">The task tokens it will have: behind its vocabulary, or its own where it is fine-tuned already.</param>
public sealed record BaseModel(string Path, GptConfig Config, Tokenizer Tokenizer, TaskTokens Tokens)
{
    /// <summary>Opens a model in any format, a checkpoint or a run.</summary>
    /// <exception cref="InvalidDataException">A file is broken, or tokenizer and model do not belong together.</exception>
    public static BaseModel Open(string path)
    {
        using ModelWeights weights = WeightsFormat.Open(path);
        TaskTokens? own = TaskDescription.IsIn(weights.Path) ? TaskDescription.Read(weights.Path).Tokens : null;
        Tokenizer tokenizer = weights.LoadTokenizer();
        TaskTokens tokens = own ?? TaskTokens.After(Math.Max(weights.Config.VocabSize, tokenizer.VocabularySize)); // an added token may have no row yet
        return new BaseModel(weights.Path, weights.Config, tokenizer, tokens);
    }
}
