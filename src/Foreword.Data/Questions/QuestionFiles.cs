using System.Text.Json;
using Foreword.Data.Decoding;
using Foreword.Data.Dialogues;
using Foreword.Data.Tables;

namespace Foreword.Data.Questions;

/// <summary>Reads questions from files: decaNLP's JSON Lines, and tables of translations and summaries.</summary>
internal static class QuestionFiles
{
    /// <summary>Of the translated sentences, in groups of this size, the first is for validation and the middle one for the test.</summary>
    private const int SentencesOfGroup = 20;

    /// <summary>
    /// Streams a file in decaNLP's form. <c>answer</c> is a text or a list of accepted texts. <c>lang_dialogue_turn</c>, such as <c>en_3_0</c>, says which
    /// dialogue a question belongs to.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">A line is malformed. The message names file, line and field.</exception>
    public static IEnumerable<Question> DecaNlp(string path)
    {
        DialogueReader.CheckFile(path, "questions");
        return Compression.Named(DialogueReader.Lines(path, null), path).Where(line => !string.IsNullOrWhiteSpace(line.Text)).Select(line => OfLine(line.Text, $"{path}:{line.Number}"));
    }

    /// <summary>Reads pairs of sentences in two languages. A sentence with several translations is one question.</summary>
    /// <param name="files">Tables without a header: English, French.</param>
    /// <param name="toEnglish">Whether French is translated.</param>
    /// <returns>The questions for training, validation and the test. They have no sentence in common.</returns>
    public static (List<Question> Train, List<Question> Validation, List<Question> Test) Translations(IEnumerable<string> files, bool toEnglish)
    {
        string asked = toEnglish ? "Translate from French to English" : "Translate from English to French";
        Question[] all = [.. files
            .SelectMany(file => NamedRow.Read(file, ["0", "1"], new TableOptions { Header = false, Quoting = false }))
            .Select(row => (Source: row[toEnglish ? "1" : "0"].Trim(), Target: row[toEnglish ? "0" : "1"].Trim(), row.Where))
            .GroupBy(row => row.Source)
            .Select(group => new Question(group.Key, asked, [.. group.Select(row => row.Target).Distinct()], group.First().Where))];
        return (Part(place => place % (SentencesOfGroup / 2) != 0), Part(place => place == 0), Part(place => place == SentencesOfGroup / 2));

        List<Question> Part(Func<int, bool> isTaken) => [.. all.Where((_, i) => isTaken(i % SentencesOfGroup))];
    }

    /// <summary>Streams SciTLDR's abstracts (Cachola et al. 2020) with their summaries of one sentence.</summary>
    public static IEnumerable<Question> Summaries(string path) => NamedRow.Read(path, ["source", "target"])
        .Select(row => new Question(string.Join(' ', row.List("source")).Trim(), "What is the summary?", [.. row.List("target").Select(summary => summary.Trim())], row.Where));

    private static Question OfLine(string line, string place)
    {
        using JsonDocument json = DialogueReader.Parsed(line, place);
        JsonElement root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{place}: expected {{\"context\": ..., \"question\": ..., \"answer\": ...}}");
        string[] answers = root.TryGetProperty("answer", out JsonElement answer) && answer.ValueKind == JsonValueKind.Array
            ? [.. answer.EnumerateArray().Select((one, i) => Text(one, $"answer[{i}]"))]
            : [Field("answer")];
        if (answers.Length == 0)
            throw new InvalidDataException($"{place}: \"answer\" is an empty list");
        return new Question(Field("context"), Field("question"), answers, place)
        {
            Dialogue = root.TryGetProperty("lang_dialogue_turn", out JsonElement turn) && turn.ValueKind == JsonValueKind.String && turn.GetString() is { } name ? name[..Math.Max(0, name.LastIndexOf('_'))] : null,
        };

        string Field(string name) => root.TryGetProperty(name, out JsonElement value) ? Text(value, name) : throw new InvalidDataException($"{place} has no \"{name}\"");

        string Text(JsonElement value, string name) => value.ValueKind == JsonValueKind.String ? DialogueReader.Text(value) : throw new InvalidDataException($"{place}: \"{name}\" is not a text");
    }
}
