using Foreword.Settings;

namespace Foreword.Data.Preparing;

/// <summary>Specifies what a document of a corpus is, and how it becomes tokens.</summary>
[ChoiceName(nameof(Gpt2Chinese), "gpt2-chinese")]
public enum CorpusLayout
{
    /// <summary>A document is a text, followed by the end-of-text token.</summary>
    Text,

    /// <summary>
    /// A document is a text in the form of GPT2-Chinese (github.com/Morizeyao/GPT2-Chinese): <c>[MASK]</c> before it, <c>[SEP]</c> for each line break, and
    /// <c>[CLS]</c> after it. Its <c>train.json</c> is one JSON list of texts.
    /// </summary>
    Gpt2Chinese,

    /// <summary>
    /// A document is a dialogue, in the layout of GPT2-chitchat: an utterance per line, and a blank line between dialogues. A chat template makes it tokens.
    /// </summary>
    Chitchat,

    /// <summary>
    /// A document is a dialogue in JSON Lines of messages (OpenAI's and ShareGPT's forms), or in a table with a message per row. A chat template makes it
    /// tokens.
    /// </summary>
    Messages,
}

/// <summary>Properties of layouts.</summary>
internal static class CorpusLayoutExtensions
{
    /// <summary>Returns whether documents are dialogues.</summary>
    public static bool HoldsDialogues(this CorpusLayout layout) => layout is CorpusLayout.Chitchat or CorpusLayout.Messages;
}
