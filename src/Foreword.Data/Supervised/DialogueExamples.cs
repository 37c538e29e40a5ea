using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Data.Recipes.Supervised;
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
    private readonly DialogueEncoder _encoder = new(tokenizer, template, contextLength + 1, isReversed);
    private readonly List<SupervisedExample> _examples = [];

    /// <summary>Gets the examples so far.</summary>
    public IReadOnlyList<SupervisedExample> Examples => _examples;

    /// <summary>Gets the number of dialogues that were read.</summary>
    public int Dialogues { get; private set; }

    /// <summary>Gets the number of messages that were read.</summary>
    public int Messages { get; private set; }

    /// <summary>Gets the number of messages without text, which were left out.</summary>
    public int EmptyMessages { get; private set; }

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
        Messages += dialogue.Messages.Count;
        EmptyMessages += dialogue.EmptyMessages;
        (int[] ids, bool[] isAnswer, int dropped, bool isCut, _) = _encoder.Encode(dialogue);
        if (dropped > 0)
            Shortened = (Shortened.Dialogues + 1, Shortened.Messages + dropped);
        if (isCut)
            Cut++;
        SupervisedExample example = new(ids, lossOn == LossOn.All ? [.. ids.Select(_ => true)] : isAnswer, isAnswer);
        if (ids.Length < 2 || example.Targets == 0)
            WithoutAnswer++;
        else
            _examples.Add(example);
    }
}
