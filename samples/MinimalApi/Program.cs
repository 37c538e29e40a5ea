using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddForeword(builder.Configuration.GetSection("Foreword"));
builder.Services.AddHealthChecks().AddForeword();
WebApplication app = builder.Build();

// Streams an answer as server-sent events. A client that disconnects ends its answer.
app.MapGet("/ask", (string question, IChatClient client, CancellationToken aborted) => TypedResults.ServerSentEvents(
    client.GetStreamingResponseAsync(question, new ChatOptions { MaxOutputTokens = 60, TopK = 40 }, aborted).Select(update => update.Text)));

// Answers with a record. Tokens that cannot lead to one are never drawn, so the form is always right. How good the content is depends on the model.
app.MapPost("/sort", async (Letter letter, IChatClient client, CancellationToken aborted) =>
    (await client.GetResponseAsync<SortedLetter>($"Sort this letter: {letter.Text}", new ChatOptions { Temperature = 0 }, cancellationToken: aborted)).Result);

app.MapHealthChecks("/health");
app.Run();

internal sealed record Letter(string Text);

internal sealed record SortedLetter(Department Department, [property: Range(1, 5)] int Urgency);

[JsonConverter(typeof(JsonStringEnumConverter<Department>))]
internal enum Department
{
    Cards,
    Transfers,
    Other,
}
