using System.Text.Json.Nodes;

namespace Foreword.Evaluation.Families;

/// <summary>
/// GPT-1's zero-shot heuristic for sentiment (section 5): append "very", and compare the probabilities of only "positive" and "negative".
/// </summary>
internal static class SentimentHeuristic
{
    public const string Form = "SENTENCE + ' very', then ' negative' | ' positive'";

    public static ChoiceItem Item(JsonObject fields, string sentence, int label) => new(fields, $"{sentence.Trim()} very", [" negative", " positive"], label) { Unconditional = "very" };
}
