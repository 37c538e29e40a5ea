using Foreword.Data.Questions;
using Foreword.Tokenization;

namespace Foreword.Data.Supervised;

/// <summary>Encodes questions: <c>Context: ...</c>, <c>Question: ...</c> and <c>Answer:</c> on a line each, then the answer and the token that ends a text.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="contextLength">The number of tokens that the model reads, 2 or more.</param>
internal sealed class QuestionEncoder(Tokenizer tokenizer, int contextLength)
{
    /// <summary>The largest number of tokens of an answer that a model writes, as in decaNLP.</summary>
    public const int MostAnswerTokens = 50;

    private readonly int _end = tokenizer.EndOfTextId ?? throw new InvalidDataException("the tokenizer has no token that ends a text, such as <|endoftext|>; an answer needs one");

    /// <summary>
    /// Returns the tokens before the answer. If they are too many, the context loses its beginning. If the question alone does not fit, the whole text
    /// loses its beginning.
    /// </summary>
    /// <param name="context">The context.</param>
    /// <param name="asked">The question.</param>
    /// <param name="room">The largest number of tokens, 1 or more.</param>
    public int[] Prompt(string context, string asked, int room)
    {
        int[] ids = tokenizer.Encode(Question.Prompt(context, asked));
        if (ids.Length <= room)
            return ids;
        int[] whole = tokenizer.Encode(context);
        for (int dropped = Math.Min(whole.Length, ids.Length - room); ; dropped = Math.Min(whole.Length, dropped + ids.Length - room))
        {
            ids = tokenizer.Encode(Question.Prompt(tokenizer.Decode(whole.AsSpan(dropped)).TrimStart('\uFFFD', ' '), asked)); // without a character that the cut divides
            if (ids.Length <= room)
                return ids;
            if (dropped == whole.Length)
                return ids[^room..];
        }
    }

    /// <summary>Returns the tokens before an answer that the model has to write.</summary>
    public int[] Prompt(Question question) => Prompt(question.Context, question.Asked, Math.Max(1, contextLength - MostWritten));

    /// <summary>Gets the largest number of tokens of an answer that the model writes.</summary>
    public int MostWritten => Math.Min(MostAnswerTokens, Math.Max(1, contextLength / 2));

    /// <summary>Encodes a question with its answer. Only the tokens of the answer and of the end count.</summary>
    /// <param name="question">The question.</param>
    /// <param name="asked">The question in some wording.</param>
    /// <returns>The example; null if the answer fills more than half of the context.</returns>
    public SupervisedExample? Encode(Question question, string asked)
    {
        ArgumentNullException.ThrowIfNull(question);
        int[] answer = [.. tokenizer.Encode(" " + question.Answers[0].ReplaceLineEndings(" ").Trim()), _end];
        if (answer.Length > Math.Max(2, contextLength / 2))
            return null;
        int[] prompt = Prompt(question.Context, asked, contextLength + 1 - answer.Length);
        bool[] counts = [.. Enumerable.Repeat(false, prompt.Length), .. Enumerable.Repeat(true, answer.Length)];
        return new SupervisedExample([.. prompt, .. answer], counts, counts);
    }
}
