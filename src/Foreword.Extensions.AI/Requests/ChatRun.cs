using System.Diagnostics;
using Foreword.Cpu.Scheduling;
using Foreword.Generation;
using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI.Requests;

/// <summary>A request of a chat client that the scheduler works on. If it is disposed early, the scheduler drops it before the next token.</summary>
internal sealed class ChatRun : IAsyncDisposable
{
    private readonly ForewordModel _model;
    private readonly CompletionRun _run;
    private readonly Activity? _activity;
    private readonly long _start;
    private readonly CancellationToken _cancellationToken;
    private int _written;
    private Exception? _problem;

    private ChatRun(ForewordModel model, CompletionRun run, Activity? activity, long start, CancellationToken cancellationToken) =>
        (_model, _run, _activity, _start, _cancellationToken) = (model, run, activity, start, cancellationToken);

    public string ResponseId { get; } = $"chatcmpl-{Guid.NewGuid():N}";

    public string MessageId { get; } = $"msg-{Guid.NewGuid():N}";

    public DateTimeOffset CreatedAt { get; } = DateTimeOffset.UtcNow;

    /// <summary>Gets the numbers of tokens so far. The output includes a token that ended the text.</summary>
    public UsageDetails Usage => new()
    {
        InputTokenCount = _run.Prompts.Tokens,
        CachedInputTokenCount = _run.Prompts.Cached,
        OutputTokenCount = _written,
        TotalTokenCount = _run.Prompts.Tokens + _written,
    };

    /// <summary>Loads the model if necessary, and gives the request to its scheduler.</summary>
    /// <exception cref="ArgumentException">A message or an option is not possible.</exception>
    /// <exception cref="NotSupportedException">A message or an option is not supported.</exception>
    /// <exception cref="InvalidOperationException">The model has no chat template, or too many requests wait.</exception>
    public static async Task<ChatRun> StartAsync(
        ForewordModel model, IChatClient client, IEnumerable<ChatMessage> messages, ChatOptions? options, bool streams, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        Activity? activity = ModelMeasurements.Source.StartActivity($"generate {model.Name}");
        long start = Stopwatch.GetTimestamp();
        try
        {
            LoadedModel loaded = await model.LoadedAsync(cancellationToken).ConfigureAwait(false);
            (int[] ids, SamplingOptions sampling) = ChatRequest.Read(messages, options, model, client, loaded);
            CompletionRun run = await CompletionRun.StartAsync(
                loaded.Scheduler, ended => [new GenerationJob { Prompt = ids, Options = sampling, Streams = streams, CancellationToken = ended }], cancellationToken).ConfigureAwait(false);
            if (streams)
                run.OnToken = model.Measurements.Token;
            return new ChatRun(model, run, activity, start, cancellationToken);
        }
        catch (Exception problem)
        {
            End(model, activity, start, problem);
            throw;
        }
    }

    /// <summary>Returns what happens to the request.</summary>
    /// <exception cref="OperationCanceledException">The caller has canceled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public async IAsyncEnumerable<JobEvent> EventsAsync()
    {
        IAsyncEnumerator<(int Job, JobEvent Happened)> events = _run.EventsAsync().GetAsyncEnumerator(CancellationToken.None);
        await using (events.ConfigureAwait(false))
        {
            while (await NextAsync(events).ConfigureAwait(false))
            {
                JobEvent happened = events.Current.Happened;
                if (happened is TokenDrawn && ++_written == 1)
                    _activity?.AddEvent(new ActivityEvent("first_token"));
                yield return happened;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _activity?.SetTag("gen_ai.usage.input_tokens", _run.Prompts.Tokens).SetTag("gen_ai.usage.cache_read.input_tokens", _run.Prompts.Cached).SetTag("gen_ai.usage.output_tokens", _written);
        End(_model, _activity, _start, _problem);
        await _run.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<(int, JobEvent)> events)
    {
        try
        {
            return await Ending.TranslateAsync(events.MoveNextAsync().AsTask(), _cancellationToken).ConfigureAwait(false);
        }
        catch (Exception problem)
        {
            _problem = problem;
            throw;
        }
    }

    private static void End(ForewordModel model, Activity? activity, long start, Exception? problem)
    {
        model.Measurements.Request("chat", Stopwatch.GetElapsedTime(start), problem);
        if (problem is not null)
            activity?.SetStatus(ActivityStatusCode.Error, problem.Message);
        activity?.Dispose();
    }
}
