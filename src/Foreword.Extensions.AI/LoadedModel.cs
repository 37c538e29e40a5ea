using System.Diagnostics;
using Foreword.Chat;
using Foreword.Cpu;
using Foreword.Cpu.Scheduling;
using Foreword.Generation;
using Microsoft.Extensions.Logging;

namespace Foreword.Extensions.AI;

/// <summary>A loaded model with its scheduler and its template.</summary>
internal sealed partial class LoadedModel : IDisposable
{
    private const string PlainTemplate = "plain";

    private readonly TextGenerator _generator;

    private LoadedModel(ForewordOptions options, TextModel text, ChatTemplate? template)
    {
        (Text, Template) = (text, template);
        _generator = new TextGenerator(text.Model, text.Tokenizer);
        Network = (CpuLanguageModel)text.Model;
        Scheduler = new Scheduler(Network, text.Tokenizer, new SchedulerOptions { MaxSequences = options.MaxSequences, MaxQueue = options.MaxQueue, CacheMemory = options.CacheMemory });
        MaxSequences = options.MaxSequences;
    }

    public TextModel Text { get; }

    public ChatTemplate? Template { get; }

    public CpuLanguageModel Network { get; }

    public Scheduler Scheduler { get; }

    public int MaxSequences { get; }

    /// <summary>Gets the number format of the weights, such as <c>int8</c>.</summary>
    public string Format => Network.WeightType.ToString().ToLowerInvariant();

    /// <summary>Opens and loads a model.</summary>
    public static LoadedModel Load(ForewordOptions options, ILogger log, CancellationToken cancellationToken)
    {
        using Activity? activity = ModelMeasurements.Source.StartActivity($"load {options.ModelName}");
        long start = Stopwatch.GetTimestamp();
        try
        {
            using StoredModel stored = Open(options);
            ChatTemplate? template = TemplateOf(options, stored);
            CpuEngine engine = new() { Weights = options.Weights, Threads = options.Threads, Deterministic = options.Deterministic };
            LoadedModel loaded = new(options, TextModel.Load(stored, engine, cancellationToken: cancellationToken), template);
            (string name, string format, long bytes, TimeSpan time) = (options.ModelName, loaded.Format, loaded.Network.WeightBytes, Stopwatch.GetElapsedTime(start));
            LogLoaded(log, name, format, bytes / 1_000_000, time.TotalSeconds);
            return loaded;
        }
        catch (Exception problem)
        {
            activity?.SetStatus(ActivityStatusCode.Error, problem.Message);
            throw;
        }
    }

    /// <summary>Opens a model and checks what can be known without its weights.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no model at the path.</exception>
    /// <exception cref="InvalidDataException">The path holds no language model, or a file is broken.</exception>
    public static StoredModel Open(ForewordOptions options)
    {
        StoredModel stored = StoredModel.Open(options.Path);
        try
        {
            if (stored.FineTunedFor is { } task)
                throw new InvalidDataException($"{options.Path} is fine-tuned for {task} and writes no text; {nameof(TaskModel)} loads it");
            _ = stored.Tokenizer;
            return stored;
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Returns the template that the settings give, or the one of the model directory; null if there is none.</summary>
    /// <exception cref="FileNotFoundException">The file of the settings does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is not a template, or the model was trained on dialogues from their end.</exception>
    public static ChatTemplate? TemplateOf(ForewordOptions options, StoredModel stored)
    {
        string own = Path.Combine(stored.Directory, ChatYaml.FileName);
        bool hasOwn = File.Exists(own), isGiven = options.Template is not null || options.TemplateFile is not null;
        if (hasOwn && OwnTemplate(own, isGiven)?.Reverse == true)
            throw new InvalidDataException($"{options.Path} was trained on dialogues from their end, so it ranks answers and does not write them; name a model that was trained without task.reverse");
        if (options.Template is not null || options.TemplateFile == PlainTemplate)
            return options.Template ?? ChatTemplate.Plain;
        return options.TemplateFile is { } file ? ChatYaml.Read(file) : hasOwn ? ChatYaml.Read(own) : null;
    }

    /// <summary>Reads the template of the model directory. If another one replaces it, its faults do not matter.</summary>
    private static ChatTemplate? OwnTemplate(string path, bool isReplaced)
    {
        try
        {
            return ChatYaml.Read(path);
        }
        catch (InvalidDataException) when (isReplaced)
        {
            return null;
        }
    }

    /// <summary>Encodes a text as a prompt. Texts of special tokens are plain text.</summary>
    public int[] PromptIds(string text) => _generator.WholePromptIds(text, allowSpecial: false);

    /// <inheritdoc/>
    public void Dispose()
    {
        Scheduler.Dispose();
        Text.Dispose();
    }

    [LoggerMessage(EventId = 1, EventName = "Loaded", Level = LogLevel.Information, Message = "Loaded {Model}: {Format}, {Megabytes} MB, in {Seconds:0.00} s")]
    private static partial void LogLoaded(ILogger logger, string model, string format, long megabytes, double seconds);
}
