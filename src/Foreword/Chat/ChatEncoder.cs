using System.Text;
using Foreword.Generation;
using Foreword.Tokenization;

namespace Foreword.Chat;

/// <summary>Turns a conversation into token ids by a template.</summary>
internal sealed class ChatEncoder(Tokenizer tokenizer, ChatTemplate template)
{
    private readonly AddedToken[] _special = [.. tokenizer.AddedTokens.Where(token => token.IsSpecial).OrderByDescending(token => token.Text.Length)];

    /// <summary>
    /// The ids of the messages, and behind them, unless none follows, the beginning of an answer. Text is encoded as a whole between special tokens and answers, so a longer conversation begins
    /// with the ids of the shorter one.
    /// </summary>
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

    /// <summary>The options with everything that ends an answer.</summary>
    public SamplingOptions Ending(SamplingOptions options)
    {
        List<string> texts = [.. options.Stop];
        List<int> ids = [.. options.StopIds];
        foreach (string end in template.Stop.Prepend(template.Assistant.Suffix))
        {
            (int at, AddedToken token) = FirstSpecial(end);
            if (end.Length > 0 && at == 0)
                ids.Add(token.Id);
            else if (at > 0)
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

    /// <summary>Where the first special token begins, of those that begin there the longest; the text's length when it has none.</summary>
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
