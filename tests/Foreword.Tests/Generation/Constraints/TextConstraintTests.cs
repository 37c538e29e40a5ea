using Foreword.Chat;
using Foreword.Generation;
using Foreword.Generation.Constraints;
using Foreword.Tokenization;
using Foreword.Tokenization.Words;

namespace Foreword.Tests.Generation.Constraints;

public sealed class TextConstraintTests
{
    private static readonly FakeTokenizer Tokenizer = ConstrainedTexts.Bytes;

    [Fact]
    public void ACompletionIsOneOfTheChoices()
    {
        SamplingOptions options = new() { Constraint = TextConstraint.Choice(["yes", "no", "nobody"]) };
        string[] texts = [.. new TextGenerator(Flat(), Tokenizer).GenerateEach(["?"], options, 40)[0].Select(completion => completion.Text)];
        Assert.Equal(["no", "nobody", "yes"], texts.Distinct().Order());
    }

    [Fact]
    public void ATextThatNothingCanFollowEndsWithoutAnotherToken()
    {
        FakeModel model = Flat();
        Completion completion = new TextGenerator(model, Tokenizer).Generate("?", new() { Constraint = TextConstraint.Choice(["yes"]) });
        Assert.Equal(("yes", FinishReason.Stop, (int?)null), (completion.Text, completion.FinishReason, completion.EndId));
        Assert.Equal(3, model.Read[0].Count); // the prompt and two tokens; the last one is not read
    }

    [Fact]
    public void ATextThatMayGoOnEndsWithTheTokenThatEndsTexts()
    {
        FakeModel model = FakeModel.Saying(257, 64, 1, 'n', 'o', 256);
        Completion completion = new TextGenerator(model, Tokenizer).Generate("?", new() { Constraint = TextConstraint.Choice(["no", "nobody"]) });
        Assert.Equal(("no", FinishReason.Stop, (int?)256), (completion.Text, completion.FinishReason, completion.EndId));
    }

    [Fact]
    public void TheEndOfTextIsNotDrawnBeforeTheTextMatches()
    {
        FakeModel model = FakeModel.Saying(257, 64, 1, 256);
        Assert.Equal("no", new TextGenerator(model, Tokenizer).Generate("?", new() { Constraint = TextConstraint.Choice(["no", "nobody"]), Temperature = 0 }).Text);
    }

    [Fact]
    public void StopIdsAreTokensThatEndTheText()
    {
        FakeModel model = FakeModel.Saying(257, 64, 1, 'a', 'a', '!');
        Completion completion = new TextGenerator(model, Tokenizer).Generate("?", new() { Constraint = TextConstraint.Regex("[a!]+"), StopIds = ['!'] });
        Assert.Equal(("aa", (int?)'!'), (completion.Text, completion.EndId));
    }

    [Fact]
    public void ATextThatIsCutSaysSo()
    {
        Completion completion = new TextGenerator(Flat(), Tokenizer).Generate("?", new() { Constraint = TextConstraint.Choice(["yes"]), MaxTokens = 2 });
        Assert.Equal(("ye", FinishReason.Length), (completion.Text, completion.FinishReason));
        completion = new TextGenerator(Flat(), Tokenizer).Generate("?", new() { Constraint = TextConstraint.Choice(["yes"]), MaxTokens = 3 });
        Assert.Equal(("yes", FinishReason.Stop), (completion.Text, completion.FinishReason));
    }

    [Fact]
    public void LogProbabilitiesAreTheModelsOwn()
    {
        SamplingOptions options = new() { Constraint = TextConstraint.Choice(["b"]), LogProbs = 1 };
        TokenLogProb score = Assert.Single(new TextGenerator(FakeModel.Saying(257, 64, 1, 'a'), Tokenizer).Generate("?", options).LogProbs!);
        Assert.Equal('b', score.Id);
        Assert.Equal(-50, score.LogProb, 1e-3);
        Assert.Equal('a', Assert.Single(score.Top).Id);
    }

