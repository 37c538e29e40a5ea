using Foreword.Data.Questions;
using Foreword.Tokenization;

namespace Foreword.Data.Supervised;

/// <summary>Encodes questions: <c>Context: ...</c>, <c>Question: ...</c> and <c>Answer:</c> on a line each, then the answer and the token that ends a text.</summary>
internal sealed class QuestionEncoder
{
    /// <summary>The largest number of tokens of an answer that a model writes, as in decaNLP.</summary>
    public const int MostAnswerTokens = 50;

    private readonly Tokenizer _tokenizer;
    private readonly int _contextLength;
    private readonly int _end;

    /// <summary>Creates an encoder.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="contextLength">The number of tokens that the model reads, 2 or more.</param>
    /// <exception cref="InvalidDataException">The tokenizer has no token that ends a text, or does not know the words before context, question and answer.</exception>
    public QuestionEncoder(Tokenizer tokenizer, int contextLength)
    {
        (_tokenizer, _contextLength) = (tokenizer, contextLength);
        _end = tokenizer.EndOfTextId ?? throw new InvalidDataException("the tokenizer has no token that ends a text, such as <|endoftext|>; an answer needs one");
        if (UnknownTokens.Count(tokenizer, tokenizer.Encode(Question.Prompt("", ""))) > 0)
            throw new InvalidDataException($"the tokenizer does not know the words Context, Question and Answer, which become {tokenizer.TokenText(tokenizer.UnknownId!.Value)}; start from a model whose tokenizer loses nothing, such as byte-bpe");
    }

    /// <summary>
    /// Returns the tokens before the answer. If they are too many, the context loses its beginning. If the question alone does not fit, the whole text
    /// loses its beginning.
    /// </summary>
    /// <param name="context">The context.</param>
    /// <param name="asked">The question.</param>
    /// <param name="room">The largest number of tokens, 1 or more.</param>
    public int[] Prompt(string context, string asked, int room)
    {
        int[] ids = _tokenizer.Encode(Question.Prompt(context, asked));
        if (ids.Length <= room)
            return ids;
        int[] whole = _tokenizer.Encode(context);
        for (int dropped = Math.Min(whole.Length, ids.Length - room); ; dropped = Math.Min(whole.Length, dropped + ids.Length - room))
        {
            ids = _tokenizer.Encode(Question.Prompt(_tokenizer.Decode(whole.AsSpan(dropped)).TrimStart('\uFFFD', ' '), asked)); // without a character that the cut divides
            if (ids.Length <= room)
                return ids;
            if (dropped == whole.Length)
                return ids[^room..];
        }
    }

    /// <summary>Returns the tokens before an answer that the model has to write.</summary>
    public int[] Prompt(Question question) => Prompt(question.Context, question.Asked, Math.Max(1, _contextLength - MostWritten));

    /// <summary>Gets the largest number of tokens of an answer that the model writes.</summary>
    public int MostWritten => Math.Min(MostAnswerTokens, Math.Max(1, _contextLength / 2));

    /// <summary>Encodes a question with its answer. Only the tokens of the answer and of the end count.</summary>
    /// <param name="question">The question.</param>
    /// <param name="asked">The question in some wording.</param>
    /// <returns>The example; null if the answer fills more than half of the context.</returns>
    public SupervisedExample? Encode(Question question, string asked)
    {
        ArgumentNullException.ThrowIfNull(question);
        int[] answer = [.. _tokenizer.Encode(" " + question.Answers[0].ReplaceLineEndings(" ").Trim()), _end];
        if (answer.Length > Math.Max(2, _contextLength / 2))
            return null;
        int[] prompt = Prompt(question.Context, asked, _contextLength + 1 - answer.Length);
        bool[] counts = [.. Enumerable.Repeat(false, prompt.Length), .. Enumerable.Repeat(true, answer.Length)];
        return new SupervisedExample([.. prompt, .. answer], counts, counts);
    }
}
