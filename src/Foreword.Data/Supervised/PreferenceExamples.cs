using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Tokenization;

namespace Foreword.Data.Supervised;

/// <summary>
/// Encodes pairs of answers for training. Each pair becomes two sequences that begin with the same prompt: the chosen answer, then the rejected one. If one
/// of them is longer than the context, both lose the same oldest messages.
/// </summary>
/// <param name="tokenizer">The tokenizer, with the template's special tokens.</param>
/// <param name="template">How messages become text.</param>
/// <param name="contextLength">The number of tokens that the model reads, 2 or more.</param>
internal sealed class PreferenceExamples(Tokenizer tokenizer, ChatTemplate template, int contextLength)
{
    private readonly ChatEncoder _encoder = new ChatEncoder(tokenizer, template).RequireEnd();
    private readonly List<SupervisedExample> _examples = [];

    /// <summary>Gets the sequences so far: that of pair i's chosen answer at 2 i, and that of its rejected answer at 2 i + 1.</summary>
    public IReadOnlyList<SupervisedExample> Examples => _examples;

    /// <summary>Gets the number of pairs that were read.</summary>
    public int Pairs { get; private set; }

    /// <summary>Gets the number of pairs that lost messages, and the number of lost messages.</summary>
    public (int Pairs, int Messages) Shortened { get; private set; }

    /// <summary>Gets the number of pairs whose last message with an answer is longer than the context. They are left out.</summary>
    public int TooLong { get; private set; }

    /// <summary>Gets the number of pairs whose answers are the same tokens. They are left out.</summary>
    public int Same { get; private set; }

    /// <summary>Gets the number of pairs whose chosen answer has no text. They are left out.</summary>
    public int Empty { get; private set; }

    /// <summary>Adds a pair.</summary>
    public void Add(Preference pair)
    {
        Pairs++;
        if (pair.Chosen.All(message => string.IsNullOrWhiteSpace(message.Text)))
        {
            Empty++;
            return;
        }

        IReadOnlyList<ChatMessage> prompt = pair.Prompt;
        if (!Fits(prompt))
        {
            prompt = MessageWindow.WithoutOldest(prompt, Fits, after: 0);
            if (!Fits(prompt))
            {
                TooLong++;
                return;
            }

            Shortened = (Shortened.Pairs + 1, Shortened.Messages + pair.Prompt.Count - prompt.Count);
        }

        SupervisedExample chosen = Encode(prompt, pair.Chosen), rejected = Encode(prompt, pair.Rejected);
        if (chosen.Ids.AsSpan().SequenceEqual(rejected.Ids))
            Same++;
        else
            _examples.AddRange(chosen, rejected);

        bool Fits(IReadOnlyList<ChatMessage> before) => Math.Max(Encode(before, pair.Chosen).Length, Encode(before, pair.Rejected).Length) <= contextLength;
    }

    /// <summary>Encodes a prompt with an answer. Only the tokens of the answer count, not those of answers in the prompt.</summary>
    private SupervisedExample Encode(IReadOnlyList<ChatMessage> prompt, IReadOnlyList<ChatMessage> answer)
    {
        EncodedDialogue whole = _encoder.EncodeWhole([.. prompt, .. answer]);
        int before = _encoder.EncodeWhole(prompt).IsAnswer.Count(isAnswer => isAnswer); // the prompt ends with another message, so these tokens are the same ones
        bool[] counts = [.. whole.IsAnswer];
        for (int i = 0; before > 0; i++)
        {
            before -= counts[i] ? 1 : 0;
            counts[i] = false;
        }

        return new SupervisedExample([.. whole.Ids], counts, counts);
    }
}