    [Fact]
    public void DrawingUnderAConstraintEqualsDrawingFromASmallerVocabulary()
    {
        float[] logits = [.. Enumerable.Range(0, 257).Select(id => (float)Math.Sin(id * 1.7) * 3)];
        float[] small = [.. Enumerable.Range('a', 26).Select(id => logits[id])];
        foreach (SamplingOptions how in (SamplingOptions[])[new(), new() { Temperature = 0 }, new() { TopK = 5 }, new() { TopP = 0.7 }, new() { MinP = 0.2 }, new() { TypicalP = 0.5, Temperature = 0.7 }])
        {
            Sampler expected = new(how with { Seed = 4 });
            ConstrainedText text = new(TextConstraint.Regex("[a-z]{999}"), Tokenizer, []);
            Sampler drawn = Sampler.ForConstrained(how with { Seed = 4 }, []);
            for (int i = 0; i < 100; i++)
            {
                int id = drawn.Sample(logits, text.Allowed(257));
                Assert.Equal('a' + expected.Sample(small), id);
                text.Append(id);
            }
        }
    }

    [Fact]
    public void ANumberThatIsNotFiniteIsNoticedAlsoAtATokenThatIsNotAllowed()
    {
        FakeModel model = new(257, 64, _ => [.. Enumerable.Range(0, 257).Select(id => id == 7 ? float.NaN : 0f)]);
        Assert.StartsWith("the logit of token 7 is NaN", Assert.Throws<ArgumentException>(() => new TextGenerator(model, Tokenizer).Generate("?", new() { Constraint = TextConstraint.Choice(["b"]) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ChatAnswersAndLongTextsObeyTheConstraint()
    {
        using Conversation conversation = new(Flat(context: 128), Tokenizer, new ChatTemplate());
        SamplingOptions options = new() { Constraint = TextConstraint.Regex("[ab]\n[cd]"), MaxTokens = 20 };
        ChatAnswer answer = conversation.Answer("Hello", options);
        Assert.Matches("^[ab]\n[cd]$", answer.Text);
        Assert.Equal(FinishReason.Stop, answer.FinishReason);
        Assert.Matches("^[ab]{200}$", new TextGenerator(Flat(), Tokenizer).Generate("?", new() { Constraint = TextConstraint.Regex("[ab]{200}"), MaxTokens = 300, Slide = true }).Text);
    }

    [Fact]
    public void WhatCannotBeCombinedIsRefused()
    {
        TextConstraint constraint = TextConstraint.Choice(["a"]);
        Assert.Equal("stop has the text 'x'; it cannot be combined with a constraint, which says itself where a text may end", Refusal(new() { Constraint = constraint, Stop = ["x"] }));
        Assert.Contains("so a constraint cannot be combined with it", Refusal(new() { Constraint = constraint, NumBeams = 2 }), StringComparison.Ordinal);
        Assert.Contains("a sampler without a tokenizer", Assert.Throws<ArgumentException>(() => new Sampler(new() { Constraint = constraint })).Message, StringComparison.Ordinal);

        static string Refusal(SamplingOptions options) => Assert.Throws<ArgumentException>(options.Validate).Message;
    }

    [Fact]
    public void AChoiceOfNothingIsRefused()
    {
        Assert.Contains("there are no texts", Assert.Throws<ArgumentException>(() => TextConstraint.Choice([])).Message, StringComparison.Ordinal);
        Assert.Contains("text 1 of the choice is empty", Assert.Throws<ArgumentException>(() => TextConstraint.Choice(["a", ""])).Message, StringComparison.Ordinal);
        Assert.Contains("text 0 of the choice has half of a surrogate pair", Assert.Throws<ArgumentException>(() => TextConstraint.Choice(["\uD83D"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATokenizerThatAddsSpacesIsRefusedBeforeAnythingIsGenerated()
    {
        Tokenizer words = new WordTokenizer([WordTokenizer.Unknown, WordTokenizer.EndOfSentence, "a", "b"]);
        TextGenerator generator = new(Flat(vocabulary: words.VocabSize), words);
        string message = Assert.Throws<ArgumentException>(() => { generator.StreamAsync("a", new() { Constraint = TextConstraint.Choice(["a"]) }); }).Message;
        Assert.Contains("adds or removes spaces around words", message, StringComparison.Ordinal);
    }

    [Fact]
    public void CharactersWithoutATokenAreNeverNeeded()
    {
        CharTokenizer tokenizer = new(["a", "b", "é", "😀", CharTokenizer.Unknown, AddedToken.EndOfText]);
        TextConstraint constraint = TextConstraint.Regex("(a(bx|é)|[^a]+x|z)b"); // after "ab" only x, which has no token, would lead on
        for (int seed = 0; seed < 20; seed++)
            Assert.Equal(("aéb", true), ConstrainedTexts.Write(constraint, tokenizer, seed));
        Assert.Equal("the tokenizer has no tokens for the characters that the choice needs", Assert.Throws<ArgumentException>(() => TextConstraint.Choice(["xa"]).For(tokenizer)).Message);
    }

    [Fact]
    public void ATokenizerWithoutAnEndOfTextEndsWhereNothingCanFollow()
    {
        CharTokenizer tokenizer = new(["a", "b"]);
        Assert.Equal("ab", new TextGenerator(Flat(vocabulary: 2), tokenizer).Generate("a", new() { Constraint = TextConstraint.Choice(["ab"]) }).Text);
    }

    [Fact]
    public void SpecialTokensAreNotPartOfATextThatAllowsTheirCharacters()
    {
        ConstrainedText text = new(TextConstraint.Regex("<.*"), Tokenizer, []);
        Assert.False(text.Allowed(257).Contains(256));
        text.Append('<');
        Assert.True(text.Allowed(257).Contains(256)); // as the end
        Assert.False(text.Allowed(256).Contains(256)); // the model has no such id
    }

    [Fact]
    public void AVeryLongTextStartsNewTablesAndGoesOn()
    {
        TextConstraint constraint = TextConstraint.Regex("(?:[a-y]{30000}|z)");
        ConstrainedText text = new(constraint, Tokenizer, []);
        for (int i = 0; i < 30_000; i++)
        {
            Assert.False(text.CanEnd);
            Assert.True(text.Allowed(257).Contains('a'));
            text.Append('a');
        }

        Assert.True(text.IsComplete);
        Assert.True(constraint.For(Tokenizer).Begin().Automaton.Count < 20_000);
    }

    [Fact]
    public void EveryMaskOfAChoiceEqualsItsBeginnings()
    {
        string[] choices = ["abc", "abcd", "ab", "aaa", "é", "e\u0301", "😀", "😁😀", "name", "nab"];
        FakeTokenizer tokenizer = ConstrainedTexts.Words;
        TextConstraint constraint = TextConstraint.Choice(choices);
        byte[][] all = [.. choices.Select(System.Text.Encoding.UTF8.GetBytes)];
        Try([]);

        void Try(List<int> ids)
        {
            ConstrainedText text = new(constraint, tokenizer, []);
            ids.ForEach(text.Append);
            byte[] written = tokenizer.DecodeBytes([.. ids]);
            if (text.IsComplete)
                return;
            TokenMask mask = text.Allowed(tokenizer.VocabSize);
            for (int id = 0; id < tokenizer.VocabSize; id++)
            {
                byte[] longer = [.. written, .. tokenizer.TokenBytes(id)];
                bool expected = id == 256 ? all.Any(choice => choice.SequenceEqual(written)) : all.Any(choice => choice.AsSpan().StartsWith(longer));
                Assert.True(expected == mask.Contains(id), $"{string.Join(' ', ids)} and {id}");
                if (expected && id != 256)
                    Try([.. ids, id]);
            }
        }
    }

    private static FakeModel Flat(int context = 64, int vocabulary = 257) => new(vocabulary, context, _ => new float[vocabulary]);
}
