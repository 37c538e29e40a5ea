using Foreword.Recipes;
using Foreword.Tokenization;
using Foreword.Torch;
using Foreword.Weights;

namespace Foreword.Cli;

/// <summary>A model with its tokenizer; disposes the model.</summary>
internal sealed record LoadedModel(ILanguageModel Model, Tokenizer Tokenizer) : IDisposable
{
    /// <summary>
    /// Opens what MODEL names: a model directory, a checkpoint, or a run directory. It computes in float32, so that
    /// texts are the same on machines with and without bfloat16.
    /// </summary>
    public static LoadedModel Open(string path, DeviceChoice device)
    {
        string directory = ModelDirectory.Resolve(path);
        Tokenizer tokenizer = TokenizerFiles.Load(directory);
        ModelDirectory.CheckVocabulary(directory, tokenizer, HuggingFaceConfig.Read(directory)); // before the weights are read
        return new LoadedModel(new TorchLanguageModel(ModelFiles.Load(directory, Precision.Fp32, Compute.Device(device))), tokenizer);
    }

    public void Dispose() => Model.Dispose();
}
