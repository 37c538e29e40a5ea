using Foreword.Extensions.AI.Requests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Extensions.AI;

/// <summary>
/// A language model in a program. Chat clients and embedding generators share it, and their concurrent calls share passes over the weights. The first
/// call loads it. All members are thread-safe.
/// </summary>
public sealed class ForewordModel : IDisposable
{
    /// <summary>The name of the meter and of the activity source of this package.</summary>
    public const string TelemetryName = "Foreword.Extensions.AI";

    private readonly ForewordOptions _options;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _disposing = new();
    private readonly Lock _change = new();
    private Task<LoadedModel>? _loading;
    private bool _disposed;

    /// <summary>Initializes a model that is not loaded. No file is read.</summary>
    /// <param name="options">The settings, which must not change afterwards.</param>
    /// <param name="logger">Receives a message when the model was loaded; null for none.</param>
    /// <exception cref="ArgumentException">A setting is not valid. The message names it.</exception>
    public ForewordModel(ForewordOptions options, ILogger<ForewordModel>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Problems().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(options));
        (_options, _log) = (options, logger ?? NullLogger<ForewordModel>.Instance);
        Measurements = new ModelMeasurements(options.ModelName, () => Loaded);
    }

    /// <summary>Gets the name of the model in answers and measurements.</summary>
    public string Name => _options.ModelName;

    /// <summary>Gets whether the weights are loaded.</summary>
    public bool IsLoaded => Loaded is not null;

    /// <summary>Gets the loading that was started last; null before the first.</summary>
    internal Task? Loading => _loading;

    /// <summary>Gets the loaded model; null before.</summary>
    internal LoadedModel? Loaded => _loading is { IsCompletedSuccessfully: true } done ? done.Result : null;

    internal ModelMeasurements Measurements { get; }

    internal EmbeddingPooling Pooling => _options.Pooling;

    /// <summary>Loads the model, unless it is loaded. If an earlier attempt failed, it is tried again.</summary>
    /// <param name="cancellationToken">Cancels the waiting. The loading goes on for other callers.</param>
    /// <returns>The loaded model, which stays this object's.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no model at the path.</exception>
    /// <exception cref="InvalidDataException">The path holds no language model, or a file is broken.</exception>
    /// <exception cref="ArgumentException">The model is quantized to another type than the settings say.</exception>
    /// <exception cref="ObjectDisposedException">This object is disposed.</exception>
    public async Task<TextModel> LoadAsync(CancellationToken cancellationToken = default) => (await LoadedAsync(cancellationToken).ConfigureAwait(false)).Text;

    /// <summary>Creates a chat client. Disposing it does nothing, because the model stays this object's.</summary>
    /// <remarks>
    /// <see cref="ChatOptions"/> are obeyed, or refused by name with a <see cref="NotSupportedException"/>. <see cref="ChatOptions.RawRepresentationFactory"/>
    /// can return <see cref="Generation.SamplingOptions"/>, which the other options then change. Answers have their <see cref="Generation.Completion"/> as
    /// <see cref="ChatResponse.RawRepresentation"/>.
    /// </remarks>
    public IChatClient AsIChatClient() => new ForewordChatClient(this);

    /// <summary>Creates an embedding generator. Disposing it does nothing, because the model stays this object's.</summary>
    /// <remarks>An embedding is computed as <see cref="ForewordOptions.Pooling"/> says, and has length 1.</remarks>
    public IEmbeddingGenerator<string, Embedding<float>> AsIEmbeddingGenerator() => new ForewordEmbeddingGenerator(this);

    /// <summary>Frees the model. Running calls end with an <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (_change)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        _disposing.Cancel();
        try
        {
            _loading?.GetAwaiter().GetResult().Dispose();
        }
        catch (Exception)
        {
            // the loading has failed or was canceled, so there is nothing to free
        }

        Measurements.Dispose();
        _disposing.Dispose();
    }

    /// <summary>Returns the loaded model, and loads it at first.</summary>
    internal Task<LoadedModel> LoadedAsync(CancellationToken cancellationToken)
    {
        lock (_change)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_loading is null or { IsFaulted: true } or { IsCanceled: true })
                _loading = Task.Run(() => LoadedModel.Load(_options, _log, _disposing.Token));
            return Ending.TranslateAsync(_loading.WaitAsync(cancellationToken), cancellationToken);
        }
    }

    /// <summary>Returns the service of a client or generator of this model; null if there is none.</summary>
    /// <remarks>The loaded model is a service, too. Asking for it loads it, and waits.</remarks>
    internal object? Service(Type type, object? key, object client, object metadata)
    {
        ArgumentNullException.ThrowIfNull(type);
        return key is not null ? null
            : type == typeof(TextModel) ? LoadAsync().GetAwaiter().GetResult()
            : new[] { client, metadata, this }.FirstOrDefault(type.IsInstanceOfType);
    }
}
