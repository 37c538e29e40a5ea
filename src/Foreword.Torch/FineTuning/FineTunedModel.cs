using System.Runtime.InteropServices;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Files;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using Foreword.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// A pre-trained model with the head of a task. Fine-tuning trains it, and it predicts answers. Do not use it from two threads at the
/// same time.
/// </summary>
internal sealed class FineTunedModel : ITaskModel
{
    /// <summary>Largest number of tokens in a batch of predictions, including padding.</summary>
    private const int BatchTokens = 4096;

    private IModelPath? _path;

    private FineTunedModel(LanguageModule model, TaskHead head, Tokenizer tokenizer, TaskDescription task)
    {
        (Model, Head, Tokenizer, Task) = (model, head, tokenizer, task);
        Encoder = task.EncoderWith(tokenizer);
    }

    /// <summary>Creates a model from parts, without a tokenizer, for tests.</summary>
    internal static FineTunedModel Create(LanguageModule model, TaskHead head, TaskDescription task) => new(model, head, null!, task);

    /// <summary>Gets the network. Its vocabulary includes the task's tokens, if the task has any.</summary>
    public LanguageModule Model { get; }

    /// <summary>Gets the task's head, on top of the network.</summary>
    public TaskHead Head { get; }

    /// <summary>Gets the tokenizer that encodes the texts.</summary>
    public Tokenizer Tokenizer { get; }

    /// <inheritdoc/>
    public TaskDescription Task { get; }

    /// <summary>Gets the number of weights, including those of the head and of adapters.</summary>
    public long ParameterCount => Model.Config.ParameterCount + Model.AdapterParameters.Sum(p => p.Value.NumberOfElements) + Head.parameters().Sum(p => p.NumberOfElements);

    /// <summary>Gets the encoder that turns examples into token sequences.</summary>
    public TaskEncoder Encoder { get; }

