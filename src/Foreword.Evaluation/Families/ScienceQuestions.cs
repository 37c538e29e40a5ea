using Foreword.Data.Tables;

namespace Foreword.Evaluation.Families;

/// <summary>
/// Reads the JSON Lines format that AllenAI's question sets share: <c>question.stem</c>, <c>question.choices[]</c> with text and label,
/// <c>answerKey</c>.
/// </summary>
internal static class ScienceQuestions
{
    /// <summary>Reads the questions of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="prompt">Creates the prompt from the stem.</param>
    public static IEnumerable<ChoiceItem> Read(string file, Func<string, string> prompt) =>
        NamedRow.Read(file, ["question.stem", "question.choices[].text", "question.choices[].label", "answerKey"]).Select(row => new ChoiceItem(
            row.Fields,
            prompt(row["question.stem"].Trim()),
            [.. row.List("question.choices[].text").Select(text => $" {text.Trim()}")],
            row.Index("answerKey", row.List("question.choices[].label"))));
}
