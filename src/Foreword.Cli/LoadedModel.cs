using Foreword.Tokenization;

namespace Foreword.Cli;

/// <summary>A model with its tokenizer; disposes the model.</summary>
internal sealed record LoadedModel(ILanguageModel Model, Tokenizer Tokenizer) : IDisposable
{
    /// <summary>Opens what MODEL names: a model directory, a checkpoint, or a run directory, on the device asked for.</summary>
    public static LoadedModel Open(string path, string device) =>
        throw new NotSupportedException($"{Weights.ModelDirectory.Resolve(path)} cannot be opened on '{device}': this build has no model");

    public void Dispose() => Model.Dispose();
}
