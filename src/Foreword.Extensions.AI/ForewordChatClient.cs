using System.Runtime.CompilerServices;
using Foreword.Cpu.Scheduling;
using Foreword.Extensions.AI.Requests;
using Foreword.Generation;
using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI;

/// <summary>Answers messages with a model. Concurrent calls share passes.</summary>
internal sealed class ForewordChatClient(ForewordModel model) : IChatClient
{
    /// <summary>The name of the provider in metadata and measurements.</summary>
    public const string ProviderName = "foreword";

    private readonly ChatClientMetadata _metadata = new(ProviderName, null, model.Name);

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChatRun run = await ChatRun.StartAsync(model, this, messages, options, streams: false, cancellationToken).ConfigureAwait(false);
        await using (run.ConfigureAwait(false))
        {
            Completion? completion = null;
            await foreach (JobEvent happened in run.EventsAsync().ConfigureAwait(false))
                completion = (happened as CompletionEnded)?.Completion ?? completion;
            return new ChatResponse(new ChatMessage(ChatRole.Assistant, completion!.Text) { MessageId = run.MessageId, CreatedAt = run.CreatedAt })
            {
                ResponseId = run.ResponseId,
                CreatedAt = run.CreatedAt,
                ModelId = model.Name,
                FinishReason = Reason(completion),
                Usage = run.Usage,
                RawRepresentation = completion,
            };
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatRun run = await ChatRun.StartAsync(model, this, messages, options, streams: true, cancellationToken).ConfigureAwait(false);
        await using (run.ConfigureAwait(false))
        {
            await foreach (JobEvent happened in run.EventsAsync().ConfigureAwait(false))
            {
                if (happened is TokenDrawn { Text.Length: > 0 } token)
                    yield return Update(run, token.Text);
                else if (happened is CompletionEnded ended)
                    yield return Last(run, ended);
            }
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) => model.Service(serviceType, serviceKey, this, _metadata);

    /// <summary>Does nothing. The model is its owner's.</summary>
    public void Dispose()
    {
    }

    private ChatResponseUpdate Update(ChatRun run, string text) => new(ChatRole.Assistant, text)
    {
        ResponseId = run.ResponseId,
        MessageId = run.MessageId,
        CreatedAt = run.CreatedAt,
        ModelId = model.Name,
    };

    private ChatResponseUpdate Last(ChatRun run, CompletionEnded ended)
    {
        ChatResponseUpdate last = Update(run, ended.Text);
        last.Contents.Add(new UsageContent(run.Usage));
        last.FinishReason = Reason(ended.Completion);
        last.RawRepresentation = ended.Completion;
        return last;
    }

    private static ChatFinishReason Reason(Completion completion) => completion.FinishReason == FinishReason.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length;
}