    /// <summary>Loads a fine-tuned model.</summary>
    /// <param name="path">A run of <c>foreword finetune</c>, its <c>best/</c>, a checkpoint, or a classifier of <c>transformers</c>.</param>
    /// <param name="precision">Number format of the matrix products.</param>
    /// <param name="device">Device that computes.</param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <exception cref="InvalidDataException">The path does not contain a fine-tuned model, or a file is broken.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    public static FineTunedModel Load(
        string path, Precision precision = Precision.Fp32, DeviceChoice device = DeviceChoice.Auto, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using StoredModel model = StoredModel.Open(path);
        return Load(model, precision, device, progress, cancellationToken);
    }

    /// <summary>Loads an opened fine-tuned model.</summary>
    internal static FineTunedModel Load(StoredModel model, Precision precision, DeviceChoice device, IProgress<LoadingProgress>? progress, CancellationToken cancellationToken)
    {
        TaskDescription task = model.Task;
        Tokenizer tokenizer = TokenizerFiles.Load(model.Directory);
        Device chosen = Compute.Device(device);
        using ModelWeights weights = model.TakeWeights();
        LanguageModule network = ModelFiles.Load(weights, precision, chosen, progress, cancellationToken);
        TaskHead? head = null;
        try
        {
            task.CheckVocabulary(model.Directory, tokenizer, network.Config);
            head = new TaskHead(task, network.Config.HiddenWidth, 0, 0);
            head.Load(model.Directory, task);
            head.to(chosen);
            return new FineTunedModel(network, head, tokenizer, task);
        }
        catch
        {
            head?.Dispose();
            network.Dispose();
            throw;
        }
    }

    /// <summary>Creates a model to fine-tune, with the base weights that the section selects, new task tokens and a new head.</summary>
    /// <param name="section">The base model, and the part of it that is transferred.</param>
    /// <param name="task">The task to learn. Its tokens and context length are those of <paramref name="source"/>.</param>
    /// <param name="source">The base model.</param>
    /// <param name="seed">Seed of the new weights.</param>
    /// <param name="precision">Number format of the matrix products.</param>
    /// <param name="device">Device that trains.</param>
    /// <param name="cancellationToken">Cancels the reading of weights between two tensors.</param>
    /// <exception cref="InvalidDataException">A file of the base model is broken.</exception>
    public static FineTunedModel Create(
        BaseModelSection section, TaskDescription task, BaseModel source, int seed, Precision precision, Device device, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(source);
        ModelConfig config = source.Config.WithDropout(section.Dropout) with { VocabSize = Math.Max(source.Config.VocabSize, task.Tokens!.Extract + 1) };
        LanguageModule model = LanguageModule.Create(config, seed, precision);
        TaskHead? head = null;
        try
        {
            if (section.From == StartFrom.Pretrained)
                ModelFiles.Transfer(source.Path, model, section.NTransfer ?? config.LayerCount, cancellationToken);
            model.to(device);
            if (section.LoraRank > 0)
                model.AddAdapters(section.LoraRank, section.LoraAlpha, section.LoraTargets, seed + 1L);
            head = new TaskHead(task, config.HiddenWidth, section.Dropout, seed + 2L);
            head.to(device);
            return new FineTunedModel(model, head, source.Tokenizer, task);
        }
        catch
        {
            head?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>Returns the answer for one example given as texts: <c>Predict("My card has not arrived")</c>, or premise and hypothesis.</summary>
    /// <param name="texts">The texts that the task reads, in its order.</param>
    /// <exception cref="ArgumentException">The task reads another number of texts, or it reads choices.</exception>
    public Prediction Predict(params string[] texts) => TaskModelExtensions.Predict(this, texts);

    /// <inheritdoc/>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<TaskExample> examples, CancellationToken cancellationToken = default)
    {
        EncodedExample[] encoded = EncodedExample.Unlabeled(examples, Task, Encoder);
        return [.. Outputs(encoded, cancellationToken).Select((outputs, i) => Task.Answer(encoded[i], outputs))];
    }

    /// <summary>Computes the outputs of the head for each example: [n], the scores of its choices, or [n] for each of its places.</summary>
    /// <param name="examples">Encoded examples.</param>
    /// <param name="cancellationToken">Cancels the computation between two batches.</param>
    public float[][] Outputs(IReadOnlyList<EncodedExample> examples, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (Task.Definition.HeadInput is HeadInput.One or HeadInput.Places && examples.Any(example => example.Sequences.Sequences.Count > 1))
            return EncodedExample.OfWindows(examples, Outputs([.. examples.SelectMany(example => example.Windows)], cancellationToken));
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
            int[] rows = Task.Definition.HeadInput == HeadInput.Places ? batch.PlaceCounts : [.. members.Select(_ => 1)];
            for (int b = 0, row = 0; b < members.Length; row += rows[b++])
                outputs[members[b]] = values.Slice(row * columns, Task.Target == TargetKind.Choice ? batch.Counts[b] : rows[b] * columns).ToArray();
            start += members.Length;
        }

        return outputs;
    }

    /// <summary>Writes a model directory that other tools open, with the files of the head and the task. Adapters are merged into the weights.</summary>
    /// <param name="directory">An existing directory.</param>
    public void Save(string directory)
    {
        ModelFiles.Save(Model, directory, TextEnds.FromTokenizer(Tokenizer));
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

    /// <summary>Returns the path for predictions. Chooses it again once the model has adapters.</summary>
    private IModelPath PredictionPath()
    {
        if (_path is { IsFused: true } && Model.AdapterParameters.Any())
        {
            _path.Dispose();
            _path = null;
        }

        return _path ??= ModelPath.Create(Model);
    }

    internal Device Device => Model.TokenEmbedding.device;
}

/// <summary>The model that a fine-tuning run starts from, opened without its weights.</summary>
/// <param name="Path">The model's directory or file.</param>
/// <param name="Config">The architecture.</param>
/// <param name="Tokenizer">The tokenizer.</param>
/// <param name="Tokens">The task tokens: new ids after the vocabulary, or the existing ones if the model is already fine-tuned.</param>
internal sealed record BaseModel(string Path, ModelConfig Config, Tokenizer Tokenizer, TaskTokens Tokens)
{
    /// <summary>Opens a model in any format, a checkpoint or a run.</summary>
    /// <exception cref="InvalidDataException">A file is broken, or tokenizer and model do not belong together.</exception>
    public static BaseModel Open(string path)
    {
        using StoredModel model = StoredModel.Open(path);
        TaskTokens? own = TaskDescription.IsIn(model.Path) ? TaskDescription.Read(model.Path).Tokens : null;
        Tokenizer tokenizer = model.Tokenizer;
        TaskTokens tokens = own ?? TaskTokens.After(Math.Max(model.Config.VocabSize, tokenizer.VocabSize)); // an added token may not have a row in the embedding yet
        return new BaseModel(model.Path, model.Config, tokenizer, tokens);
    }
}
