using System.Text;
using System.Text.Json.Nodes;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.Answers;

/// <summary>
/// The benchmark CoQA (Reddy, Chen and Manning 2019): conversations about a document, in which later questions depend on earlier ones.
/// </summary>
internal sealed class Coqa : Benchmark
{
    private const string Form = "CoQA's JSON: data[] with story, questions[].input_text, answers[].input_text";

    /// <inheritdoc/>
    public override string Name => "coqa";

    /// <inheritdoc/>
    public override string Title => "conversations about a document";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.5";

    /// <inheritdoc/>
    public override string Data => "coqa/coqa-dev-v1.0.json, coqa/coqa-train-v1.0.json for examples";

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics => ReadingComprehension.Metrics;

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; } = [new("gpt2-xl", "f1", 0.55)];

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) =>
        $"STORY + blank line + 'Q: ' and 'A: ' lines of the conversation so far with the right answers + 'Q: QUESTION' + 'A:', {ReadingComprehension.Answering}; f1 and exact_match by CoQA's script, of several people's answers the mean over leaving one out";

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string file = input.File(Name, "coqa/coqa-dev*.json");
        string? training = input.FilesOrNone("coqa/coqa-train*.json") is [var first, ..] ? first : null;
        return new BenchmarkSet([.. JsonFile.Read(file, Form, root => root.Elements("data").SelectMany(Items).ToArray()).Select(item => ReadingComprehension.Document(item, isExample: false))],
            training is null ? [file] : [file, training])
        {
            // An example is a whole conversation: the last question with its history, and its answer.
            Examples = training is null ? null : JsonFile.Read(training, Form, root => root.Elements("data").Select(story => ReadingComprehension.Solved(Items(story).Last())).ToArray()),
        };
    }

    private static IEnumerable<QuestionItem> Items(JsonNode? story)
    {
        JsonObject conversation = story.Object();
        StringBuilder prompt = new(conversation.Text("story").Trim() + "\n\n");
        JsonArray answers = conversation.Elements("answers");
        JsonObject more = conversation["additional_answers"] is null ? [] : conversation.Object("additional_answers");
        JsonArray[] others = [.. more.Select(person => more.Elements(person.Key))];
        foreach ((int turn, JsonNode? node) in conversation.Elements("questions").Index())
        {
            if (turn >= answers.Count || others.Any(person => turn >= person.Count))
                throw new FormatException($"question {turn + 1} of {conversation["id"]} has no answer");
            string question = node.Text("input_text").Trim();
            string[] accepted = [.. others.Select(person => person[turn]).Prepend(answers[turn]).Select(answer => answer.Text("input_text").Trim())];
            JsonObject fields = new() { ["id"] = conversation["id"]?.DeepClone(), ["turn"] = turn + 1, ["question"] = question, ["answers"] = new JsonArray([.. accepted.Select(answer => (JsonNode)answer)]) };
            prompt.Append($"Q: {question}\nA:");
            yield return new QuestionItem(fields, prompt.ToString(), accepted, AnswerMatch.LeaveOneOut);
            prompt.Append($" {accepted[0]}\n");
        }
    }
}
