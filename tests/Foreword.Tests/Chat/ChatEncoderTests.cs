using Foreword.Chat;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;

namespace Foreword.Tests.Chat;

/// <summary>Tests which ids a dialogue has for training, and which of them are answers, with forms that were worked out by hand.</summary>
public sealed class ChatEncoderTests
{
    private static readonly ChatMessage[] Dialogue =
        [new(ChatRole.User, "hi"), new(ChatRole.Assistant, "yes"), new(ChatRole.User, "why"), new(ChatRole.Assistant, "so")];

    private static readonly Tokenizer Bytes = new BpeTrainer { VocabSize = 257 }.Train(["abc"]);

    [Fact]
    public void ChitchatPutsASeparatorAfterEachUtterance()
    {
        Tokenizer bert = TokenizerFiles.Load(Fixtures.Path("bert-chinese-vocab"));
        ChatMessage[] dialogue = [new(ChatRole.User, "你好"), new(ChatRole.Assistant, "好"), new(ChatRole.User, "[SEP]")];
        EncodedDialogue encoded = new ChatEncoder(bert, ChatTemplate.Chitchat).EncodeWhole(dialogue);
        int cls = Id("[CLS]"), sep = Id("[SEP]");
        Assert.Equal([cls, .. bert.Encode("你好"), sep, .. bert.Encode("好"), sep, .. bert.Encode("[SEP]"), sep], encoded.Ids); // the last utterance is plain text
        Assert.DoesNotContain(sep, bert.Encode("[SEP]"));
        int answer = 1 + bert.Encode("你好").Length + 1;
        Assert.Equal([answer, answer + 1], Answers(encoded));

        int Id(string text) => bert.AddedTokens.Single(token => token.Text == text).Id;
    }

    /// <summary>BERT's tokenizer leaves out the line break that ends an answer of the plain template: a model would never learn to stop.</summary>
    [Fact]
    public void AnAnswerNeedsAnEndThatTheTokenizerKeeps()
    {
        Tokenizer bert = TokenizerFiles.Load(Fixtures.Path("bert-chinese-vocab"));
        Assert.Equal("the chat template ends an answer with \"\\n\", which a wordpiece tokenizer leaves out, so a model cannot learn where an answer ends; expected a template with tokens, such as chitchat or chatml (Parameter 'template')",
            Assert.Throws<ArgumentException>(() => new ChatEncoder(bert, ChatTemplate.Plain).RequireEnd()).Message);
        Assert.Contains("has no text after an answer", Assert.Throws<ArgumentException>(() => new ChatEncoder(Bytes, ChatTemplate.Plain with { Assistant = new ChatFrame { Prefix = "A:" }, Stop = [] }).RequireEnd()).Message, StringComparison.Ordinal);
        foreach (ChatEncoder ending in (ChatEncoder[])[new(bert, ChatTemplate.Chitchat), new(Bytes, ChatTemplate.Plain), new(bert.WithSpecialTokens(ChatTemplate.ChatMl.Tokens), ChatTemplate.ChatMl)])
            Assert.Same(ending, ending.RequireEnd());
    }

    [Fact]
    public void ChatMlLearnsTheAnswerAndItsEnd()
    {
        Tokenizer tokenizer = Bytes.WithSpecialTokens(ChatTemplate.ChatMl.Tokens);
        Assert.Equal(Bytes.VocabSize + 2, tokenizer.VocabSize);
        EncodedDialogue encoded = new ChatEncoder(tokenizer, ChatTemplate.ChatMl).EncodeWhole(Dialogue);
        Assert.Equal("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>\n<|im_start|>user\nwhy<|im_end|>\n<|im_start|>assistant\nso<|im_end|>\n", tokenizer.Decode([.. encoded.Ids]));
        Assert.Equal("yes<|im_end|>\nso<|im_end|>\n", AnswerText(tokenizer, encoded));
        Assert.Equal(4, encoded.Ids.Count(id => id == Bytes.VocabSize + 1));
    }

    [Fact]
    public void PlainTextLearnsTheSpaceTheAnswerAndTheLineBreak()
    {
        EncodedDialogue encoded = new ChatEncoder(Bytes, ChatTemplate.Plain).EncodeWhole([new(ChatRole.System, "Be short."), .. Dialogue]);
        Assert.Equal("Be short.\n\nUser: hi\nAssistant: yes\nUser: why\nAssistant: so\n", Bytes.Decode([.. encoded.Ids]));
        Assert.Equal(" yes\n so\n", AnswerText(Bytes, encoded));
    }

    /// <summary>A model that answers reads exactly what it was trained on.</summary>
    [Theory]
    [InlineData("chatml")]
    [InlineData("plain")]
    [InlineData("chitchat")]
    public void TheIdsBeforeAnAnswerAreThoseOfAConversation(string name)
    {
        ChatTemplate template = ChatTemplate.Named[name];
        Tokenizer tokenizer = Bytes.WithSpecialTokens(template.Tokens);
        ChatEncoder encoder = new(tokenizer, template);
        EncodedDialogue whole = encoder.EncodeWhole(Dialogue);
        int[] asked = encoder.Encode(Dialogue[..3]);
        Assert.Equal(asked, whole.Ids.Take(asked.Length));
        Assert.True(whole.IsAnswer[asked.Length]);
        Assert.False(whole.IsAnswer[asked.Length - 1]);
    }

    [Fact]
    public void TokensThatAreThereAreNotAddedAgain()
    {
        Tokenizer once = Bytes.WithSpecialTokens(["<a>", "<b>", "<a>"]);
        Assert.Equal(Bytes.VocabSize + 2, once.VocabSize);
        Assert.Same(once, once.WithSpecialTokens(["<b>"]));
        Assert.Equal([once.VocabSize - 1], once.Encode("<b>", allowSpecial: true));
        Assert.Equal(Bytes.Encode("<b>"), once.Encode("<b>"));
        Assert.Equal("'<' is an ordinary token of this tokenizer; a special token needs a text of its own (Parameter 'texts')", Assert.Throws<ArgumentException>(() => Bytes.WithSpecialTokens(["<"])).Message);
    }

    [Fact]
    public void SurrogatesAndEmptyMessagesDoNotDisturbTheOthers()
    {
        Tokenizer tokenizer = Bytes.WithSpecialTokens(ChatTemplate.ChatMl.Tokens);
        EncodedDialogue encoded = new ChatEncoder(tokenizer, ChatTemplate.ChatMl).EncodeWhole([new(ChatRole.User, "a\uD800b"), new(ChatRole.Assistant, ""), new(ChatRole.Assistant, "c")]);
        Assert.Contains("a\uFFFDb", tokenizer.Decode([.. encoded.Ids]), StringComparison.Ordinal);
        Assert.Equal("<|im_end|>\nc<|im_end|>\n", AnswerText(tokenizer, encoded));
    }

    private static int[] Answers(EncodedDialogue encoded) => [.. encoded.IsAnswer.Index().Where(flag => flag.Item).Select(flag => flag.Index)];

    private static string AnswerText(Tokenizer tokenizer, EncodedDialogue encoded) => tokenizer.Decode([.. Answers(encoded).Select(at => encoded.Ids[at])]);
}
