using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Foreword.Chat;
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
                await StreamAsync(context, run, request, answer, model).ConfigureAwait(false);
            else
                await SendAsync(context, run, request, answer, model).ConfigureAwait(false);
            metrics.CountRequest(model.Name, Stopwatch.GetElapsedTime(start));
        }
    }

    private static IEnumerable<GenerationJob> Jobs(CompletionRequest request, ServedText model, string client, CancellationToken ended) => request.Prompts.Select(prompt => new GenerationJob
    {
        Prompt = prompt.Ids,
        Options = Chooses(request) && request.Options.LogProbs is null ? request.Options with { LogProbs = 0 } : request.Options,
        Streams = request.Streams && !Chooses(request),
        ReadsInline = request.Streams && !Chooses(request),
        Samples = request.Generates ? request.BestOf : 0,
        PromptLogProbs = request.Echo ? request.Options.LogProbs : null,
        Lead = model.Lead(prompt.Text, prompt.Ids),
        Client = client,
        CancellationToken = ended,
    });

    private static async Task SendAsync(HttpContext context, CompletionRun run, CompletionRequest request, CompletionAnswer answer, ServedText model)
    {
        JobResult[] results = await run.FinishAsync().ConfigureAwait(false);
        (int prompts, int cached) = run.Prompts;
        int written = results.Sum(result => result.Drawn.Sum(tokens => tokens.Count));
        int[][] chosen = new int[results.Length][];
        for (int prompt = 0; prompt < results.Length; prompt++)
            chosen[prompt] = request.Generates ? await BestAsync(results[prompt], request, model, context.RequestAborted).ConfigureAwait(false) : [0];
        await JsonText.SendAsync(context, json =>
        {
            answer.WriteHead(json, streams: false);
            json.WriteStartArray("choices");
            for (int prompt = 0; prompt < results.Length; prompt++)
            {
                for (int place = 0; place < chosen[prompt].Length; place++)
                    answer.WriteChoice(json, prompt, place, results[prompt], chosen[prompt][place]);
            }

            json.WriteEndArray();
            JsonText.WriteUsage(json, prompts, cached, written);
        }).ConfigureAwait(false);
    }

    /// <summary>Returns whether more completions are written than sent.</summary>
    private static bool Chooses(CompletionRequest request) => request.BestOf > request.Samples;

    /// <summary>
    /// Returns the best completions: for conversations, as the model's ranking chooses them; otherwise, those with the highest log-probability for each
    /// token.
    /// </summary>
    private static async Task<int[]> BestAsync(JobResult result, CompletionRequest request, ServedText model, CancellationToken cancellationToken)
    {
        IEnumerable<int> all = Enumerable.Range(0, request.BestOf);
        if (!Chooses(request))
            return [.. all];
        if (request.Messages.Count == 0)
            return [.. all.OrderByDescending(sample => result.Drawn[sample].Average(token => token.LogProb!.LogProb)).Take(request.Samples)];
        AnswerCandidate[] candidates = [.. all.Select(sample => new AnswerCandidate(result.Completions[sample].Text, result.Drawn[sample].Sum(token => (double)token.LogProb!.LogProb), result.Drawn[sample].Count))];
        return [.. (await model.Ranking!.RankAsync(request.Messages, candidates, cancellationToken).ConfigureAwait(false)).Take(request.Samples)];
    }

    /// <summary>Returns the events of the best completions after all are written, as if only these had been.</summary>
    private static async IAsyncEnumerable<(int Job, JobEvent Happened)> ChosenAsync(CompletionRun run, CompletionRequest request, ServedText model, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        JobResult[] results = await run.FinishAsync().ConfigureAwait(false);
        for (int prompt = 0; prompt < results.Length; prompt++)
        {
            int[] chosen = await BestAsync(results[prompt], request, model, cancellationToken).ConfigureAwait(false);
            yield return (prompt, results[prompt].Prompt!);
            for (int place = 0; place < chosen.Length; place++)
            {
                foreach (TokenDrawn token in results[prompt].Drawn[chosen[place]])
                    yield return (prompt, request.Options.LogProbs is null ? token with { Sample = place, LogProb = null } : token with { Sample = place });
                yield return (prompt, results[prompt].Ended[chosen[place]] with { Sample = place });
            }
        }
    }

    private static async Task StreamAsync(HttpContext context, CompletionRun run, CompletionRequest request, CompletionAnswer answer, ServedText model)
    {
        IAsyncEnumerator<(int Job, JobEvent Happened)> events = (Chooses(request) ? ChosenAsync(run, request, model, context.RequestAborted) : run.EventsAsync()).GetAsyncEnumerator(context.RequestAborted);
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
