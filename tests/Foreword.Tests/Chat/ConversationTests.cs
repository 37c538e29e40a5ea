using System.Text;
using System.Text.Json;
using Foreword.Chat;
using Foreword.Generation;
using Foreword.Progress;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;

namespace Foreword.Tests.Chat;

public sealed class ConversationTests
{
    private static readonly SamplingOptions Greedy = new() { Temperature = 0, MaxTokens = 20 };

    private readonly FakeTokenizer _tokenizer = new(257);

    [Fact]
    public void TheModelReadsTheTemplateAndEachTokenOnce()
    {
        FakeModel model = Counting(200);
        using (Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain, "Be short."))
        {
            List<string> pieces = [];
            ChatAnswer first = conversation.Answer("one", Greedy, pieces.Add, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal((" ok1", FinishReason.Stop, false, 0, false), (first.Text, first.FinishReason, first.Interrupted, first.DroppedMessages, first.Shortened));
            Assert.Equal(" ok1", string.Concat(pieces));
            Assert.Equal(" ok2", Answer(conversation, "two"));
            Assert.Equal(" ok3", Answer(conversation, "three"));
            Assert.Equal("Be short.\n\nUser: one\nAssistant: ok1\nUser: two\nAssistant: ok2\nUser: three\nAssistant: ok3", Text(model.Read[0]));
            Assert.Equal(1, model.Opened);
            Assert.Equal(["Be short.", "one", " ok1", "two", " ok2", "three", " ok3"], conversation.Messages.Select(message => message.Text));
        }

        Assert.Equal(0, model.OpenDecoders);
    }

