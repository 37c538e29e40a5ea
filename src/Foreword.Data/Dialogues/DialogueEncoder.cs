using System.Text;
using Foreword.Chat;
using Foreword.Tokenization;

namespace Foreword.Data.Dialogues;

/// <summary>Encodes dialogues for training. Dialogues that are longer than a limit lose their oldest messages. It is thread-safe.</summary>
/// <param name="tokenizer">The tokenizer, with the template's special tokens.</param>
/// <param name="template">How messages become text.</param>
/// <param name="most">The largest number of tokens of a dialogue, 2 or more.</param>
/// <param name="isReversed">Whether dialogues are read from their end, see <see cref="Dialogue.Reversed"/>.</param>
internal sealed class DialogueEncoder(Tokenizer tokenizer, ChatTemplate template, int most, bool isReversed = false)
{
    private readonly ChatEncoder _encoder = new ChatEncoder(tokenizer, template).RequireEnd();
    private readonly HashSet<int> _special = [.. tokenizer.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id)];

    /// <summary>Encodes a dialogue.</summary>
    public ShortenedDialogue Encode(Dialogue dialogue)
    {
        IReadOnlyList<ChatMessage> messages = (isReversed ? dialogue.Reversed() : dialogue).Messages;
        EncodedDialogue whole = Whole(messages);
        IReadOnlyList<ChatMessage> kept = messages;
        if (whole.Ids.Count > most)
        {
            kept = isReversed ? WithoutLast(messages) : MessageWindow.WithoutOldest(messages, rest => _encoder.EncodeWhole(rest).Ids.Count <= most, after: 1);
            whole = Whole(kept);
        }

        (int[] ids, bool[] isAnswer) = ([.. whole.Ids], [.. whole.IsAnswer]);
        bool isCut = ids.Length > most;
        if (isCut)
        {
            Range part = isReversed ? ..most : (ids.Length - most)..;
            (ids, isAnswer) = (ids[part], isAnswer[part]);
        }

        int bytes = isCut ? tokenizer.DecodeBytes([.. ids.Where(id => !_special.Contains(id))]).Length : kept.Sum(message => Encoding.UTF8.GetByteCount(message.Text));
        return new ShortenedDialogue(ids, isAnswer, messages.Count - kept.Count, isCut, bytes);
    }

    /// <summary>Encodes messages. In a reversed dialogue, all messages after the first one are what is predicted.</summary>
    private EncodedDialogue Whole(IReadOnlyList<ChatMessage> messages)
    {
        EncodedDialogue encoded = _encoder.EncodeWhole(messages);
        if (!isReversed)
            return encoded;
        int first = messages.Count == 0 ? 0 : _encoder.EncodeWhole(messages.Take(1)).Ids.Count;
        return encoded with { IsAnswer = [.. Enumerable.Range(0, encoded.Ids.Count).Select(i => i >= first)] };
    }

    /// <summary>Returns the first messages of a reversed dialogue that fit; at least the first one.</summary>
    private List<ChatMessage> WithoutLast(IReadOnlyList<ChatMessage> messages) =>
        [.. messages.Take(messages.Count - MessageWindow.Least(1, Math.Max(1, messages.Count - 1), count => _encoder.EncodeWhole(messages.Take(messages.Count - count)).Ids.Count <= most))];
}

/// <summary>A dialogue as token ids, with what it lost.</summary>
/// <param name="Ids">The ids.</param>
/// <param name="IsAnswer">For each id, whether it belongs to an answer or ends one.</param>
/// <param name="Dropped">The number of messages that were left out because the dialogue is too long.</param>
/// <param name="IsCut">Whether a single message alone is too long and lost a part.</param>
/// <param name="TextBytes">The number of UTF-8 bytes of the text that is left.</param>
internal readonly record struct ShortenedDialogue(int[] Ids, bool[] IsAnswer, int Dropped, bool IsCut, int TextBytes);
