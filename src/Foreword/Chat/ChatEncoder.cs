using System.Text;
using Foreword.Generation;
using Foreword.Tokenization;

namespace Foreword.Chat;

/// <summary>Encodes a conversation as token ids, according to a template.</summary>
internal sealed class ChatEncoder(Tokenizer tokenizer, ChatTemplate template)
{
    private readonly AddedToken[] _special = [.. tokenizer.AddedTokens.Where(token => token.IsSpecial).OrderByDescending(token => token.Text.Length)];

    /// <summary>
    /// Encodes messages. Text between special tokens and answers is encoded as a whole, so the ids of a longer conversation begin with those of the
    /// shorter one.
    /// </summary>
    /// <param name="messages">The messages.</param>
    /// <param name="answerFollows">Whether to append the beginning of an answer.</param>
    public int[] Encode(IEnumerable<ChatMessage> messages, bool answerFollows = true)
    {
        List<int> ids = [];
        StringBuilder plain = new();
        AddTemplate(template.Start);
        foreach (ChatMessage message in messages)
        {
            ChatFrame frame = Frame(message.Role);
            AddTemplate(frame.Prefix);
            if (message.Role == ChatRole.Assistant)
                Flush();
            if (message.Ids is { } known)
                ids.AddRange(known);
            else
                plain.Append(message.Text);
            if (message.Role == ChatRole.Assistant)
                Flush();
            AddTemplate(frame.Suffix);
        }

        if (answerFollows)
            AddTemplate(template.Assistant.Prefix);
        Flush();
        return [.. ids];

        void AddTemplate(string text)
        {
            while (text.Length > 0)
            {
                (int at, AddedToken token) = FirstSpecial(text);
                plain.Append(text.AsSpan(0, at));
                if (at == text.Length)
                    return;
                Flush();
                ids.Add(token.Id);
                text = text[(at + token.Text.Length)..];
            }
        }

        void Flush()
        {
            ids.AddRange(tokenizer.Encode(plain.ToString()));
            plain.Clear();
        }
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
}
