using Foreword.Chat;
using Foreword.Data.Sampling;
using Foreword.Numerics;

namespace Foreword.Data.Dialogues;

/// <summary>Two answers to the same messages, of which one is better.</summary>
/// <param name="Prompt">The messages before the answers, at least one. The last one is not an answer.</param>
/// <param name="Chosen">The better answer, which may go on for several messages.</param>
/// <param name="Rejected">The other answer.</param>
/// <param name="Place">Where the pair stands, for messages: <c>train.jsonl:3</c>.</param>
internal sealed record Preference(IReadOnlyList<ChatMessage> Prompt, IReadOnlyList<ChatMessage> Chosen, IReadOnlyList<ChatMessage> Rejected, string Place)
{
    /// <summary>
    /// Makes pairs from dialogues: the last answer of each is preferred to the last answer of another one with another text. A dialogue without an answer
    /// to a message, or without such another one, makes no pair.
    /// </summary>
    /// <param name="dialogues">The dialogues.</param>
    /// <param name="seed">Determines which answers are rejected.</param>
    /// <returns>The pairs, in the order of the dialogues.</returns>
    public static IReadOnlyList<Preference> Shuffled(IReadOnlyList<Dialogue> dialogues, int seed)
    {
        ArgumentNullException.ThrowIfNull(dialogues);
        (Dialogue Dialogue, int Answer)[] answered = [.. dialogues.Select(dialogue => (dialogue, LastAnswer(dialogue.Messages))).Where(pair => pair.Item2 > 0)];
        Preference?[] pairs = new Preference?[answered.Length];
        if (answered.Length == 0)
            return [];
        KeyedPermutation order = new(answered.Length, SplitMix.Bits((ulong)seed, 0));
        for (int i = 0; i < answered.Length; i++)
        {
            int own = (int)order.At(i);
            ChatMessage chosen = TextOf(own);
            ChatMessage? other = Enumerable.Range(1, answered.Length - 1).Select(step => TextOf((int)order.At((i + step) % answered.Length))).FirstOrDefault(message => message.Text != chosen.Text);
            if (other is not null)
                pairs[own] = new Preference([.. answered[own].Dialogue.Messages.Take(answered[own].Answer)], [chosen], [other], answered[own].Dialogue.Place);
        }

        return [.. pairs.OfType<Preference>()];

        ChatMessage TextOf(int index) => answered[index].Dialogue.Messages[answered[index].Answer];
    }

    /// <summary>Returns the index of the last answer that follows a message of somebody else; 0 if there is none.</summary>
    private static int LastAnswer(IReadOnlyList<ChatMessage> messages)
    {
        int at = messages.Count - 1;
        while (at > 0 && (messages[at].Role != ChatRole.Assistant || messages[at - 1].Role == ChatRole.Assistant))
            at--;
        return Math.Max(at, 0);
    }
}
