using Foreword.Chat;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tokenization;

namespace Foreword;

/// <summary>
/// A loaded language model with its tokenizer and default options: the way to write text from a program.
/// Threads may share it where the engine allows it; the plain C# engine does.
/// </summary>
public sealed class TextModel : IDisposable
{
    private readonly TextGenerator _generator;

    /// <summary>Combines a language model with its tokenizer.</summary>
    /// <param name="model">The model, which this object disposes.</param>
    /// <param name="tokenizer">The tokenizer that the model was trained with.</param>
    /// <param name="defaults">The options of calls that pass none; <see cref="SamplingOptions"/>' own defaults where null.</param>
    /// <exception cref="ArgumentException">The tokenizer has more ids than the model, or an option is impossible.</exception>
    public TextModel(ILanguageModel model, Tokenizer tokenizer, SamplingOptions? defaults = null)
    {
        _generator = new TextGenerator(model, tokenizer);
        (Model, Tokenizer, Defaults) = (model, tokenizer, (defaults ?? new SamplingOptions()).Validate());
    }

    /// <summary>Loads a model with an engine.</summary>
    /// <param name="path">A model in any format, a quantized model, a checkpoint, a run directory, or the name of a downloaded model (OWNER/NAME).</param>
    /// <param name="engine">The engine that computes it.</param>
    /// <param name="defaults">The options of calls that pass none.</param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <exception cref="DirectoryNotFoundException">There is nothing at the path.</exception>
    /// <exception cref="InvalidDataException">The path holds no model, or a file is broken.</exception>
    /// <exception cref="NotSupportedException">The engine cannot compute this model.</exception>
    public static TextModel Load(
        string path, IEngine engine, SamplingOptions? defaults = null, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using StoredModel stored = StoredModel.Open(path);
        return Load(stored, engine, defaults, progress, cancellationToken);
    }

    /// <summary>Loads an opened model with an engine.</summary>
    /// <param name="stored">The opened model, which stays the caller's.</param>
    /// <param name="engine">The engine that computes it.</param>
    /// <param name="defaults">The options of calls that pass none.</param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <exception cref="InvalidDataException">A file is broken.</exception>
    /// <exception cref="NotSupportedException">The engine cannot compute this model.</exception>
    public static TextModel Load(
        StoredModel stored, IEngine engine, SamplingOptions? defaults = null, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(engine);
        Tokenizer tokenizer = stored.Tokenizer;
        ILanguageModel model = engine.Load(stored, progress, cancellationToken);
        try
        {
            return new TextModel(model, tokenizer, defaults);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Gets the language model: scores, decoders and architecture.</summary>
    public ILanguageModel Model { get; }

    /// <summary>Gets the tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Gets the options of calls that pass none.</summary>
    public SamplingOptions Defaults { get; }

    /// <summary>Writes one completion of a prompt. Its <see cref="Completion.ToString"/> is the text.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How tokens are chosen and when the text ends; <see cref="Defaults"/> where null.</param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <exception cref="ArgumentException">The prompt does not fit into the context, or an option is impossible.</exception>
    public Completion Generate(string prompt, SamplingOptions? options = null, CancellationToken cancellationToken = default) =>
        _generator.Generate(prompt, options ?? Defaults, null, cancellationToken);

    /// <summary>Writes several completions of several prompts, many in each pass over the weights.</summary>
    /// <param name="prompts">The texts to continue, of any lengths.</param>
    /// <param name="options">How tokens are chosen and when the texts end; <see cref="Defaults"/> where null.</param>
    /// <param name="samples">The number of completions of each prompt, 1 or more.</param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <returns>For each prompt its completions.</returns>
    /// <exception cref="ArgumentException">A prompt does not fit into the context, or an option is impossible.</exception>
    public Completion[][] GenerateEach(IReadOnlyList<string> prompts, SamplingOptions? options = null, int samples = 1, CancellationToken cancellationToken = default) =>
        _generator.GenerateEach(prompts, options ?? Defaults, samples, null, cancellationToken);

    /// <summary>Writes one completion of a prompt and returns its tokens as they are drawn. See <see cref="TextGenerator.StreamAsync"/>.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How tokens are chosen and when the text ends; <see cref="Defaults"/> where null.</param>
    /// <param name="cancellationToken">Checked before each token. The enumeration then throws <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">The prompt does not fit into the context, or an option is impossible. Thrown here, before the enumeration begins.</exception>
    public IAsyncEnumerable<GeneratedToken> StreamAsync(string prompt, SamplingOptions? options = null, CancellationToken cancellationToken = default) =>
        _generator.StreamAsync(prompt, options ?? Defaults, cancellationToken);

    /// <summary>Starts a conversation with the model.</summary>
    /// <param name="template">What stands around the messages; <see cref="ChatTemplate.Plain"/> where null.</param>
    /// <param name="system">The instruction before the first message, or an empty text.</param>
    public Conversation StartConversation(ChatTemplate? template = null, string system = "") => new(Model, Tokenizer, template ?? ChatTemplate.Plain, system);

    /// <summary>Frees the model.</summary>
    public void Dispose() => Model.Dispose();
}
