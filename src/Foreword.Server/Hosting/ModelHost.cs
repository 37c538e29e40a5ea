using Foreword.Chat;
using Foreword.Cpu;
using Foreword.Cpu.Scheduling;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Hosting;

/// <summary>
/// The models of a server. They are opened at once. Tokenizers and weights are read beside each other, while the server is prepared and already
/// answers whether it is ready.
/// </summary>
internal sealed class ModelHost : IDisposable
{
    private readonly ServerOptions _options;
    private readonly List<HostedModel> _models = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _encoders;
    private readonly Task _loading;

    /// <summary>Opens the models, and begins to read them in the background.</summary>
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
                _models.Add(HostedModel.Open(model));
            }
        }
        catch
        {
            _models.ForEach(model => model.Dispose());
            throw;
        }

        _encoders = Start(ReadEncoders);
        _loading = Start(Load);
    }

    /// <summary>Gets the models in their order.</summary>
    public IReadOnlyList<HostedModel> Models => _models;

    /// <summary>Gets whether all models are loaded.</summary>
    public bool IsReady => _models.All(model => model.IsLoaded);

    /// <summary>Waits until all tokenizers and tasks are read, so that a problem with them is known before the server listens.</summary>
    /// <exception cref="InvalidDataException">A file is broken.</exception>
    public void WaitForEncoders() => _encoders.GetAwaiter().GetResult();

    /// <summary>Waits until the weights of all models are loaded.</summary>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <exception cref="InvalidDataException">A file is broken.</exception>
    public async Task LoadedAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.Register(_ended.Cancel);
        await _loading.ConfigureAwait(false);
    }

    /// <summary>Starts work on a thread of its own. The pool's threads are left to the parts of the work that run in parallel.</summary>
    private static Task Start(Action work) => System.Threading.Tasks.Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void ReadEncoders()
    {
        foreach (HostedModel model in _models)
        {
            if (model.IsTask)
                _ = model.Stored.Task;
            else
                _ = model.Stored.Tokenizer;
            _ = model.Backward?.Tokenizer;
        }
    }

    private void Load()
    {
        foreach (HostedModel model in _models)
        {
            if (model.IsTask)
            {
                WaitForEncoders(); // loading reads the task
                model.Task = new ServedTask(model.Name, (CpuTaskModel)model.Options.Engine.LoadTask(model.Stored, null, _ended.Token), _options.MaxQueue);
                continue;
            }

            CpuLanguageModel loaded = (CpuLanguageModel)model.Options.Engine.Load(model.Stored, null, _ended.Token);
            WaitForEncoders();
            SchedulerOptions limits = new() { MaxSequences = _options.MaxSequences, MaxQueue = _options.MaxQueue, CacheMemory = _options.CacheMemory };
            model.Text = new ServedText(model.Name, loaded, model.Stored.Tokenizer, model.Options.Template, limits) { Ranking = model.LoadRanking(_ended.Token) };
        }
    }

    /// <summary>Returns the language model with a name; the first language model where the name is null.</summary>
    /// <exception cref="ApiException">There is no such model, it is fine-tuned for a task, or it is not loaded yet.</exception>
    public ServedText Text(string? name)
    {
        HostedModel model = name is null ? _models.Find(one => !one.IsTask) ?? _models[0] : Find(name);
        return model.IsTask
            ? throw new ApiException(400, $"{model.Name} is fine-tuned for {model.Stored.FineTunedFor} and writes no text; /v1/classify, /v1/score, /v1/rerank and /v1/choose answer what it predicts", "model")
            : model.Text ?? throw NotLoaded();
    }

    /// <summary>Returns the fine-tuned model with a name; the first one where the name is null.</summary>
    /// <exception cref="ApiException">There is no such model, it is a language model, or it is not loaded yet.</exception>
    public ServedTask Task(string? name)
    {
        HostedModel model = name is null ? _models.Find(one => one.IsTask) ?? _models[0] : Find(name);
        return model.IsTask ? model.Task ?? throw NotLoaded() : throw new ApiException(400, $"{model.Name} is a language model; this endpoint is for models that are fine-tuned for a task", "model");
    }

    /// <summary>Returns the model with a name.</summary>
    /// <exception cref="ApiException">There is no such model.</exception>
    public HostedModel Find(string name) => _models.Find(model => model.Name == name) ?? throw new ApiException(404, $"there is no model {(name.Length > 80 ? name[..80] : name)}; this server has {string.Join(", ", _models.Select(model => model.Name))}", "model", "model_not_found");

    /// <summary>Returns who asks: the key, or the address where all have the same key or none. Requests of different clients start in turn.</summary>
    public string ClientOf(HttpContext context) => ApiKeys.ClientOf(context, _options.ApiKeys.Count);

    private static ApiException NotLoaded() => new(503, "Loading model") { RetryAfter = 1 };

    /// <summary>Ends the loading and frees the models.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        ((IAsyncResult)_loading).AsyncWaitHandle.WaitOne(); // its exception, if any, was for who waited for the models
        _models.ForEach(model => model.Dispose());
        _ended.Dispose();
    }
}

