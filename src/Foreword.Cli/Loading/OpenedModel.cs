using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Tokenization;

namespace Foreword.Cli.Loading;

/// <summary>Opens the MODEL argument of a command.</summary>
/// <param name="path">A model in any format, a checkpoint, or a run directory.</param>
/// <param name="device">Where to compute.</param>
/// <param name="engine">What computes.</param>
/// <param name="cache">The format of keys and values; null where the engine chooses.</param>
internal delegate OpenedModel OpenModel(string path, DeviceChoice device, EngineChoice engine, CacheType? cache);

/// <summary>The MODEL argument of a command: opened, so that everything but the weights can be checked first, and then loaded.</summary>
/// <param name="Path">The directory or file of the model.</param>
/// <param name="Config">Its architecture.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Load">Reads the weights and reports the progress. Called once; the caller disposes the result.</param>
internal sealed record OpenedModel(string Path, ModelConfig Config, Tokenizer Tokenizer, Func<IProgress<LoadingProgress>?, TextModel> Load) : IDisposable
{
    private StoredModel? _stored;

    /// <summary>
    /// Gets the kind of task the model was fine-tuned for, see <see cref="TaskDescription.FineTunedFor"/>; null for a language model.
    /// </summary>
    public string? FineTunedFor { get; init; }

    /// <summary>Gets the names of a head's tensors that are not read.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>Opens a model. It computes in float32, so that texts are the same on machines with and without bfloat16.</summary>
    /// <exception cref="UsageException">The engine cannot compute this model, or has no such cache.</exception>
    public static OpenedModel Open(string path, DeviceChoice device, EngineChoice engine = EngineChoice.Auto, CacheType? cache = null)
    {
        StoredModel stored = StoredModel.Open(path);
        try
        {
            IEngine chosen = Engines.Create(engine, device, stored, cache: cache);
            return new OpenedModel(stored.Path, stored.Config, stored.Tokenizer, progress => TextModel.Load(stored, chosen, null, progress))
            {
                _stored = stored,
                FineTunedFor = stored.FineTunedFor,
                LeftOut = [.. stored.LeftOut.Select(tensor => tensor.FileName)],
            };
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Opens and loads a model at once.</summary>
    public static TextModel LoadNow(string path, DeviceChoice device)
    {
        using OpenedModel opened = Open(path, device);
        return opened.Load(null);
    }

    /// <summary>Says of a fine-tuned model that its language model is used. Training for the task changed the weights that both share.</summary>
    public void SayTask(string path, Terminal terminal)
    {
        if (FineTunedFor is not null)
            terminal.SayWrapped($"{path} is fine-tuned for {FineTunedFor}; its language model is used, without the task's head");
        else if (LeftOut.Count > 0)
            terminal.SayWrapped($"{path} has a head that is not supported ({string.Join(", ", LeftOut)}); its language model is used");
    }

    public void Dispose() => _stored?.Dispose();
}
