using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Cpu.Quantized;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Torch;
using Foreword.Torch.Inference;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Cli.Loading;

/// <summary>A model with its tokenizer; disposes the model.</summary>
internal sealed record LoadedModel(ILanguageModel Model, Tokenizer Tokenizer) : IDisposable
{
    /// <summary>What the model was fine-tuned for, see <see cref="TaskDescription.FineTunedFor"/>.</summary>
    public string? FineTunedFor { get; init; }

    /// <summary>Names of a head's tensors that are not read.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <inheritdoc cref="Open(string, DeviceChoice, EngineChoice, Action{string, GptConfig, Tokenizer}, CacheType?)"/>
    public static LoadedModel Open(string path, DeviceChoice device, EngineChoice engine = EngineChoice.Auto, CacheType? cache = null) => Open(path, device, engine, null, cache);

    /// <inheritdoc cref="Open(string, DeviceChoice, EngineChoice, Action{string, GptConfig, Tokenizer}, CacheType?)"/>
    public static LoadedModel Open(string path, DeviceChoice device, EngineChoice engine, Action<string, GptConfig, Tokenizer>? beforeWeights) => Open(path, device, engine, beforeWeights, null);

    /// <summary>
    /// Opens what MODEL names: a model in any format, a checkpoint, or a run directory. It computes in float32, so that
    /// texts are the same on machines with and without bfloat16.
    /// </summary>
    /// <param name="path">MODEL.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="engine">What computes.</param>
    /// <param name="beforeWeights">Called with the model's path, configuration and tokenizer before the weights are read.</param>
    /// <param name="cache">The format of keys and values, or as the weights ask for; only plain C# has another than float32.</param>
    private static LoadedModel Open(string path, DeviceChoice device, EngineChoice engine, Action<string, GptConfig, Tokenizer>? beforeWeights, CacheType? cache)
    {
        string directory = ModelDirectory.Resolve(path);
        if (QuantizedModel.IsIn(directory))
            return OpenQuantized(directory, engine, beforeWeights, cache);
        using ModelWeights weights = WeightsFormat.Open(path);
        bool isCpu = Engines.IsCpu(engine, device);
        if (!isCpu && cache == CacheType.BF16)
            throw new UsageException("--cache bf16 is for plain C# (--engine cpu); libtorch keeps keys and values in f32");
        Tokenizer tokenizer = weights.LoadTokenizer();
        beforeWeights?.Invoke(weights.Path, weights.Config, tokenizer);
        ILanguageModel model = isCpu
            ? CpuLanguageModel.Load(path, cache: cache)
            : new TorchLanguageModel(ModelFiles.Load(weights, Precision.Fp32, Compute.Device(device)));
        return new LoadedModel(model, tokenizer) { FineTunedFor = TaskDescription.FineTunedFor(directory), LeftOut = [.. weights.LeftOut.Select(tensor => tensor.FileName)] };
    }

    /// <summary>Quantised models are read by the plain C# engine only.</summary>
    private static LoadedModel OpenQuantized(string directory, EngineChoice engine, Action<string, GptConfig, Tokenizer>? beforeWeights, CacheType? cache)
    {
        if (engine == EngineChoice.Torch)
            throw new UsageException($"{directory} is quantised; only --engine cpu reads it");
        GptConfig config = HuggingFaceConfig.Read(directory);
        Tokenizer tokenizer = TokenizerFiles.Load(directory);
        ModelDirectory.CheckVocabulary(directory, tokenizer, config);
        beforeWeights?.Invoke(directory, config, tokenizer);
        return new LoadedModel(CpuLanguageModel.Load(directory, cache: cache), tokenizer) { FineTunedFor = TaskDescription.FineTunedFor(directory) };
    }

    /// <summary>Says of a fine-tuned model that its language model is used: both share their weights, and training for the task changed them.</summary>
    public void SayTask(string path, Terminal terminal)
    {
        if (FineTunedFor is not null)
            terminal.Say($"{path} is fine-tuned for {FineTunedFor}; its language model is used, without the task's head");
        else if (LeftOut.Count > 0)
            terminal.Say($"{path} has a head that is not read ({string.Join(", ", LeftOut)}); its language model is used");
    }

    public void Dispose() => Model.Dispose();
}
