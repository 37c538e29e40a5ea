using System.Text.Json;
using Foreword.Server.Hosting;
using Foreword.Server.Requests;
using Foreword.Server.Responses;
using Foreword.Tasks;
using Foreword.Tasks.Kinds;
using Foreword.Tasks.Metrics;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Endpoints;

/// <summary>
/// Answers what fine-tuned models predict: <c>/v1/classify</c>, <c>/v1/score</c>, <c>/v1/rerank</c> and <c>/v1/choose</c>. The first two have vLLM's form,
/// the third that of Cohere and Jina.
/// </summary>
internal sealed class TaskEndpoints(ModelHost models)
{
    private const int MostExamples = 2048;

    /// <summary>Answers <c>/v1/classify</c>: one text, a list of texts, or a list of lists for tasks that read several texts.</summary>
    public Task ClassifyAsync(HttpContext context) => AnswerAsync(context, (fields, _) =>
    {
        JsonElement input = fields.Value("input") ?? throw new ApiException(400, "input is missing; it must be a text, a list of texts, or a list of lists of texts", "input");
        JsonElement[] items = input.ValueKind == JsonValueKind.String ? [input] : fields.Items("input", input, "a text, a list of texts, or a list of lists of texts", MostExamples);
        return [.. items.Select((item, i) => new TaskExample(TextsOf(item, $"input[{i}]"), []))];
    }, (json, task, examples, predictions) =>
    {
        WriteList(json, "classify", task, predictions.Count, i =>
        {
            WritePrediction(json, predictions[i]);
            if (task.Description.Target == TargetKind.WordClasses)
                WriteEntities(json, examples[i], predictions[i]);
            if (predictions[i].Span is { } span)
            {
                json.WriteNumber("start", span.Start);
                json.WriteNumber("end", span.End);
                json.WriteNumber("probability", span.Probability);
            }

            json.WriteNumber("num_classes", task.Description.Target == TargetKind.WordClasses ? task.Description.Labels.Count : predictions[i].Probabilities.Count);
        });
        json.WriteStartArray("labels");
        foreach (string label in task.Description.Labels)
            json.WriteStringValue(label);
        json.WriteEndArray();
    });

    /// <summary>Answers <c>/v1/score</c>: how the texts of <c>text_1</c> and <c>text_2</c> fit, one against many or pair by pair.</summary>
    public Task ScoreAsync(HttpContext context)
    {
        string? label = null;
        return AnswerAsync(context, (fields, task) =>
        {
            label = ScoredLabel(fields, task);
            string[] first = Texts(fields, "text_1"), second = Texts(fields, "text_2");
            if (first.Length != second.Length && first.Length != 1)
                throw new ApiException(400, $"text_1 has {first.Length} texts and text_2 has {second.Length}; text_1 must have one, or as many as text_2", "text_1");
            return [.. second.Select((text, i) => new TaskExample([first[first.Length == 1 ? 0 : i], text], []))];
        }, (json, task, _, predictions) => WriteList(json, "score", task, predictions.Count, i =>
        {
            json.WriteString("object", "score");
            json.WriteNumber("score", Score(predictions[i], task, label));
        }));
    }