    [Fact]
    public void WhatWasDrawnBehindAStopTextIsNotKeptAndTheRestIsNotReadAgain()
    {
        FakeModel model = Saying(" yes#END");
        using Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain with { Stop = ["#END"] });
        Assert.Equal(" yes", Answer(conversation, "a"));
        Assert.Equal(" yes", Answer(conversation, "b"));
        Assert.Equal(1, model.Opened); // the second answer continues from a fork that was made before the first answer
        Assert.Equal("User: a\nAssistant: yes#EN", Text(model.Read[0]));
        Assert.Equal("User: a\nAssistant: yes\nUser: b\nAssistant: yes#EN", Text(model.Read[1]));
    }

    [Fact]
    public void WhenTheContextIsFullTheOldestMessagesGoAndTheInstructionStays()
    {
        FakeModel model = Counting(70);
        using Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain, "S");
        SamplingOptions options = Greedy with { MaxTokens = 10 };
        int[] dropped = [.. Enumerable.Range(0, 6).Select(_ => conversation.Answer("abcd", options, cancellationToken: TestContext.Current.CancellationToken).DroppedMessages)];
        Assert.Equal([0, 0, 2, 2, 2, 2], dropped); // 24 tokens, then 26 more for each turn; up to 61 tokens leave room for ten
        Assert.Contains("S\n\nUser: abcd\nAssistant: ok2\nUser: abcd\nAssistant: ok2", model.Read.Select(Text));
        Assert.Equal(13, conversation.Messages.Count);
    }

    [Fact]
    public void AMessageLongerThanTheContextLosesItsBeginning()
    {
        FakeModel model = Counting(40);
        using Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain);
        ChatAnswer answer = conversation.Answer(new string('x', 100), Greedy with { MaxTokens = 10 }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(answer.Shortened);
        Assert.Equal(" ok0", answer.Text); // "User:" was cut off
        Assert.StartsWith("xxxxxxxxxxxxxxxxxxxx\nAssistant:", Text(model.Read[0]));
    }

    [Fact]
    public void TheInstructionStaysBeforeAMessageThatLosesItsBeginning()
    {
        FakeModel model = Counting(40);
        using Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain with { Start = "<s>" }, "Short.");
        Assert.True(conversation.Answer(new string('x', 100), Greedy with { MaxTokens = 10 }, cancellationToken: TestContext.Current.CancellationToken).Shortened);
        Assert.StartsWith("<s>Short.\n\nxxxxxxxxx\nAssistant:", Text(model.Read[0])); // 31 tokens: 40 minus nine, because of ten generated tokens only nine are read
    }

    [Fact]
    public void WhatTheModelFailedToReadIsReadAnew()
    {
        bool fails = false;
        FakeModel counting = Counting(200), model = new(257, 200, tokens => fails ? throw new IOException("no memory") : counting.Logits(tokens));
        using Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain);
        Assert.Equal(" ok1", Answer(conversation, "one"));
        fails = true;
        Assert.Throws<IOException>(() => Answer(conversation, "two"));
        fails = false;
        Assert.Equal(" ok2", Answer(conversation, "two"));
        Assert.Equal("User: one\nAssistant: ok1\nUser: two\nAssistant: ok2", Text(model.Read[0]));
        Assert.Equal(["one", " ok1", "two", " ok2"], conversation.Messages.Select(message => message.Text));
    }

    [Fact]
    public void AnInterruptedAnswerIsKeptAsFarAsItCame()
    {
        FakeModel model = Counting(200);
        using Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain);
        StopRequest stop = new();
        ChatAnswer answer = conversation.Answer("one", Greedy, piece => { if (piece.Contains('k', StringComparison.Ordinal)) stop.Request(); }, stop, TestContext.Current.CancellationToken);
        Assert.Equal((" ok", true), (answer.Text, answer.Interrupted));
        Assert.Equal(" ok2", Answer(conversation, "two"));
        Assert.Equal("User: one\nAssistant: ok\nUser: two\nAssistant: ok2", Text(model.Read[0]));
        Assert.Equal(1, model.Opened);
    }

    [Fact]
    public void ACanceledAnswerThrowsAndItsMessageIsNotKept()
    {
        FakeModel model = Counting(200);
        using Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain);
        using CancellationTokenSource source = new();
        Assert.Throws<OperationCanceledException>(() => conversation.Answer("one", Greedy, piece => { if (piece.Contains('k', StringComparison.Ordinal)) source.Cancel(); }, cancellationToken: source.Token));
        Assert.Empty(conversation.Messages);
        Assert.Equal(" ok1", Answer(conversation, "two"));
    }

    [Fact]
    public void AfterAResetNothingIsLeft()
    {
        FakeModel model = Counting(200);
        using Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain);
        Answer(conversation, "one");
        conversation.Reset();
        Assert.Empty(conversation.Messages);
        Assert.Equal(" ok1", Answer(conversation, "two"));
    }

    [Fact]
    public void AMessageThatCannotBeAnsweredIsNotKept()
    {
        using Conversation conversation = new(Counting(200), _tokenizer, ChatTemplate.Plain);
        Assert.Throws<ArgumentException>(() => conversation.Answer("one", Greedy with { TopK = -1 }, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Empty(conversation.Messages);
    }

    [Fact]
    public void AMessageThatCannotBeAnsweredMakesNothingForgotten()
    {
        using Conversation conversation = new(Counting(90), _tokenizer, ChatTemplate.Plain);
        Answer(conversation, "one");
        Answer(conversation, "two");
        Assert.Throws<ArgumentException>(() => conversation.Answer(new string('x', 40), Greedy with { TopK = -1 }, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(" ok3", conversation.Answer("three", Greedy with { MaxTokens = 5 }, cancellationToken: TestContext.Current.CancellationToken).Text);
    }

    [Fact]
    public void AConversationGoesOnBehindTheMessagesOfAnEarlierOne()
    {
        FakeModel model = Counting(200);
        string kept;
        using (Conversation earlier = new(model, _tokenizer, ChatTemplate.Plain, "Be short."))
        {
            Answer(earlier, "one");
            kept = JsonSerializer.Serialize(earlier.Messages);
        }

        using Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain, JsonSerializer.Deserialize<ChatMessage[]>(kept)!);
        Assert.Equal(["Be short.", "one", " ok1"], conversation.Messages.Select(message => message.Text));
        Assert.Equal(" ok2", Answer(conversation, "two"));
        Assert.Equal("Be short.\n\nUser: one\nAssistant: ok1\nUser: two\nAssistant: ok2", Text(model.Read[2])); // index 2: after the reads of the earlier conversation and its fork

        ChatMessage[] mixed = [new(ChatRole.User, "a"), new(ChatRole.System, "b")];
        Assert.StartsWith("message 2 is an instruction; only the first message can be an instruction", Assert.Throws<ArgumentException>(() => new Conversation(model, _tokenizer, ChatTemplate.Plain, mixed)).Message);
    }

    [Fact]
    public void ADisposedConversationSaysSoAndTakesNoMemoryAgain()
    {
        FakeModel model = Counting(200);
        Conversation conversation = new(model, _tokenizer, ChatTemplate.Plain);
        Answer(conversation, "one");
        conversation.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Answer(conversation, "two"));
        Assert.Equal(0, model.OpenDecoders);
        Assert.Equal(2, conversation.Messages.Count);
    }

    [Fact]
    public void OptionsThatAreImpossibleAreNamed()
    {
        using Conversation conversation = new(Counting(200), _tokenizer, ChatTemplate.Plain);
        Assert.Equal("stop is null; an empty value is allowed", Refused(Greedy with { Stop = null! }));
        Assert.Equal("max-tokens is -2147483648; it must be at least 1", Refused(Greedy with { MaxTokens = int.MinValue }));

        string Refused(SamplingOptions options) => Assert.Throws<ArgumentException>(() => conversation.Answer("one", options, cancellationToken: TestContext.Current.CancellationToken)).Message;
    }

    /// <summary>Uses GPT2-chitchat's format: [CLS] utterance [SEP] utterance [SEP] ..., where an answer ends with [SEP].</summary>
    [Fact]
    public void SpecialTokensOfTheTemplateAreTokensAndThoseOfMessagesAreText()
    {
        Tokenizer chinese = TokenizerFiles.Load(Fixtures.Path("bert-chinese-vocab"));
        ChatFrame utterance = new() { Suffix = "[SEP]" };
        int separator = chinese.EndOfTextId!.Value, start = Special("[CLS]");
        int[] answer = [.. chinese.Encode("我很好"), separator];
        FakeModel model = new(chinese.VocabSize, 64, tokens => FakeModel.Certain(chinese.VocabSize, answer[tokens.Count - 1 - tokens.ToList().LastIndexOf(separator)]));
        using Conversation conversation = new(model, chinese, new ChatTemplate { Start = "[CLS]", User = utterance, Assistant = utterance });
        Assert.Equal("我很好", Answer(conversation, "你好吗"));
        Answer(conversation, "[SEP]");
        int[] second = chinese.Encode("[SEP]");
        Assert.DoesNotContain(separator, second);
        Assert.Equal([start, .. chinese.Encode("你好吗"), separator, .. answer, .. second, separator, .. answer[..^1]], model.Read[0]);
        Assert.Equal(1, model.Opened);

        int Special(string text) => chinese.AddedTokens.Single(token => token.Text == text).Id;
    }

    private static string Answer(Conversation conversation, string text) => conversation.Answer(text, Greedy, cancellationToken: TestContext.Current.CancellationToken).Text;

    /// <summary>Creates a model that answers with the number of user messages that it sees.</summary>
    private static FakeModel Counting(int contextLength) => Answering(contextLength, text => $" ok{text.Split("User:").Length - 1}\n");

    private static FakeModel Saying(string answer) => Answering(200, _ => answer);

    private static FakeModel Answering(int contextLength, Func<string, string> answer) => new(257, contextLength, tokens =>
    {
        string text = Text(tokens);
        int behind = text.LastIndexOf("Assistant:", StringComparison.Ordinal) + "Assistant:".Length;
        return FakeModel.Certain(257, answer(text)[text.Length - behind]);
    });

    private static string Text(IReadOnlyList<int> tokens) => Encoding.Latin1.GetString([.. tokens.Select(token => (byte)token)]);
}
