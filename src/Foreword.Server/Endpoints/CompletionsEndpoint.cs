using System.Diagnostics;
using System.Text.Json;
using Foreword.Cpu.Scheduling;
using Foreword.Server.Hosting;
using Foreword.Server.Requests;
using Foreword.Server.Responses;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Endpoints;

/// <summary>Answers <c>/v1/completions</c> and <c>/v1/chat/completions</c>.</summary>
/// <param name="models">The models.</param>
/// <param name="metrics">Counts the requests.</param>
/// <param name="isChat">Whether requests hold messages.</param>
internal sealed class CompletionsEndpoint(ModelHost models, ServerMetrics metrics, bool isChat)
{
    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        long start = Stopwatch.GetTimestamp();
        using JsonDocument body = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        RequestFields fields = new(body.RootElement);
        ServedText model = models.Text(fields.Text("model"));
        CompletionRequest request = isChat ? ChatRequest.Read(fields, model) : CompletionRequest.Read(fields, model);
        CompletionRun run = await CompletionRun.StartAsync(model.Scheduler, ended => Jobs(request, model, models.ClientOf(context), ended), context.RequestAborted).ConfigureAwait(false);
        await using (run.ConfigureAwait(false))
        {
            CompletionAnswer answer = new(request, model, isChat);
            run.OnToken = !request.Streams ? null : (time, isFirst) => (isFirst ? (Action<string, TimeSpan>)metrics.CountFirst : metrics.CountNext)(model.Name, time);
            if (request.Streams)
                await StreamAsync(context, run, request, answer).ConfigureAwait(false);
            else
                await SendAsync(context, run, request, answer).ConfigureAwait(false);
            metrics.CountRequest(model.Name, Stopwatch.GetElapsedTime(start));
        }
    }

    private static IEnumerable<GenerationJob> Jobs(CompletionRequest request, ServedText model, string client, CancellationToken ended) => request.Prompts.Select(prompt => new GenerationJob
    {
        Prompt = prompt.Ids,
        Options = request.BestOf > request.Samples && request.Options.LogProbs is null ? request.Options with { LogProbs = 0 } : request.Options,
        Streams = request.Streams,
        ReadsInline = request.Streams,
        Samples = request.Generates ? request.BestOf : 0,
        PromptLogProbs = request.Echo ? request.Options.LogProbs : null,
        Lead = model.Lead(prompt.Text, prompt.Ids),
        Client = client,
        CancellationToken = ended,
    });

    private static async Task SendAsync(HttpContext context, CompletionRun run, CompletionRequest request, CompletionAnswer answer)
    {
        JobResult[] results = await run.FinishAsync().ConfigureAwait(false);
        (int prompts, int cached) = run.Prompts;
        int written = results.Sum(result => result.Drawn.Sum(tokens => tokens.Count));
        await JsonText.SendAsync(context, json =>
        {
            answer.WriteHead(json, streams: false);
            json.WriteStartArray("choices");
            for (int prompt = 0; prompt < results.Length; prompt++)
            {
                int[] samples = request.Generates ? Best(results[prompt], request) : [0];
                for (int place = 0; place < samples.Length; place++)
                    answer.WriteChoice(json, prompt, place, results[prompt], samples[place]);
            }

            json.WriteEndArray();
            JsonText.WriteUsage(json, prompts, cached, written);
        }).ConfigureAwait(false);
    }

    /// <summary>Returns the completions with the highest log-probability for each token.</summary>
    private static int[] Best(JobResult result, CompletionRequest request)
    {
        IEnumerable<int> all = Enumerable.Range(0, request.BestOf);
        return request.BestOf == request.Samples ? [.. all] : [.. all.OrderByDescending(sample => result.Drawn[sample].Average(token => token.LogProb!.LogProb)).Take(request.Samples)];
    }

    private static async Task StreamAsync(HttpContext context, CompletionRun run, CompletionRequest request, CompletionAnswer answer)
    {
        IAsyncEnumerator<(int Job, JobEvent Happened)> events = run.EventsAsync().GetAsyncEnumerator(context.RequestAborted);
        await using (events.ConfigureAwait(false))
        {
            bool more = await events.MoveNextAsync().ConfigureAwait(false); // a problem with the first event is still an answer of its own
            EventStream stream = new(context, RequestTime.ClientGone(context));
            int written = 0;
            try
            {
                while (more)
                {
                    (int prompt, JobEvent happened) = events.Current;
                    written += happened is TokenDrawn ? 1 : 0;
                    if (answer.HasText(happened))
                    {
                        int soFar = written;
                        stream.Write(json =>
                        {
                            answer.WriteHead(json, streams: true);
                            json.WriteStartArray("choices");
                            answer.WriteChunk(json, prompt, happened);
                            json.WriteEndArray();
                            if (request.ContinuousUsage)
                                JsonText.WriteUsage(json, run.Prompts.Tokens, run.Prompts.Cached, soFar);
                            else if (request.IncludesUsage)
                                json.WriteNull("usage");
                        });
                        await stream.FlushAsync().ConfigureAwait(false);
                    }

                    more = await events.MoveNextAsync().ConfigureAwait(false);
                }

                if (request.IncludesUsage)
                {
                    stream.Write(json =>
                    {
                        answer.WriteHead(json, streams: true);
                        json.WriteStartArray("choices");
                        json.WriteEndArray();
                        JsonText.WriteUsage(json, run.Prompts.Tokens, run.Prompts.Cached, written);
                    });
                }
            }
            catch (Exception problem) when (!RequestTime.ClientGone(context).IsCancellationRequested)
            {
                ApiException told = ApiErrors.Tell(context, problem);
                stream.Write(json => JsonText.WriteError(json, told));
            }

            await stream.FinishAsync().ConfigureAwait(false);
        }
    }
}
