using System.Security.Cryptography;
using System.Text;
using Foreword.Cpu;
using Foreword.Cpu.Scheduling;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Hosting;

/// <summary>The models of a server: opened at once, loaded while the server already answers whether it is ready.</summary>
internal sealed class ModelHost : IDisposable
{
    private readonly ServerOptions _options;
    private readonly List<HostedModel> _models = [];

    /// <summary>Opens the models, which reads no weights.</summary>
    /// <exception cref="ArgumentException">Two models have one name, or there is none.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no model at a path.</exception>
    /// <exception cref="InvalidDataException">A path holds no model, or a file is broken.</exception>
    public ModelHost(ServerOptions options)
    {
        _options = options;
        if (options.Models.Count == 0)
            throw new ArgumentException("there is no model to serve", nameof(options));
        try
        {
            foreach (ServedModelOptions model in options.Models)
            {
                if (_models.Any(other => other.Name == model.Name))
                    throw new ArgumentException($"two models have the name {model.Name}; give them different aliases", nameof(options));
                StoredModel stored = StoredModel.Open(model.Path);
                _models.Add(new HostedModel(model, stored));
                if (stored.FineTunedFor is { } task)
                    throw new InvalidDataException($"{model.Path} is fine-tuned for {task}; only language models can be served");
                _ = stored.Tokenizer;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Gets the models in their order.</summary>
    public IReadOnlyList<HostedModel> Models => _models;

    /// <summary>Gets whether all models are loaded.</summary>
    public bool IsReady => _models.All(model => model.Text is not null);

    /// <summary>Loads the weights of all models.</summary>
    public void Load(CancellationToken cancellationToken)
    {
        foreach (HostedModel model in _models)
        {
            CpuLanguageModel loaded = (CpuLanguageModel)model.Options.Engine.Load(model.Stored, null, cancellationToken);
            SchedulerOptions limits = new() { MaxSequences = _options.MaxSequences, MaxQueue = _options.MaxQueue, CacheMemory = _options.CacheMemory };
            model.Text = new ServedText(model.Name, loaded, model.Stored.Tokenizer, model.Options.Template, limits);
        }
    }

    /// <summary>Returns the language model with a name; the first where the name is null.</summary>
    /// <exception cref="ApiException">There is no such model, or it is not loaded yet.</exception>
    public ServedText Text(string? name) => Find(name).Text ?? throw new ApiException(503, "Loading model") { RetryAfter = 1 };

    /// <summary>Returns the model with a name; the first where the name is null.</summary>
    /// <exception cref="ApiException">There is no such model.</exception>
    public HostedModel Find(string? name) => name is null ? _models[0]
        : _models.Find(model => model.Name == name) ?? throw new ApiException(404, $"there is no model {(name.Length > 80 ? name[..80] : name)}; this server has {string.Join(", ", _models.Select(model => model.Name))}", "model", "model_not_found");

    /// <summary>Returns who asks: the key, else the address. Requests of different clients start in turn.</summary>
    public string ClientOf(HttpContext context) => _options.ApiKeys.Count > 1
        ? Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString())))
        : context.Connection.RemoteIpAddress?.ToString() ?? "";

    /// <inheritdoc/>
    public void Dispose() => _models.ForEach(model => model.Dispose());
}

/// <summary>A model of a server.</summary>
internal sealed class HostedModel(ServedModelOptions options, StoredModel stored) : IDisposable
{
    public ServedModelOptions Options => options;

    public string Name => options.Name;

    public StoredModel Stored => stored;

    /// <summary>Gets when the model was opened, in seconds since 1970.</summary>
    public long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Gets or sets the loaded model; null before.</summary>
    public ServedText? Text { get; set; }

    public void Dispose()
    {
        Text?.Dispose();
        stored.Dispose();
    }
}
