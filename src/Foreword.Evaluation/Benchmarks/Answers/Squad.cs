using System.Text.Json.Nodes;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.Answers;

/// <summary>
/// The benchmark SQuAD 1.1 (Rajpurkar et al. 2016) and its translations XQuAD (Artetxe et al. 2020): questions whose answer is a span of a paragraph.
/// </summary>
internal sealed class Squad : Benchmark
{
    private readonly string[] _files;
    private readonly string[] _training;
    private readonly bool _chinese;

    private Squad(string name, string[] files, string[] training, bool chinese) => (Name, _files, _training, _chinese) = (name, files, training, chinese);

    public static Benchmark English { get; } = new Squad("squad", ["squad/dev-v1.1.json", "squad/dev*.json"], ["squad/train-v1.1.json", "squad/train*.json"], chinese: false);

    public static Benchmark CrossLingualEnglish { get; } = new Squad("xquad-en", ["xquad/xquad.en.json"], [], chinese: false);

    public static Benchmark CrossLingualChinese { get; } = new Squad("xquad-zh", ["xquad/xquad.zh.json"], [], chinese: true);

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string Title => _chinese ? "questions about a paragraph, Chinese" : "questions about a paragraph";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.5 (there CoQA)";

    /// <inheritdoc/>
    public override string Data => $"{_files[0]}{(_training.Length > 0 ? $", {_training[0]} for examples" : "")}: SQuAD 1.1's JSON";

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics => ReadingComprehension.Metrics;

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => _chinese
        ? $"PARAGRAPH + blank line + '问：QUESTION' + '答：', {ReadingComprehension.Answering}; f1 and exact_match by ideographs, punctuation left out (MLQA's script)"
        : $"PARAGRAPH + blank line + 'Q: QUESTION' + 'A:', {ReadingComprehension.Answering}; f1 and exact_match by SQuAD's script, the best of the accepted answers";

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string file = input.File(Name, _files);
        string? training = input.FilesOrNone(_training) is [var first, ..] ? first : null;
        return new BenchmarkSet([.. Items(file).Select(item => ReadingComprehension.Document(item))], training is null ? [file] : [file, training])
        {
            Examples = training is null ? null : [.. Items(training).Select(ReadingComprehension.Solved)],
        };
    }

    private IReadOnlyList<QuestionItem> Items(string file) => JsonFile.Read(file, "SQuAD 1.1's JSON: data[].paragraphs[] with context and qas[] of question and answers[].text", root => (QuestionItem[])[..
        from article in root.Elements("data")
        from paragraph in article.Elements("paragraphs")
        from question in paragraph.Elements("qas")
        select Item(paragraph.Text("context").Trim(), question.Object())]);

    private QuestionItem Item(string context, JsonObject node)
    {
        string question = node.Text("question").Trim();
        string[] answers = [.. node.Elements("answers").Select(answer => answer.Text("text"))];
        if (answers.Length == 0)
            throw new FormatException($"question {node["id"]} has no answer");
        JsonObject fields = new() { ["id"] = node["id"]?.DeepClone(), ["context"] = context, ["question"] = question, ["answers"] = new JsonArray([.. answers.Select(answer => (JsonNode)answer)]) };
        return _chinese
            ? new QuestionItem(fields, $"{context}\n\n问：{question}\n答：", answers, ReadingComprehension.Chinese) { Space = "" }
            : new QuestionItem(fields, $"{context}\n\nQ: {question}\nA:", answers, ReadingComprehension.English);
    }
}