    /// <summary>Answers <c>/v1/rerank</c>: the documents that fit a query best.</summary>
    public Task RerankAsync(HttpContext context)
    {
        string? label = null;
        int most = 0;
        bool returns = false;
        return AnswerAsync(context, (fields, task) =>
        {
            label = ScoredLabel(fields, task);
            string query = fields.Text("query") ?? throw new ApiException(400, "query is missing; it must be a text", "query");
            string[] documents = Texts(fields, "documents");
            most = (int)(fields.Integer("top_n", 1, int.MaxValue) ?? documents.Length);
            returns = fields.Flag("return_documents") ?? false;
            return [.. documents.Select(document => new TaskExample([query, document], []))];
        }, (json, task, examples, predictions) =>
        {
            json.WriteString("id", $"rerank-{Guid.NewGuid():N}");
            json.WriteString("model", task.Name);
            json.WriteStartArray("results");
            foreach (int i in Enumerable.Range(0, predictions.Count).OrderByDescending(i => Score(predictions[i], task, label)).Take(most))
            {
                json.WriteStartObject();
                json.WriteNumber("index", i);
                json.WriteNumber("relevance_score", Score(predictions[i], task, label));
                if (returns)
                {
                    json.WriteStartObject("document");
                    json.WriteString("text", examples[i].Texts[1]);
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    /// <summary>Answers <c>/v1/choose</c>: the likeliest of several choices.</summary>
    public Task ChooseAsync(HttpContext context) => AnswerAsync(context, (fields, task) =>
    {
        JsonElement input = fields.Value("input") ?? throw new ApiException(400, "input is missing; it must be a text or a list of the texts that the task reads", "input");
        string?[] texts = TextsOf(input, "input");
        int columns = task.Description.Definition.Columns.Count(column => !column.IsMany);
        return [new TaskExample([.. texts, .. Enumerable.Repeat<string?>(null, Math.Max(0, columns - texts.Length))], Texts(fields, "choices"))];
    }, (json, task, examples, predictions) =>
    {
        json.WriteString("id", $"choose-{Guid.NewGuid():N}");
        json.WriteString("model", task.Name);
        json.WriteNumber("index", predictions[0].Index);
        json.WriteString("choice", examples[0].Choices[predictions[0].Index]);
        WriteProbabilities(json, predictions[0]);
    });

    private async Task AnswerAsync(
        HttpContext context,
        Func<RequestFields, ServedTask, IReadOnlyList<TaskExample>> read,
        Action<Utf8JsonWriter, ServedTask, IReadOnlyList<TaskExample>, IReadOnlyList<Prediction>> write)
    {
        using JsonDocument body = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        RequestFields fields = new(body.RootElement);
        ServedTask task = models.Task(fields.Text("model"));
        fields.Ignore("user");
        IReadOnlyList<TaskExample> examples = read(fields, task);
        fields.Finish();
        IReadOnlyList<Prediction> predictions = await task.PredictAsync(examples, context.RequestAborted).ConfigureAwait(false);
        await JsonText.SendAsync(context, json => write(json, task, examples, predictions)).ConfigureAwait(false);
    }

    private static void WriteList(Utf8JsonWriter json, string kind, ServedTask task, int count, Action<int> write)
    {
        json.WriteString("id", $"{kind}-{Guid.NewGuid():N}");
        json.WriteString("object", "list");
        json.WriteNumber("created", DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        json.WriteString("model", task.Name);
        json.WriteStartArray("data");
        for (int i = 0; i < count; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("index", i);
            write(i);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WritePrediction(Utf8JsonWriter json, Prediction prediction)
    {
        json.WriteString("label", prediction.Label);
        if (prediction.Labels is { } labels)
        {
            json.WriteStartArray("labels");
            foreach (string label in labels)
                json.WriteStringValue(label);
            json.WriteEndArray();
        }

        if (!double.IsNaN(prediction.Value))
            json.WriteNumber("value", prediction.Value);
        json.WriteStartArray("probs");
        foreach (double probability in prediction.Probabilities)
            json.WriteNumberValue(probability);
        json.WriteEndArray();
    }

    /// <summary>Writes the words of a text and the entities that their labels mark.</summary>
    private static void WriteEntities(Utf8JsonWriter json, TaskExample example, Prediction prediction)
    {
        string[] words = TokenLabelsTask.Words(example.Texts[0]!);
        json.WriteStartArray("words");
        foreach (string word in words)
            json.WriteStringValue(word);
        json.WriteEndArray();
        json.WriteStartArray("entities");
        foreach (Entity entity in Entity.Of(prediction.Labels!))
        {
            json.WriteStartObject();
            json.WriteString("type", entity.Type);
            json.WriteNumber("start", entity.Start);
            json.WriteNumber("end", entity.End);
            json.WriteString("text", string.Join(' ', words[entity.Start..entity.End]));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteProbabilities(Utf8JsonWriter json, Prediction prediction)
    {
        json.WriteStartArray("probabilities");
        foreach (double probability in prediction.Probabilities)
            json.WriteNumberValue(probability);
        json.WriteEndArray();
    }

    /// <summary>Returns the class whose probability is the score: that of <c>label</c>, else "entailment" if there is such a class, else the last; null for a task that predicts numbers.</summary>
    private static string? ScoredLabel(RequestFields fields, ServedTask task)
    {
        string? asked = fields.Text("label");
        if (task.Description.Target is not (TargetKind.Classes or TargetKind.Score or TargetKind.SoftLabels))
            throw new ApiException(400, $"{task.Name} does {task.Description.Kind}, which gives no score; ask it with /v1/{(task.Description.Target == TargetKind.Choice ? "choose" : "classify")}", "model");
        if (task.Description.Target != TargetKind.Classes)
            return asked is null ? null : throw new ApiException(400, $"label is given, but {task.Name} predicts a number", "label");
        IReadOnlyList<string> labels = task.Description.Labels;
        return asked is not null && !labels.Contains(asked)
            ? throw new ApiException(400, $"label is {asked}; {task.Name} has {string.Join(", ", labels)}", "label")
            : asked ?? labels.FirstOrDefault(label => label.Equals("entailment", StringComparison.OrdinalIgnoreCase)) ?? labels[^1];
    }

    private static double Score(Prediction prediction, ServedTask task, string? label) =>
        label is null ? prediction.Value : prediction.Probabilities[task.Description.Labels.ToList().IndexOf(label)];

    private static string[] Texts(RequestFields fields, string field)
    {
        string[] texts = fields.Texts(field, MostExamples);
        return texts.Length > 0 ? texts : throw new ApiException(400, $"{field} is missing or empty; it must be a text or a list of texts", field);
    }

    private static string?[] TextsOf(JsonElement value, string name)
    {
        if (value.ValueKind == JsonValueKind.String)
            return [RequestFields.TextOf(value, name)];
        if (value.ValueKind != JsonValueKind.Array)
            throw new ApiException(400, $"{name} is {RequestFields.Describe(value)}; it must be a text or a list of texts", name);
        return [.. value.EnumerateArray().Select((text, i) => text.ValueKind == JsonValueKind.Null ? null : RequestFields.TextOf(text, $"{name}[{i}]"))];
    }
}
