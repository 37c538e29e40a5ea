using System.Text;
using System.Text.Json;
using Foreword.Generation;
using Foreword.Tokenization;

namespace Foreword.Chat;

/// <summary>Encodes a conversation as token ids, according to a template.</summary>
internal sealed class ChatEncoder(Tokenizer tokenizer, ChatTemplate template)
{
    private readonly AddedToken[] _special = [.. tokenizer.AddedTokens.Where(token => token.IsSpecial).OrderByDescending(token => token.Text.Length)];

    /// <summary>Returns this encoder if a model can learn from it where an answer ends.</summary>
    /// <exception cref="ArgumentException">The template has nothing after an answer, or the tokenizer leaves it out.</exception>
    public ChatEncoder RequireEnd()
    {
        string suffix = template.Assistant.Suffix;
        if (template.Stop.Count > 0 || tokenizer.Encode(suffix, allowSpecial: true).Length > 0)
            return this;
        throw new ArgumentException(suffix.Length == 0
            ? "the chat template has no text after an answer (assistant: suffix), so a model cannot learn where an answer ends"
            : $"the chat template ends an answer with \"{JsonEncodedText.Encode(suffix)}\", which a {tokenizer.Kind} tokenizer leaves out, so a model cannot learn where an answer ends; expected a template with tokens, such as chitchat or chatml", nameof(template));
    }

    /// <summary>
    /// Encodes messages. Text between special tokens and answers is encoded as a whole, so the ids of a longer conversation begin with those of the
    /// shorter one.
    /// </summary>
    /// <param name="messages">The messages.</param>
    /// <param name="answerFollows">Whether to append the beginning of an answer.</param>
    public int[] Encode(IEnumerable<ChatMessage> messages, bool answerFollows = true) => [.. Encode(messages, answerFollows, null)];

    /// <summary>
    /// Encodes a whole dialogue for training: the ids that <see cref="Encode(IEnumerable{ChatMessage}, bool)"/> gives a model that answers. A token
    /// after an answer counts as its end if it holds a part of the suffix, because the model must write it, too.
    /// </summary>
    /// <param name="messages">The messages.</param>
    public EncodedDialogue EncodeWhole(IEnumerable<ChatMessage> messages)
    {
        List<bool> isAnswer = [];
        List<int> ids = Encode(messages, answerFollows: false, isAnswer);
        return new EncodedDialogue(ids, isAnswer);
    }

    private List<int> Encode(IEnumerable<ChatMessage> messages, bool answerFollows, List<bool>? isAnswer)
    {
        Writer writer = new(this, tokenizer, isAnswer);
        writer.AddTemplate(template.Start);
        foreach (ChatMessage message in messages)
            writer.AddMessage(message);
        if (answerFollows)
            writer.AddTemplate(template.Assistant.Prefix);
        writer.Flush();
        return writer.Ids;
    }

    /// <summary>
    /// Returns the space that a model writes before an answer, after a prefix such as <c>Assistant:</c>. It is empty if the prefix ends with white
    /// space, a special token or a character that is not ASCII, or if the text begins with white space.
    /// </summary>
    private string SpaceBefore(string text)
    {
        string prefix = template.Assistant.Prefix;
        bool isSpecial = _special.Any(token => prefix.EndsWith(token.Text, StringComparison.Ordinal));
        return prefix.Length > 0 && char.IsAscii(prefix[^1]) && !char.IsWhiteSpace(prefix[^1]) && !isSpecial && text.Length > 0 && !char.IsWhiteSpace(text[0]) ? " " : "";
    }

    /// <summary>Returns the number of first tokens that hold the first characters of their text.</summary>
    private int Covering(int[] ids, string text, int characters)
    {
        if (characters >= text.Length || characters == 0)
            return characters == 0 ? 0 : ids.Length;
        int bytes = Encoding.UTF8.GetByteCount(text.AsSpan(0, characters)), count = 0;
        for (int held = 0; held < bytes && count < ids.Length; count++)
            held += tokenizer.TokenBytes(ids[count]).Length;
        return count;
    }

