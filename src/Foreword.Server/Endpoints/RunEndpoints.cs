using System.Globalization;
using System.Text.Json;
using Foreword.Server.Responses;
using Foreword.Server.Runs;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Endpoints;

/// <summary>Answers <c>/v1/runs</c>: what training runs have logged, also while they train. No answer has a path of the machine.</summary>
internal sealed class RunEndpoints(RunCatalog runs)
{
    /// <summary>Answers <c>GET /v1/runs</c>.</summary>
    public Task ListAsync(HttpContext context) => JsonText.SendAsync(context, json =>
    {
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (TrainedRun run in runs.List())
        {
            json.WriteStartObject();
            WriteRun(json, run);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>Answers <c>GET /v1/runs/{id}</c>.</summary>
    public Task GetAsync(HttpContext context)
    {
        TrainedRun run = Run(context);
        return JsonText.SendAsync(context, json =>
        {
            WriteRun(json, run);
            json.WriteString("recipe", run.RecipeText);
            json.WriteStartArray("checkpoints");
            foreach ((int step, long bytes) in run.Checkpoints())
            {
                json.WriteStartObject();
                json.WriteNumber("step", step);
                json.WriteNumber("bytes", bytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            WriteRows(json, "samples", run.SampleRows());
        });
    }

    /// <summary>Answers <c>GET /v1/runs/{id}/metrics</c>: the lines of <c>metrics.jsonl</c> after the step <c>after</c>.</summary>
    public Task MetricsAsync(HttpContext context)
    {
        TrainedRun run = Run(context);
        string? given = context.Request.Query["after"];
        int after = -1;
        if (!string.IsNullOrEmpty(given) && !int.TryParse(given, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out after))
            throw new ApiException(400, $"after is {(given.Length > 40 ? given[..40] : given)}; it must be a step, a whole number", "after");
        return JsonText.SendAsync(context, json =>
        {
            json.WriteString("object", "list");
            WriteRows(json, "data", run.MetricsAfter(after).Select(row => row.Row));
        });
    }

    private TrainedRun Run(HttpContext context) => runs.Find((string)context.Request.RouteValues["id"]!);

    private static void WriteRun(Utf8JsonWriter json, TrainedRun run)
    {
        int steps = run.Steps;
        json.WriteString("id", run.Id);
        json.WriteString("object", "run");
        json.WriteString("kind", run.Kind);
        json.WriteNumber("steps", steps);
        if (run.PlannedSteps is { } planned)
            json.WriteNumber("planned_steps", planned);
        else
            json.WriteNull("planned_steps");
        json.WriteNumber("changed", new DateTimeOffset(run.Changed).ToUnixTimeSeconds());
        json.WriteString("state", run.State(steps));
    }

    private static void WriteRows(Utf8JsonWriter json, string name, IEnumerable<JsonElement> rows)
    {
        json.WriteStartArray(name);
        foreach (JsonElement row in rows)
            row.WriteTo(json);
        json.WriteEndArray();
    }
}
