using System.Text;
using Foreword.Generation;
using Foreword.Generation.Constraints;
using Foreword.Numerics;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.WordPieces;
using Foreword.Tokenization.Words;

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

    /// <summary>A model may have several ids that end a text (eos_token_id as a list). Sampling and beam search stop at each of them.</summary>
    [Theory]
    [InlineData(EndOfText, 1)]
    [InlineData(33, 1)]
    [InlineData(33, 2)]
    public void EveryIdThatTheModelsFilesNameEndsTheCompletion(int end, int beams)
    {
        Tokenizer tokenizer = new FakeTokenizer(257).With(new TokenRoles { Stops = [33] /* ! */ });
        Completion completion = new TextGenerator(Saying("hi", 64, "Hello", end, 'x'), tokenizer).Complete("hi", Greedy with { NumBeams = beams });
        Assert.Equal(("Hello", end), (completion.Text, completion.EndId));
    }

    [Fact]
    public void APromptStandsBehindWhatTheTemplatePutsBeforeAText()
    {
        Tokenizer tokenizer = new FakeTokenizer(259, "<s>", "</s>").With(new TokenRoles { StartOfText = 257, EndOfText = 258, Before = [257], After = [258] });
        TextGenerator generator = new(new FakeModel(259, 8, _ => new float[259]), tokenizer);
        Assert.Equal([257, 'h', 'i'], generator.PromptIds("hi", Greedy)); // no end token, because the text continues
        Assert.Equal([257], generator.PromptIds("", Greedy));
        Assert.Equal([257, .. Bytes("3456789")], generator.PromptIds("0123456789", Greedy with { Slide = true }));
    }

    [Fact]
    public void SpecialTokensInAPromptAreTokensWhereTheyAreAllowed()
    {
        Tokenizer gpt2 = TokenizerFiles.Load(Fixtures.Path("gpt2-vocab"));
        TextGenerator generator = new(Saying("hi", 64, "x"), new FakeTokenizer(257));
        Assert.Equal(2, generator.PromptIds("hi", Greedy with { AllowSpecial = true }).Length);
        generator = new(new FakeModel(50_257, 64, _ => new float[50_257]), gpt2);
        Assert.Equal([50256, 15496], generator.PromptIds("<|endoftext|>Hello", Greedy with { AllowSpecial = true }));
        Assert.True(generator.PromptIds("<|endoftext|>Hello", Greedy).Length > 2);
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
        Assert.Equal(Bytes("hiHel"), Assert.Single(model.Read)); // the fourth token does not have to be read
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
        Assert.StartsWith("the prompt is empty, and the tokenizer has no end-of-text token to start from", Assert.Throws<ArgumentException>(() => withoutEnd.Complete("", Greedy)).Message);
    }

    [Fact]
    public void APromptLongerThanTheContextIsAnErrorThatNamesBothNumbers()
    {
        TextGenerator generator = new(Saying("", 8, "a"), new FakeTokenizer(257));
        Assert.StartsWith("the prompt has 9 tokens; the context length is 8", Assert.Throws<ArgumentException>(() => generator.Complete("123456789", Greedy)).Message);
        Assert.Equal(8, generator.PromptIds("12345678", Greedy).Length);
    }

    [Theory]
    [InlineData(1, "23456789")] // all 8 positions, because the only generated token is not read again
    [InlineData(3, "456789")]
    [InlineData(5, "6789")]
    [InlineData(100, "6789")] // half of the context is kept
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

    [Theory]
    [InlineData("the quick", " fox")]
    [InlineData("the quick ", "fox")]
    [InlineData("", "fox")]
    public void ATokenizerWithSpacesBehindWordsDoesNotRunThePromptsLastWordIntoTheFirstOfTheText(string prompt, string expected)
    {
        WordTokenizer words = new(["<unk>", "<eos>", "the", "quick", "fox"]);
        int read = Math.Max(1, words.Encode(prompt).Length);
        List<string> pieces = [];
        Assert.Equal(expected, new TextGenerator(FakeModel.Saying(5, 16, read, 4, 1), words).Complete(prompt, Greedy, pieces.Add).Text);
        Assert.Equal(expected, string.Concat(pieces));
        Assert.Equal(expected, new TextGenerator(FakeModel.Saying(5, 16, read, 4, 1), words).Complete(prompt, new SamplingOptions { NumBeams = 2 }).Text);
        Assert.Equal("", new TextGenerator(FakeModel.Saying(5, 16, read, 1), words).Complete(prompt, Greedy).Text); // only end-of-text: nothing is written
    }

    [Theory]
    [InlineData(1, "#", "fox")]
    [InlineData(3, "#", "fox quick the")]
    [InlineData(3, "quick", "fox")]
    [InlineData(3, "k t", "fox quic")]
    [InlineData(3, "the ", "fox quick")] // a stop text can match the space
    public void TheSpaceBehindAWordIsWrittenWithTheNextWord(int tokens, string stop, string expected)
    {
        WordTokenizer words = new(["<unk>", "<eos>", "the", "quick", "fox"]);
        SamplingOptions options = Greedy with { MaxTokens = tokens, Stop = [stop] };
        List<string> pieces = [];
        Assert.Equal(expected, new TextGenerator(FakeModel.Saying(5, 16, 2, 4, 3, 2), words).Complete("the quick ", options, pieces.Add).Text);
        Assert.Equal(expected, string.Concat(pieces));
        Assert.DoesNotContain(pieces, piece => piece.EndsWith(' '));
        Assert.Equal(expected, new TextGenerator(FakeModel.Saying(5, 16, 2, 4, 3, 2), words).Complete("the quick ", options with { NumBeams = 2, Temperature = 1 }).Text);
    }

    [Fact]
    public void PromptAndTextAreWhatTheirTokensAreDecodedTo()
    {
        Tokenizer gpt1 = TokenizerFiles.Load(Fixtures.Path("gpt1-vocab"));
        int[] ids = gpt1.Encode("it was unquestionably the strangest afternoon of all .");
        for (int read = 1; read < ids.Length; read++)
        {
            string prompt = gpt1.Decode(ids.AsSpan(0, read));
            if (!gpt1.Encode(prompt).AsSpan().SequenceEqual(ids.AsSpan(0, read)))
                continue; // the prompt ends inside a word, and would be tokenized differently
            FakeModel model = FakeModel.Saying(gpt1.VocabSize, 64, read, ids[read..]);
            Assert.Equal(gpt1.Decode(ids), prompt + new TextGenerator(model, gpt1).Complete(prompt, Greedy with { MaxTokens = ids.Length - read }).Text);
        }
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
    [InlineData("xaab", "aab", "x")] // after "aa", the next "a" keeps two characters held back
    [InlineData("xaaab", "aab", "xa")]
    [InlineData("abcd", "bcd|c", "ab")] // the one that is complete first
    [InlineData("abcd", "bc|abc", "")] // complete at the same position: the longer one
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

    /// <summary>Creates a model that prefers some letters after every text, and sometimes ends it.</summary>
    private static FakeModel Babbling(int contextLength = 64) => new(257, contextLength, tokens =>
    {
        SplitMix64 random = new((ulong)tokens.Aggregate(17, (hash, token) => unchecked(hash * 31 + token)));
        return [.. Enumerable.Range(0, 257).Select(id => id is >= 'a' and <= 'z' or EndOfText ? (float)(4 * random.NextDouble()) : -30f)];
    });

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(5, 9)] // 45 sequences: more than are generated at the same time
    public void ASequenceIsTheSameWhateverIsWrittenBesideIt(int prompts, int samples)
    {
        FakeModel model = Babbling();
        TextGenerator generator = new(model, new FakeTokenizer(257));
        string[] texts = [.. Enumerable.Range(0, prompts).Select(i => new string('x', 1 + 7 * i))];
        SamplingOptions options = new() { Seed = 5, MaxTokens = 25, LogProbs = 1, Stop = ["qu"], RepetitionPenalty = 1.2 };
        Completion[][] together = generator.GenerateEach(texts, options, samples, null, TestContext.Current.CancellationToken);
        Assert.Equal(0, model.OpenDecoders);
        for (int prompt = 0; prompt < prompts; prompt++)
        {
            for (int sample = 0; sample < samples; sample++)
            {
                Completion alone = new TextGenerator(Babbling(), new FakeTokenizer(257)).Complete(texts[prompt], options.ForSample(sample));
                Completion beside = together[prompt][sample];
                Assert.Equal((alone.Text, alone.FinishReason, alone.EndId), (beside.Text, beside.FinishReason, beside.EndId));
                Assert.Equal(alone.Ids, beside.Ids);
                Assert.Equal(alone.LogProbs!.Select(token => token.LogProb), beside.LogProbs!.Select(token => token.LogProb));
            }
        }
    }

    /// <summary>Users of GPT2-Chinese got the same text several times in a batch (issues 45 and 155).</summary>
    [Fact]
    public void EightSamplesOfABatchDifferAndEachHasItsOwnSeed()
    {
        SamplingOptions options = new() { Seed = 3, MaxTokens = 20 };
        Completion[] samples = new TextGenerator(Babbling(), new FakeTokenizer(257)).GenerateEach(["x"], options, 8, null, TestContext.Current.CancellationToken)[0];
        Assert.Equal(8, samples.Select(sample => sample.Text).Distinct().Count());
        for (int i = 0; i < 8; i++)
            Assert.Equal(new TextGenerator(Babbling(), new FakeTokenizer(257)).Complete("x", options with { Seed = 3 + i }).Text, samples[i].Text);
    }

    private static readonly WordPiece Bert = new(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "你", "好", "，", "。", "hello", "world", "##s", "12", "(", "”"]);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void TheTokenForUnknownTextIsNotWritten(int beams)
    {
        float[] row = [.. Enumerable.Range(0, Bert.VocabSize).Select(id => id switch { 1 => 9f, 6 => 8f, _ => 0f })];
        TextGenerator generator = new(new FakeModel(Bert.VocabSize, 64, _ => row), Bert);
        SamplingOptions options = beams == 1 ? Greedy with { MaxTokens = 3 } : Greedy with { MaxTokens = 3, NumBeams = beams };
        Assert.Equal([6, 6, 6], generator.Complete("你", options).Ids);
        Assert.Equal([1, 1, 1], generator.Complete("你", options with { AllowUnknown = true }).Ids);
        Assert.Equal([6, 6, 6], generator.Complete("你", Greedy with { MaxTokens = 3, MinTokens = 2 }).Ids);
        Assert.DoesNotContain(1, generator.Complete("你", new SamplingOptions { MaxTokens = 60, Temperature = 20 }).Ids);
    }

    /// <summary>As in GPT2-Chinese's generate.py, but a number also has its space, and ## continues a word.</summary>
    [Theory]
    [InlineData("你", "5 6 3 5 2 4 6", "你好\n你\n\n好")]
    [InlineData("你", "9 10 11 12 5 9 8 10", "hello worlds 12你hello。world")]
    [InlineData("hello", "10 7 9 13 10", " world，hello(world")]
    [InlineData("hello", "3 10 4 10 14 10", "\nworldworld” world")]
    public void SpecialTokensOfBertAreLinesAndLatinWordsHaveSpaces(string prompt, string said, string text)
    {
        int[] script = [.. said.Split(' ').Select(int.Parse)];
        TextGenerator generator = new(FakeModel.Saying(Bert.VocabSize, 64, 1, script), Bert);
        Completion completion = generator.Complete(prompt, Greedy with { MaxTokens = script.Length, IgnoreEndOfText = true });
        Assert.Equal(text, completion.Text);
        Assert.Equal(script, completion.Ids);
    }

    [Theory]
    [InlineData(1, "好。", FinishReason.Stop)]
    [InlineData(2, "好。你”好。", FinishReason.Stop)]
    [InlineData(0, "好。你”好。", FinishReason.Length)]
    [InlineData(9, "好。你”好。", FinishReason.Length)]
    [InlineData(null, "好。你”好。你", FinishReason.Length)]
    public void ATextEndsAfterWholeSentences(int? sentences, string text, FinishReason reason)
    {
        TextGenerator generator = new(FakeModel.Saying(Bert.VocabSize, 64, 1, 6, 8, 5, 14, 6, 8, 5, 6), Bert);
        List<string> pieces = [];
        Completion completion = generator.Complete("你", Greedy with { MaxTokens = 7, Sentences = sentences }, pieces.Add);
        Assert.Equal((text, reason), (completion.Text, completion.FinishReason));
        Assert.Equal(text, string.Concat(pieces));
        if (sentences == 2)
            Assert.Equal(text, generator.Complete("你", Greedy with { MaxTokens = 8, Sentences = 2, NumBeams = 2 }).Text);
    }

    [Fact]
    public void SentencesAndAConstraintAreRefused() =>
        Assert.StartsWith("sentences is 1; it cannot be combined with a constraint", Assert.Throws<ArgumentException>(() => new SamplingOptions { Sentences = 1, Constraint = TextConstraint.Choice(["a"]) }.Validate()).Message);

    [Fact]
    public void SamplesShareTheReadingOfTheirPromptAndEveryPassOverTheWeights()
    {
        FakeModel model = new(257, 64, _ => FakeModel.Certain(257, 'a'));
        new TextGenerator(model, new FakeTokenizer(257)).GenerateEach(["hi", "there"], Greedy with { MaxTokens = 4 }, 3, null, TestContext.Current.CancellationToken);
        Assert.Equal([6, 6, 6], model.BatchSizes);
        Assert.Equal(2, model.Opened); // one for each prompt; the other four are forks
    }

    [Fact]
    public void PiecesOfSeveralSequencesCarryTheirNumber()
    {
        Dictionary<int, string> texts = [];
        Completion[][] completions = new TextGenerator(Babbling(), new FakeTokenizer(257)).GenerateEach(
            ["x", "y"], new SamplingOptions { MaxTokens = 9 }, 2, (sequence, piece) => texts[sequence] = texts.GetValueOrDefault(sequence) + piece, TestContext.Current.CancellationToken);
        for (int sequence = 0; sequence < 4; sequence++)
            Assert.Equal(completions[sequence / 2][sequence % 2].Text, texts.GetValueOrDefault(sequence, ""));
    }

    [Fact]
    public void ASlidingTextGoesOnBehindTheContextAndForgetsTheOlderHalf()
    {
        FakeModel model = new(257, 8, tokens => FakeModel.Certain(257, tokens[^1] == 'z' ? EndOfText : tokens[^1] + 1));
        Completion completion = new TextGenerator(model, new FakeTokenizer(257)).Complete("abc", Greedy with { Slide = true });
        Assert.Equal("defghijklmnopqrstuvwxyz", completion.Text);
        Assert.Equal(FinishReason.Stop, completion.FinishReason);
        Assert.Equal(["abcdefgh", "fghijklm", "klmnopqr", "pqrstuvw", "uvwxyz"], model.Read.Select(tokens => string.Concat(tokens.Select(token => (char)token))));
        Assert.Equal("the prompt's last tokens fill the context: 34567890", "the prompt's last tokens fill the context: " + string.Concat(
            new TextGenerator(model, new FakeTokenizer(257)).PromptIds("1234567890", Greedy with { Slide = true }).Select(id => (char)id)));
    }

    [Fact]
    public void MoreBeamsThanMemoryCouldEverHoldAreRefused()
    {
        TextGenerator generator = new(Saying("hi", 64, "a"), new FakeTokenizer(257));
        string problem = Assert.Throws<ArgumentException>(() => generator.Complete("hi", new SamplingOptions { NumBeams = 16_711_936 })).Message; // times 257 it is 256 in 32-bit arithmetic
        Assert.StartsWith($"num-beams is 16711936; with a vocabulary of 257 it can be at most {Array.MaxLength / 257}", problem);
    }

    [Fact]
    public void AStopTokenEndsLikeEndOfText()
    {
        Completion completion = Generate("hi", "one|two", Greedy with { StopIds = ['|'] });
        Assert.Equal(("one", FinishReason.Stop, '|'), (completion.Text, completion.FinishReason, completion.EndId!.Value));
        Assert.Equal(Bytes("one"), completion.Ids);
    }

    [Fact]
    public void LogProbsAreTheModelsOwnWhateverTheOptionsMakeOfThem()
    {
        // The sum is over all 300 ids of the model. The tokenizer has only 257 ids, and the model's favorite (299) is not one of them.
        float[] row = [.. Enumerable.Repeat(-1f, 300)];
        (row['a'], row['b'], row[299]) = (2, 1, 3);
        double sum = Math.Log(Math.Exp(2) + Math.Exp(1) + Math.Exp(3) + 297 * Math.Exp(-1));
        SamplingOptions options = Greedy with { MaxTokens = 2, LogProbs = 3, LogitBias = new Dictionary<int, double> { ['b'] = 5 } };
        Completion completion = new TextGenerator(new FakeModel(300, 64, _ => row), new FakeTokenizer(257)).Complete("hi", options);
        Assert.Equal("bb", completion.Text);
        Assert.All(completion.LogProbs!, token =>
        {
            Assert.Equal('b', token.Id);
            Assert.Equal(1 - sum, token.LogProb, 1e-5);
            Assert.Equal(['a', 'b', 0], token.Top.Select(top => top.Id));
            Assert.Equal(2 - sum, token.Top[0].LogProb, 1e-5);
        });
        Assert.Null(new TextGenerator(new FakeModel(300, 64, _ => row), new FakeTokenizer(257)).Complete("hi", Greedy with { MaxTokens = 1 }).LogProbs);
    }

    [Fact]
    public async Task AStreamGivesEachTokenWithTheTextThatItCompletesAndThenTheEnd()
    {
        List<GeneratedToken> tokens = [];
        TextGenerator generator = new(Saying("hi", 64, "aé🙂", EndOfText), new FakeTokenizer(257));
        await foreach (GeneratedToken token in generator.StreamAsync("hi", Greedy, TestContext.Current.CancellationToken))
            tokens.Add(token);
        Assert.Equal(["a", "", "é", "", "", "", "🙂", ""], tokens.Select(token => token.Text));
        Assert.Equal([.. Encoding.UTF8.GetBytes("aé🙂").Select(id => (int?)id), null], tokens.Select(token => token.Id));
        Assert.All(tokens[..^1], token => Assert.InRange(token.LogProb!.Value, -0.01, 0));
        Assert.Equal((null, FinishReason.Stop), (tokens[^1].LogProb, tokens[^1].FinishReason));
        Assert.All(tokens[..^1], token => Assert.Null(token.FinishReason));
    }

    [Fact]
    public async Task AStreamGivesTheLogProbabilitiesOfTheCompletion()
    {
        SamplingOptions options = new() { MaxTokens = 12, LogProbs = 2, Seed = 4 };
        FakeModel model = new(257, 64, read => [.. Enumerable.Range(0, 257).Select(id => (id * 7 + read.Count) % 11 / 4f)]);
        TextGenerator generator = new(model, new FakeTokenizer(257));
        List<GeneratedToken> tokens = [];
        await foreach (GeneratedToken token in generator.StreamAsync("hi", options, TestContext.Current.CancellationToken))
            tokens.Add(token);
        Completion completion = generator.Complete("hi", options);
        Assert.Equal(completion.LogProbs!.Select(token => (token.Id, token.LogProb)), tokens[..^1].Select(token => (token.Id!.Value, token.LogProb!.Value)));
        Assert.Equal((completion.Text, completion.FinishReason), (string.Concat(tokens), tokens[^1].FinishReason));
    }

    [Fact]
    public void AStreamThatCannotBeginSaysSoBeforeItIsRead()
    {
        TextGenerator generator = new(Saying("hi", 64, "a"), new FakeTokenizer(257));
        Assert.StartsWith("the prompt has 65 tokens", Refused(new string('a', 65), Greedy));
        Assert.Equal("max-tokens is 0; it must be at least 1", Refused("hi", Greedy with { MaxTokens = 0 }));
        Assert.StartsWith("an option names token 257; the tokenizer has 257 ids", Refused("hi", Greedy with { StopIds = [257] }));

        string Refused(string prompt, SamplingOptions options) => Assert.Throws<ArgumentException>(() => generator.StreamAsync(prompt, options)).Message;
    }

    /// <summary>
    /// Streams that wait for the model would otherwise occupy every thread of the pool, and no thread would be left to deliver a chunk of text.
    /// </summary>
    [Fact]
    public async Task AStreamIsNotComputedOnAThreadOfThePool()
    {
        bool onPool = false;
        FakeModel model = new(257, 64, _ =>
        {
            onPool |= Thread.CurrentThread.IsThreadPoolThread;
            return FakeModel.Certain(257, 'a');
        });
        string text = "";
        await foreach (GeneratedToken token in new TextGenerator(model, new FakeTokenizer(257)).StreamAsync("hi", Greedy with { MaxTokens = 3 }, TestContext.Current.CancellationToken))
            text += token.Text;
        Assert.Equal("aaa", text);
        Assert.Equal("hiaa", Encoding.UTF8.GetString([.. model.Read[0].Select(id => (byte)id)]));
        Assert.False(onPool);
    }

    [Fact]
    public async Task WhatFailsInsideAStreamIsThrownBehindThePiecesBeforeIt()
    {
        FakeModel model = new(257, 64, read => FakeModel.Certain(257, read.Count < 4 ? 'a' : throw new InvalidOperationException("broken")));
        List<string> pieces = [];
        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (GeneratedToken token in new TextGenerator(model, new FakeTokenizer(257)).StreamAsync("hi", Greedy, TestContext.Current.CancellationToken))
                pieces.Add(token.Text);
        })).Message);
        Assert.Equal(["a", "a"], pieces);
        Assert.Equal(0, model.OpenDecoders);
    }

    [Fact]
    public async Task CancelingAStreamEndsItBeforeTheNextToken()
    {
        using CancellationTokenSource source = new();
        using SemaphoreSlim next = new(1);
        FakeModel model = new(257, 64, _ =>
        {
            next.Wait(TestContext.Current.CancellationToken); // computes one token for each signal of the reader
            return FakeModel.Certain(257, 'a');
        });
        List<string> pieces = [];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken token in new TextGenerator(model, new FakeTokenizer(257)).StreamAsync("hi", Greedy, source.Token))
            {
                pieces.Add(token.Text);
                if (pieces.Count == 3)
                    await source.CancelAsync();
                next.Release();
            }
        });
        Assert.Equal(3, pieces.Count);
        Assert.InRange(model.Read[0].Count, 4, 5); // the prompt, two tokens, and at most the one that was being computed
        Assert.Equal(0, model.OpenDecoders);
    }

    [Fact]
    public async Task LeavingAStreamEndsTheGeneration()
    {
        FakeModel model = new(257, 64, _ => FakeModel.Certain(257, 'a'));
        await foreach (GeneratedToken token in new TextGenerator(model, new FakeTokenizer(257)).StreamAsync("hi", Greedy, TestContext.Current.CancellationToken))
            break;
        Assert.Equal(0, model.OpenDecoders);
    }

    [Fact]
    public void IdsThatOnlyPadTheVocabularyAreNeverDrawn()
    {
        FakeModel model = new(300, 64, _ => FakeModel.Certain(300, 299));
        Assert.Equal([0], new TextGenerator(model, new FakeTokenizer(257)).Complete("hi", Greedy with { MaxTokens = 1 }).Ids);
    }

    [Fact]
    public void ATokenizerWithMoreIdsThanTheModelIsRefused() =>
        Assert.StartsWith("the tokenizer has 257 ids but the model's vocab_size is 100",
            Assert.Throws<ArgumentException>(() => new TextGenerator(FakeModel.Saying(100, 8, 0, 1), new FakeTokenizer(257))).Message);

    [Fact]
    public void CancelingEndsTheGenerationAndClosesTheDecoder()
    {
        using CancellationTokenSource source = new();
        FakeModel model = Saying("hi", 64, "Hello.");
        TextGenerator generator = new(model, new FakeTokenizer(257));
        Assert.Throws<OperationCanceledException>(() => generator.Generate("hi", Greedy, _ => source.Cancel(), source.Token));
        Assert.Equal(Bytes("hi"), Assert.Single(model.Read));
        Assert.Equal(0, model.OpenDecoders);
    }

    [Fact]
    public void CancelingIsLookedAtBeforeEachPromptIsRead()
    {
        using CancellationTokenSource source = new();
        FakeModel model = new(257, 64, _ =>
        {
            source.Cancel();
            return FakeModel.Certain(257, 'a');
        });
        Assert.Throws<OperationCanceledException>(() => new TextGenerator(model, new FakeTokenizer(257)).GenerateEach(["hi", "there", "you"], Greedy, 2, null, source.Token));
        Assert.Equal(1, model.Opened);
        Assert.Equal(0, model.OpenDecoders);
    }

    private static Completion Generate(string prompt, string said, SamplingOptions options, Action<string>? onText = null) =>
        new TextGenerator(Saying(prompt, 64, said, EndOfText), new FakeTokenizer(257)).Complete(prompt, options, onText);

    /// <summary>Creates a model that generates a text after a prompt of the given length.</summary>
    private static FakeModel Saying(string prompt, int contextLength, string said, params int[] then) =>
        FakeModel.Saying(257, contextLength, prompt.Length, [.. Bytes(said), .. then]);

    private static int[] Bytes(string text) => [.. Encoding.UTF8.GetBytes(text).Select(b => (int)b)];
}

file static class UntilTheTestIsCanceled
{
    public static Completion Complete(this TextGenerator generator, string prompt, SamplingOptions options, Action<string>? onText = null) =>
        generator.Generate(prompt, options, onText, TestContext.Current.CancellationToken);
}
