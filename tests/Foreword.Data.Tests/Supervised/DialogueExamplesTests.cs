using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Data.Tests.Supervised;

/// <summary>Tests what a dialogue loses if it is longer than the context. Each byte is a token, and each message has two of them around it.</summary>
public sealed class DialogueExamplesTests
{
    private static readonly Tokenizer Bytes = new BpeTrainer { VocabSize = 257 }.Train(["abc"]).WithSpecialTokens(["⟨", "⟩"]);

    private static readonly ChatTemplate Brackets = new()
    {
        System = new ChatFrame { Prefix = "⟨", Suffix = "⟩" },
        User = new ChatFrame { Prefix = "⟨", Suffix = "⟩" },
        Assistant = new ChatFrame { Prefix = "⟨", Suffix = "⟩" },
        Tokens = ["⟨", "⟩"],
    };

    [Fact]
    public void TheOldestMessagesAreLeftOutAndTheInstructionStays()
    {
        DialogueExamples examples = Examples(contextLength: 13);
        examples.Add(Dialogue("Sx", "Ua", "Ab", "Uc", "Ad"));
        Assert.Equal("⟨x⟩⟨c⟩⟨d⟩", Text(examples));
        Assert.Equal((1, 2), examples.Shortened);
        Assert.Equal("d⟩", Answers(examples));
    }

    [Fact]
    public void TheRestBeginsWithTheUser()
    {
        DialogueExamples examples = Examples(contextLength: 11);
        examples.Add(Dialogue("Ua", "Ab", "Ac", "Ud", "Ae")); // 15 tokens; 12 fit, which begin with an answer
        Assert.Equal("⟨d⟩⟨e⟩", Text(examples));
        Assert.Equal((1, 3), examples.Shortened);
    }

    [Fact]
    public void AMessageThatIsTooLongLosesItsBeginning()
    {
        DialogueExamples examples = Examples(contextLength: 5);
        examples.Add(Dialogue("Ua", "Abcdefgh"));
        Assert.Equal(("defgh⟩", 1, (1, 1)), (Text(examples), examples.Cut, examples.Shortened));
    }

    [Fact]
    public void FiveThousandTurnsAreShortenedQuickly()
    {
        DialogueExamples examples = Examples(contextLength: 60);
        examples.Add(Dialogue([.. Enumerable.Range(0, 5000).Select(i => i % 2 == 0 ? "Uq" : "Ar")]));
        Assert.Equal(60, examples.Examples[0].Ids.Length);
        Assert.Equal((1, 4980), examples.Shortened);
    }

    [Fact]
    public void ADialogueWithoutAnswerCountsOnlyIfEveryTokenDoes()
    {
        DialogueExamples answers = Examples(20), all = Examples(20, LossOn.All);
        foreach (DialogueExamples examples in (DialogueExamples[])[answers, all])
        {
            examples.Add(Dialogue("Ua"));
            examples.Add(Dialogue("Ua", "Ub", "Ac"));
        }

        Assert.Equal((1, 1, 2), (answers.WithoutAnswer, answers.Examples.Count, answers.Dialogues));
        Assert.Equal((0, 2), (all.WithoutAnswer, all.Examples.Count));
        Assert.Equal((2, 8), (answers.Examples[0].Targets, all.Examples[1].Targets));
    }

    [Fact]
    public void AReversedDialoguePredictsTheHistoryAfterTheAnswer()
    {
        DialogueExamples examples = new(Bytes, Brackets, 20, LossOn.Assistant, isReversed: true);
        examples.Add(Dialogue("Sx", "Ua", "Ab", "Uc", "Ad"));
        Assert.Equal("⟨d⟩⟨c⟩⟨b⟩⟨a⟩", Text(examples));
        Assert.Equal("⟨c⟩⟨b⟩⟨a⟩", Answers(examples));
        DialogueExamples shorter = new(Bytes, Brackets, 7, LossOn.Assistant, isReversed: true);
        shorter.Add(Dialogue("Ua", "Ab", "Uc", "Ad"));
        Assert.Equal("⟨d⟩⟨c⟩", Text(shorter));
    }

    private static DialogueExamples Examples(int contextLength, LossOn lossOn = LossOn.Assistant) => new(Bytes, Brackets, contextLength, lossOn, isReversed: false);

    private static Dialogue Dialogue(params string[] messages) => new([.. messages.Select(message => new ChatMessage(message[0] switch { 'S' => ChatRole.System, 'U' => ChatRole.User, _ => ChatRole.Assistant }, message[1..]))], "test:1");

    private static string Text(DialogueExamples examples) => Bytes.Decode(Assert.Single(examples.Examples).Ids);

    private static string Answers(DialogueExamples examples)
    {
        SupervisedExample example = Assert.Single(examples.Examples);
        return Bytes.Decode([.. example.Ids.Where((_, i) => example.Counts[i])]);
    }
}
