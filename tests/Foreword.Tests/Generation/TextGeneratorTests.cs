using System.Text;
using Foreword.Generation;
using Foreword.Tokenization;

namespace Foreword.Tests.Generation;

public sealed class TextGeneratorTests
{
    private const int EndOfText = 256;

    private static readonly SamplingOptions Greedy = new() { Temperature = 0 };

    [Fact]
    public void EndOfTextEndsTheCompletionAndIsNotPartOfIt()
    {
        FakeModel model = Saying("hi", 64, "Hello.", EndOfText, 'x');
        Completion completion = new TextGenerator(model, new FakeTokenizer(257)).Complete("hi", Greedy);
        Assert.Equal("Hello.", completion.Text);
        Assert.Equal(Bytes("Hello."), completion.Ids);
        Assert.Equal(FinishReason.Stop, completion.FinishReason);
        Assert.Equal(0, model.OpenDecoders);
    }

    [Fact]
    public void TheWantedNumberOfTokensEndsTheCompletion()
    {
        Completion completion = Generate("hi", "Hello.", Greedy with { MaxTokens = 3 });
        Assert.Equal("Hel", completion.Text);
        Assert.Equal(FinishReason.Length, completion.FinishReason);
    }

    [Fact]
    public void TheModelReadsThePromptOnceAndThenEachTokenOnce()
    {
        FakeModel model = Saying("hi", 64, "Hello.");
        new TextGenerator(model, new FakeTokenizer(257)).Complete("hi", Greedy with { MaxTokens = 4 });
        Assert.Equal(Bytes("hiHel"), Assert.Single(model.Read)); // the fourth need not be read
    }

    [Fact]
    public void TheEndOfTheContextEndsTheCompletion()
    {
        FakeModel model = Saying("1234567", 10, "abcdefgh");
        Completion completion = new TextGenerator(model, new FakeTokenizer(257)).Complete("1234567", Greedy);
        Assert.Equal("abcd", completion.Text); // 10 - 7 + 1
        Assert.Equal(FinishReason.Length, completion.FinishReason);
    }

    [Fact]
    public void AnEmptyPromptStartsFromEndOfText()
    {
        FakeModel model = Saying("!", 64, "a");
        new TextGenerator(model, new FakeTokenizer(257)).Complete("", Greedy with { MaxTokens = 1 });
        Assert.Equal([EndOfText], Assert.Single(model.Read));

        TextGenerator withoutEnd = new(Saying("!", 64, "a"), new FakeTokenizer(256));
        Assert.Equal("the prompt is empty, and the tokenizer has no end-of-text token to start from", Assert.Throws<ArgumentException>(() => withoutEnd.Complete("", Greedy)).Message);
    }

    [Fact]
    public void APromptLongerThanTheContextIsAnErrorThatNamesBothNumbers()
    {
        TextGenerator generator = new(Saying("", 8, "a"), new FakeTokenizer(257));
        Assert.StartsWith("the prompt has 9 tokens; the context length is 8", Assert.Throws<ArgumentException>(() => generator.Complete("123456789", Greedy)).Message);
        Assert.Equal(8, generator.PromptIds("12345678", Greedy).Length);
    }

    [Theory]
    [InlineData(1, "23456789")] // all 8 places: the one token drawn is not read again
    [InlineData(3, "456789")]
    [InlineData(5, "6789")]
    [InlineData(100, "6789")] // half of the context stays
    public void TruncationKeepsTheEndOfThePromptAndLeavesRoomForTheCompletion(int maxTokens, string kept)
    {
        FakeModel model = new(257, 8, _ => FakeModel.Certain(257, 'a'));
        TextGenerator generator = new(model, new FakeTokenizer(257));
        Completion completion = generator.Complete("123456789", Greedy with { Truncate = true, MaxTokens = maxTokens });
        Assert.Equal(Bytes(kept), model.Read[0].Take(kept.Length));
        Assert.Equal(Math.Min(maxTokens, 5), completion.Ids.Count);
    }

    [Fact]
    public void AShortPromptIsNotTruncated() =>
        Assert.Equal(3, new TextGenerator(Saying("", 8, "a"), new FakeTokenizer(257)).PromptIds("123", Greedy with { Truncate = true }).Length);

    [Fact]
    public void CharactersAreStreamedWhole()
    {
        List<string> pieces = [];
        Completion completion = Generate("hi", "aé🙂", Greedy with { MaxTokens = 7 }, pieces.Add);
        Assert.Equal(["a", "é", "🙂"], pieces);
        Assert.Equal("aé🙂", completion.Text);
    }

    [Fact]
    public void TokensOfTheReleasedVocabularyThatCutCharactersAreStreamedWhole()
    {
        const string text = " naïve 🧑‍🚀 層 done";
        Tokenizer gpt2 = TokenizerFiles.Load(Fixtures.Path("gpt2-vocab"));
        int[] prompt = gpt2.Encode("Once");
        FakeModel model = FakeModel.Saying(50_257, 64, prompt.Length, [.. gpt2.Encode(text), 50_256]);
        List<string> pieces = [];
        Completion completion = new TextGenerator(model, gpt2).Complete("Once", Greedy, pieces.Add);
        Assert.Equal(text, completion.Text);
        Assert.Equal(text, string.Concat(pieces));
        Assert.DoesNotContain(pieces, piece => piece.Contains('\ufffd'));
        Assert.True(pieces.Count < completion.Ids.Count, "some token should have had to wait for its character's rest");
    }

