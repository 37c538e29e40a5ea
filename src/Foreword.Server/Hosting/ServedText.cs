using Foreword.Chat;
using Foreword.Cpu;
using Foreword.Cpu.Scheduling;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Server.Hosting;

/// <summary>A loaded language model with its scheduler.</summary>
internal sealed class ServedText : IDisposable
{
    private readonly CpuLanguageModel _model;
    private readonly TextGenerator _generator;

    /// <summary>Starts the scheduler of a loaded model.</summary>
    public ServedText(string name, CpuLanguageModel model, Tokenizer tokenizer, ChatTemplate? template, SchedulerOptions options)
    {
        (Name, _model, Tokenizer, Template) = (name, model, tokenizer, template);
        _generator = new TextGenerator(model, tokenizer);
        Scheduler = new Scheduler(model, tokenizer, options);
        Format = model.WeightType.ToString().ToLowerInvariant();
        Fingerprint = $"foreword-{typeof(ServedText).Assembly.GetName().Version?.ToString(3)}-{Format}";
    }

    public string Name { get; }

    public GptConfig Config => _model.Config;

    public Tokenizer Tokenizer { get; }

    public ChatTemplate? Template { get; }

    public Scheduler Scheduler { get; }

    /// <summary>Gets what chooses among candidate answers to conversations; null if each answer is the only one.</summary>
    public ServedRanking? Ranking { get; init; }

    /// <summary>Gets the number format of the weights, such as <c>int8</c>.</summary>
    public string Format { get; }

    /// <summary>Gets the memory of the weights in bytes, with those of the backward model.</summary>
    public long WeightBytes => _model.WeightBytes + (Ranking?.WeightBytes ?? 0);

    /// <summary>Gets a name of program, version and format; answers with the same one and the same seed are equal.</summary>
    public string Fingerprint { get; }

    /// <summary>Gets the number of ids that both the tokenizer and the model know.</summary>
    public int Vocabulary => Math.Min(Tokenizer.VocabSize, Config.VocabSize);

    /// <summary>Encodes a prompt as <c>generate</c> does; the texts of special tokens become these tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">The number of last tokens to keep; all where null.</param>
    public (string Text, int[] Ids) Prompt(string text, int? most = null)
    {
        int[] ids = _generator.WholePromptIds(text, allowSpecial: true);
        return most < ids.Length ? (Tokenizer.Decode(ids.AsSpan(ids.Length - most.Value)), ids[^most.Value..]) : (text, ids);
    }

    /// <summary>Checks a prompt that was given as ids.</summary>
    public (string Text, int[] Ids) Prompt(int[] ids, string name, int? most = null)
    {
        if (ids.Length == 0)
            throw new ApiException(400, $"{name} has no tokens", name.Split('[')[0]);
        if (Array.FindIndex(ids, id => id >= Vocabulary) is >= 0 and int at)
            throw new ApiException(400, $"{name} has the token id {ids[at]}, which is out of vocabulary; it has {Vocabulary} ids", name.Split('[')[0]);
        if (most < ids.Length)
            ids = ids[^most.Value..];
        return (Tokenizer.Decode(ids), ids);
    }

    /// <summary>Returns text to insert between a prompt and its continuation.</summary>
    public string Lead(string prompt, int[] ids) => _generator.Lead(prompt, ids);

    /// <inheritdoc/>
    public void Dispose()
    {
        Scheduler.Dispose();
        _model.Dispose();
        Ranking?.Dispose();
    }
}
