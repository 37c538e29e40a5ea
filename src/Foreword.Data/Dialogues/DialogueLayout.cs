namespace Foreword.Data.Dialogues;

/// <summary>Says how a file holds dialogues.</summary>
public enum DialogueLayout
{
    /// <summary>
    /// An utterance per line, and a blank line between dialogues, as in GPT2-chitchat. The speakers take turns, and the second one answers.
    /// </summary>
    Chitchat,

    /// <summary>
    /// JSON Lines with an object for each dialogue: <c>messages</c> with <c>role</c> and <c>content</c> (OpenAI's form), or <c>conversations</c> with
    /// <c>from</c> and <c>value</c> (ShareGPT's form). A file <c>.json</c> with one list of such objects is read, too.
    /// </summary>
    Messages,

    /// <summary>
    /// A table (CSV, TSV, Parquet) with a message per row: the columns <c>dialogue</c>, <c>role</c> and <c>content</c>. Rows of one dialogue follow each
    /// other.
    /// </summary>
    Turns,
}