    [Fact]
    public void ACharacterThatTheLengthLimitCutsBecomesAReplacementCharacter()
    {
        Completion completion = Generate("hi", "a🙂", Greedy with { MaxTokens = 3 });
        Assert.Equal("a\ufffd", completion.Text);
        Assert.Equal(3, completion.Ids.Count);
    }

    [Fact]
    public void AStopTextOverTokenBordersIsCutAndNeverStreamed()
    {
        List<string> pieces = [];
        Completion completion = Generate("hi", "one\ntwo\n\nthree", Greedy with { Stop = ["\n\n"] }, pieces.Add);
        Assert.Equal("one\ntwo", completion.Text);
        Assert.Equal("one\ntwo", string.Concat(pieces));
        Assert.Equal(["o", "n", "e", "\nt", "w", "o"], pieces);
        Assert.Equal(FinishReason.Stop, completion.FinishReason);
        Assert.Equal(Bytes("one\ntwo\n\n"), completion.Ids);
    }

    [Fact]
    public void AStopTextInsideOneTokenIsCutToo()
    {
        FakeTokenizer words = new(258, "left STOP right");
        FakeModel model = FakeModel.Saying(258, 64, 2, 257);
        Completion completion = new TextGenerator(model, words).Complete("hi", Greedy with { Stop = ["STOP"] });
        Assert.Equal("left ", completion.Text);
        Assert.Single(completion.Ids);
    }

    [Fact]
    public void TheBeginningOfAStopTextIsReleasedWhenTheCompletionEndsThere()
    {
        Completion completion = Generate("hi", "ab##", Greedy with { MaxTokens = 4, Stop = ["###", "zzz"] });
        Assert.Equal("ab##", completion.Text);
        Assert.Equal(FinishReason.Length, completion.FinishReason);
    }

    [Theory]
    [InlineData("xaab", "aab", "x")] // after "aa" the next "a" keeps two held
    [InlineData("xaaab", "aab", "xa")]
    [InlineData("abcd", "bcd|c", "ab")] // the one that is complete first
    [InlineData("abcd", "bc|abc", "")] // complete at the same place: the longer
    public void OverlappingStopTextsAreDecidedByTheirEnds(string said, string stops, string expected)
    {
        SamplingOptions options = Greedy with { Stop = stops.Split('|') };
        Assert.Equal(expected, Generate("hi", said, options).Text);

        FakeTokenizer oneToken = new(258, said);
        Assert.Equal(expected, new TextGenerator(FakeModel.Saying(258, 64, 2, 257), oneToken).Complete("hi", options).Text);
    }

    [Fact]
    public void ASampleDependsOnItsSeedAndNotOnHowManyThereAre()
    {
        FakeModel model = new(257, 64, tokens => [.. Enumerable.Range(0, 257).Select(id => id is >= 'a' and <= 'z' ? (id * tokens.Count) % 5 : -20f)]);
        TextGenerator generator = new(model, new FakeTokenizer(257));
        SamplingOptions options = new() { Seed = 11, MaxTokens = 20 };
        string[] texts = [.. Enumerable.Range(0, 3).Select(i => generator.Complete("hi", options.ForSample(i)).Text)];
        Assert.Equal(3, texts.Distinct().Count());
        Assert.Equal(texts[2], generator.Complete("hi", options with { Seed = 13 }).Text);
    }

    [Fact]
    public void IdsThatOnlyPadTheVocabularyAreNeverDrawn()
    {
        FakeModel model = new(300, 64, _ => FakeModel.Certain(300, 299));
        Assert.Equal([0], new TextGenerator(model, new FakeTokenizer(257)).Complete("hi", Greedy with { MaxTokens = 1 }).Ids);
    }

    [Fact]
    public void ATokenizerWithMoreIdsThanTheModelIsRefused() =>
        Assert.Equal("the tokenizer has 257 ids but the model's vocab_size is 100",
            Assert.Throws<ArgumentException>(() => new TextGenerator(FakeModel.Saying(100, 8, 0, 1), new FakeTokenizer(257))).Message);

    [Fact]
    public void CancellingEndsTheGenerationAndClosesTheDecoder()
    {
        using CancellationTokenSource source = new();
        FakeModel model = Saying("hi", 64, "Hello.");
        TextGenerator generator = new(model, new FakeTokenizer(257));
        Assert.Throws<OperationCanceledException>(() => generator.Generate("hi", Greedy, _ => source.Cancel(), source.Token));
        Assert.Equal(Bytes("hi"), Assert.Single(model.Read));
        Assert.Equal(0, model.OpenDecoders);
    }

    private static Completion Generate(string prompt, string said, SamplingOptions options, Action<string>? onText = null) =>
        new TextGenerator(Saying(prompt, 64, said, EndOfText), new FakeTokenizer(257)).Complete(prompt, options, onText);

    /// <summary>A model that says a text after a prompt of this length.</summary>
    private static FakeModel Saying(string prompt, int contextLength, string said, params int[] then) =>
        FakeModel.Saying(257, contextLength, prompt.Length, [.. Bytes(said), .. then]);

    private static int[] Bytes(string text) => [.. Encoding.UTF8.GetBytes(text).Select(b => (int)b)];
}

file static class UntilTheTestIsCancelled
{
    public static Completion Complete(this TextGenerator generator, string prompt, SamplingOptions options, Action<string>? onText = null) =>
        generator.Generate(prompt, options, onText, TestContext.Current.CancellationToken);
}