    /// <summary>Returns the options with all texts and tokens that end an answer.</summary>
    public SamplingOptions Ending(SamplingOptions options)
    {
        List<string> texts = [.. options.Stop];
        List<int> ids = [.. options.StopIds];
        foreach (string end in template.Stop.Prepend(template.Assistant.Suffix))
        {
            (int at, AddedToken token) = FirstSpecial(end);
            if (end.Length > 0 && at == 0)
                ids.Add(token.Id);
            else if (at > 0 && options.Constraint is null) // a constraint says itself where the answer ends
                texts.Add(end[..at]);
        }

        return options with { Stop = texts, StopIds = ids };
    }

    private ChatFrame Frame(ChatRole role) => role switch
    {
        ChatRole.System => template.System,
        ChatRole.User => template.User,
        _ => template.Assistant,
    };

    /// <summary>
    /// Finds the first special token in a text. If several begin at the same position, it is the longest one. The position is the length of the text
    /// if there is none.
    /// </summary>
    private (int At, AddedToken Token) FirstSpecial(string text)
    {
        (int At, AddedToken Token) first = (text.Length, default);
        foreach (AddedToken token in _special)
        {
            int at = text.IndexOf(token.Text, StringComparison.Ordinal);
            if (at >= 0 && at < first.At)
                first = (at, token);
        }

        return first;
    }

    /// <summary>Collects the ids of a conversation. Plain text waits until a special token or an answer begins, because it is encoded as a whole.</summary>
    /// <param name="encoder">The encoder with the template.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="isAnswer">Receives, for each id, whether it is part of an answer; null if this is not needed.</param>
    private sealed class Writer(ChatEncoder encoder, Tokenizer tokenizer, List<bool>? isAnswer)
    {
        private readonly StringBuilder _plain = new();
        private int _ending; // the number of characters at the beginning of the plain text that end an answer

        public List<int> Ids { get; } = [];

        public void AddMessage(ChatMessage message)
        {
            ChatFrame frame = encoder.Frame(message.Role);
            AddTemplate(frame.Prefix);
            bool answers = message.Role == ChatRole.Assistant;
            if (answers)
                Flush();
            if (message.Ids is { } known)
                Add(known, true);
            else
                _plain.Append(answers ? encoder.SpaceBefore(message.Text) : "").Append(message.Text);
            if (answers)
            {
                _ending = _plain.Length;
                Flush();
            }

            AddTemplate(frame.Suffix, answers);
            if (answers)
                _ending = _plain.Length;
        }

        /// <summary>Adds text of the template, whose special tokens become ids.</summary>
        public void AddTemplate(string text, bool endsAnswer = false)
        {
            while (text.Length > 0)
            {
                (int at, AddedToken token) = encoder.FirstSpecial(text);
                _plain.Append(text.AsSpan(0, at));
                if (at == text.Length)
                    return;
                _ending = endsAnswer ? _plain.Length : _ending;
                Flush();
                Add([token.Id], endsAnswer);
                text = text[(at + token.Text.Length)..];
            }
        }

        /// <summary>Encodes the plain text.</summary>
        public void Flush()
        {
            string text = _plain.ToString();
            int[] encoded = tokenizer.Encode(text);
            int ends = isAnswer is null ? 0 : encoder.Covering(encoded, text, _ending);
            Add(encoded.AsSpan(0, ends).ToArray(), true);
            Add(encoded.AsSpan(ends).ToArray(), false);
            _plain.Clear();
            _ending = 0;
        }

        private void Add(IReadOnlyCollection<int> added, bool isPart)
        {
            Ids.AddRange(added);
            isAnswer?.AddRange(Enumerable.Repeat(isPart, added.Count));
        }
    }
}
