using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Data.Recipes;
using Foreword.Tokenization;

namespace Foreword.Data.Supervised;

/// <summary>Encodes dialogues for training. Dialogues that are longer than the context lose their oldest messages.</summary>
/// <param name="tokenizer">The tokenizer, with the template's special tokens.</param>
/// <param name="template">How messages become text.</param>
/// <param name="contextLength">The number of tokens that the model reads, 2 or more.</param>
/// <param name="lossOn">The tokens whose prediction counts.</param>
/// <param name="isReversed">Whether dialogues are read from their end, see <see cref="Dialogue.Reversed"/>.</param>
internal sealed class DialogueExamples(Tokenizer tokenizer, ChatTemplate template, int contextLength, LossOn lossOn, bool isReversed)
{
    private readonly ChatEncoder _encoder = new(tokenizer, template);
    private readonly List<SupervisedExample> _examples = [];

    /// <summary>Gets the examples so far.</summary>
    public IReadOnlyList<SupervisedExample> Examples => _examples;

    /// <summary>Gets the number of dialogues that were read.</summary>
    public int Dialogues { get; private set; }

    /// <summary>Gets the number of dialogues that lost messages, and the number of lost messages.</summary>
    public (int Dialogues, int Messages) Shortened { get; private set; }

    /// <summary>Gets the number of dialogues whose last message alone is longer than the context, and lost its beginning.</summary>
    public int Cut { get; private set; }

    /// <summary>Gets the number of dialogues without a token that counts. They are left out.</summary>
    public int WithoutAnswer { get; private set; }

    /// <summary>Adds a dialogue.</summary>
    public void Add(Dialogue dialogue)
    {
        Dialogues++;
        IReadOnlyList<ChatMessage> messages = (isReversed ? dialogue.Reversed() : dialogue).Messages;
        EncodedDialogue whole = Encode(messages);
        if (whole.Ids.Count > contextLength + 1)
        {
            IReadOnlyList<ChatMessage> shorter = isReversed ? WithoutLast(messages) : MessageWindow.WithoutOldest(messages, rest => _encoder.EncodeWhole(rest).Ids.Count <= contextLength + 1, after: 1);
            Shortened = (Shortened.Dialogues + 1, Shortened.Messages + messages.Count - shorter.Count);
            whole = Encode(shorter);
        }

        (int[] ids, bool[] isAnswer) = ([.. whole.Ids], [.. whole.IsAnswer]);
        if (ids.Length > contextLength + 1)
        {
            Cut++;
            Range kept = isReversed ? ..(contextLength + 1) : (ids.Length - contextLength - 1)..;
            (ids, isAnswer) = (ids[kept], isAnswer[kept]);
        }

        SupervisedExample example = new(ids, lossOn == LossOn.All ? [.. ids.Select(_ => true)] : isAnswer, isAnswer);
        if (ids.Length < 2 || example.Targets == 0)
            WithoutAnswer++;
        else
            _examples.Add(example);
    }

    /// <summary>Encodes messages. In a reversed dialogue, all messages after the first one are what is predicted.</summary>
    private EncodedDialogue Encode(IReadOnlyList<ChatMessage> messages)
    {
        EncodedDialogue encoded = _encoder.EncodeWhole(messages);
        if (!isReversed)
            return encoded;
        int first = messages.Count == 0 ? 0 : _encoder.EncodeWhole(messages.Take(1)).Ids.Count;
        return encoded with { IsAnswer = [.. Enumerable.Range(0, encoded.Ids.Count).Select(i => i >= first)] };
    }

    /// <summary>Returns the first messages of a reversed dialogue that fit; at least the first one.</summary>
    private List<ChatMessage> WithoutLast(IReadOnlyList<ChatMessage> messages) =>
        [.. messages.Take(messages.Count - MessageWindow.Least(1, Math.Max(1, messages.Count - 1), count => _encoder.EncodeWhole(messages.Take(messages.Count - count)).Ids.Count <= contextLength + 1))];
}
