using Foreword.Chat;

namespace Foreword.Data.Dialogues;

/// <summary>Shortens conversations that are longer than the context.</summary>
internal static class MessageWindow
{
    /// <summary>Returns the instructions and the last messages that fit, beginning with one of the user if there is one; at least the last message.</summary>
    /// <param name="messages">The messages, of which all together do not fit.</param>
    /// <param name="fits">Returns whether messages fit. If some do, fewer of the last ones do, too.</param>
    /// <param name="after">The number of last messages that cannot be the first one, because they answer: 1 for a dialogue, 0 for a prompt.</param>
    public static List<ChatMessage> WithoutOldest(IReadOnlyList<ChatMessage> messages, Func<IReadOnlyList<ChatMessage>, bool> fits, int after)
    {
        ChatMessage[] spoken = [.. messages.Where(message => message.Role != ChatRole.System)], instructions = [.. messages.Where(message => message.Role == ChatRole.System)];
        int last = Math.Max(spoken.Length - 1, 0), dropped = Math.Min(last, Least(1, Math.Max(1, last), count => fits([.. instructions, .. spoken.Skip(count)])));
        int user = Array.FindIndex(spoken, dropped, message => message.Role == ChatRole.User);
        return [.. instructions, .. spoken[(user >= 0 && user < spoken.Length - after ? user : dropped)..]];
    }

    /// <summary>Returns the smallest number of a range that has a property, if all larger numbers have it, too; the largest one if none has it.</summary>
    public static int Least(int low, int high, Func<int, bool> has)
    {
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (has(middle))
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