/// <summary>A model of a server.</summary>
internal sealed class HostedModel(ServedModelOptions options, StoredModel stored, StoredModel? backward) : IDisposable
{
    public ServedModelOptions Options => options;

    public string Name => options.Name;

    public StoredModel Stored => stored;

    /// <summary>Gets the model that ranks answers; null if there is none.</summary>
    public StoredModel? Backward => backward;

    /// <summary>Gets when the model was opened, in seconds since 1970.</summary>
    public long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Gets whether the model is fine-tuned for a task.</summary>
    public bool IsTask { get; } = stored.FineTunedFor is not null;

    /// <summary>Gets or sets the loaded language model; null before, and for a task.</summary>
    public ServedText? Text { get; set; }

    /// <summary>Gets or sets the loaded fine-tuned model; null before, and for a language model.</summary>
    public ServedTask? Task { get; set; }

    public bool IsLoaded => Text is not null || Task is not null;

    /// <summary>Gets the number format of the weights in memory, such as <c>int8</c>; null before they are loaded.</summary>
    public string? Format => Text?.Format ?? Task?.Format;

    /// <summary>Gets the memory of the weights in bytes; 0 before they are loaded.</summary>
    public long WeightBytes => Text?.WeightBytes ?? Task?.WeightBytes ?? 0;

    /// <summary>Opens the files of a model and of the model that ranks its answers.</summary>
    /// <exception cref="ArgumentException">Answers of a fine-tuned model cannot be ranked.</exception>
    /// <exception cref="InvalidDataException">A path holds no model, or no language model where one is needed.</exception>
    public static HostedModel Open(ServedModelOptions options)
    {
        StoredModel stored = StoredModel.Open(options.Path);
        StoredModel? backward = null;
        try
        {
            if (options.Ranking is not null && stored.FineTunedFor is { } task)
                throw new ArgumentException($"{options.Path} is fine-tuned for {task}; only the answers of a language model can be ranked", nameof(options));
            backward = options.Ranking?.Path is { } path ? StoredModel.Open(path) : null;
            if (backward?.FineTunedFor is { } other)
                throw new InvalidDataException($"{options.Ranking!.Path} is fine-tuned for {other}; a language model trained on reversed dialogues ranks answers");
            if (options.Template?.Reverse == true)
                throw new InvalidDataException($"{options.Path} was trained on dialogues from their end, so it ranks answers and does not write them");
            if (backward is not null && options.Ranking!.Template.Reverse == false)
                throw new InvalidDataException($"{options.Ranking.Path} was trained on dialogues from their beginning; a model trained on reversed dialogues ranks answers");
            return new HostedModel(options, stored, backward);
        }
        catch
        {
            backward?.Dispose();
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Loads the model that ranks answers; null if each answer is the only one.</summary>
    public ServedRanking? LoadRanking(CancellationToken cancellationToken)
    {
        if (options.Ranking is not { } ranking)
            return null;
        if (backward is null)
            return new ServedRanking(ranking.Candidates, null, null);
        CpuLanguageModel model = (CpuLanguageModel)options.Engine.Load(backward, null, cancellationToken);
        return new ServedRanking(ranking.Candidates, model, new AnswerRanker(model, backward.Tokenizer, ranking.Template, ranking.Rule, ranking.Lambda));
    }

    public void Dispose()
    {
        Text?.Dispose();
        Task?.Dispose();
        stored.Dispose();
        backward?.Dispose();
    }
}
