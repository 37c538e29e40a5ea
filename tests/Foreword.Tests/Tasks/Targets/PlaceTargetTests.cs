using CsCheck;
using Foreword.Tasks;
using Foreword.Tasks.Targets;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Tests.Tasks.Targets;

/// <summary>Tests the targets of words and of parts of texts, whose outputs belong to places.</summary>
public sealed class PlaceTargetTests
{
    private static readonly Tokenizer Bytes = new BpeTrainer { VocabSize = 257 }.Train(["a"]); // 256 bytes and the end of text

    private static readonly TaskDescription Words = new() { Kind = "token-labels", Target = TargetKind.WordClasses, Labels = ["B-PER", "O"], Tokens = TaskTokens.After(300), ContextLength = 12 };

    private static readonly TaskDescription Span = new() { Kind = "span", Target = TargetKind.Span, Labels = [], Tokens = TaskTokens.After(300), ContextLength = 16 };

    [Fact]
    public void TheLabelOfAWordIsReadAtItsLastToken()
    {
        EncodedExample example = EncodedExample.Create(new TaskExample(["Jo is in"], [], "B-PER O O"), Words, Words.EncoderWith(Bytes));
        Assert.Equal([300, .. Bytes.Encode("Jo is in"), 302], example.Sequences.Sequences.Single());
        Assert.Equal([new TaskPlace(2, 0, 1), new TaskPlace(5, 1, 2), new TaskPlace(8, 2, 3)], example.Sequences.Places!.Single());
        Assert.Equal([0f, 1f, 1f], example.Target);
        Prediction answer = Words.Answer(example, [2f, 0f, 0f, 0f, -1f, 1f]);
        Assert.Equal(["B-PER", "B-PER", "O"], answer.Labels!);
        Assert.Equal([0.880797, 0.5, 0.880797], answer.Probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal((0.126928 + 0.693147 + 0.126928) / 3, Words.Loss(example, [2f, 0f, 0f, 0f, -1f, 1f]), 1e-6);
    }

    [Fact]
    public void EveryWordIsAnsweredOnce() => Gen.Select(Gen.String[Gen.Char["ab"], 1, 9].Array[1, 20], Gen.Int[3, 30], Gen.Int[1, 30]).Sample((words, context, stride) =>
    {
        TaskDescription task = Words with { ContextLength = context, Stride = stride };
        EncodedExample example = EncodedExample.Create(new TaskExample([string.Join(' ', words)], [], string.Join(' ', words.Select((_, i) => i % 2 == 0 ? "O" : "B-PER"))), task, task.EncoderWith(Bytes));
        Assert.Equal(Enumerable.Range(0, words.Length), example.Sequences.Places!.SelectMany(places => places).Select(place => place.Start));
        Assert.Equal(words.Select((_, i) => i % 2 == 0 ? 1f : 0f), example.Target);
        Assert.Equal(example.Target, example.Windows.SelectMany(window => window.Target));
        Assert.All(example.Windows, window => Assert.All(window.Sequences.Places![0], place => Assert.Equal(Bytes.Encode(words[place.Start])[^1], window.Sequences.Sequences[0][place.Position])));
    });

    [Fact]
    public void WordsAndLabelsMustBeAsMany()
    {
        Assert.Equal("a.conll:3: the text has 2 words, but there are 3 labels",
            Assert.Throws<InvalidDataException>(() => Words.TargetOf(new TaskExample(["a b"], [], "O O O", "a.conll:3"))).Message);
        Assert.Equal("a.jsonl:1: 'text' lists the word 'New York'; a word must not be empty and has no white space",
            Assert.Throws<InvalidDataException>(() => WordClassTarget.Joined(["New York", "is"], "text", "a.jsonl:1")).Message);
        Assert.Contains("use Predict", Assert.Throws<ArgumentException>(() => Words.Answer([1f, 0f])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheQuestionStandsBeforeTheContext()
    {
        EncodedExample example = EncodedExample.Create(new TaskExample(["who?", "Al ran"], [], "ran"), Span, Span.EncoderWith(Bytes));
        Assert.Equal([300, .. Bytes.Encode("who?"), 301, .. Bytes.Encode("Al ran"), 302], example.Sequences.Sequences.Single());
        Assert.Equal([6, 7, 8, 9, 10, 11, 12], example.Sequences.Places!.Single().Select(place => place.Position));
        Assert.Equal([0, 0, 0, 1, 0, 2, 0], example.Target);
        Assert.Equal([0, 0, 3, 0, 0, 0, 0], Span.Definer.Values(Span, new TaskExample(["who?", "Al ran"], [], " "), example.Sequences)); // not trimmed here
    }

    [Fact]
    public void TheBestPairOfPlacesIsTheAnswer()
    {
        EncodedExample example = EncodedExample.Create(new TaskExample(["who?", "Al ran"], []), Span, Span.EncoderWith(Bytes));
        float[] outputs = new float[14];
        (outputs[2 * 2], outputs[2 * 5 + 1], outputs[2 * 1 + 1]) = (5, 4, 9); // the last place 1 is before the first place 2
        outputs[13] = 3;
        Prediction answer = Span.Answer(example, outputs);
        Assert.Equal(("Al", 0, 2), (answer.Label, answer.Span!.Start, answer.Span.End)); // 0 + 9 at 0 to 1 is as good as 5 + 4, and comes first
        outputs[2 * 1 + 1] = 8;
        answer = Span.Answer(example, outputs);
        Assert.Equal(("ran", 3, 6), (answer.Label, answer.Span!.Start, answer.Span.End)); // without the white space at its beginning
        Assert.InRange(answer.Span.Probability, 0, 1);
        Assert.Equal("ran", (Span with { Threshold = 0 }).Answer(example, outputs).Label);
        Prediction none = (Span with { Threshold = -7 }).Answer(example, outputs); // 3 - 9 is above -7
        Assert.Equal("", none.Label);
        Assert.Null(none.Span);
    }

    /// <summary>Softmax over 7 places with one logit of 1 and zeros elsewhere: -ln(e / (e + 6)) and -ln(1 / 7).</summary>
    [Fact]
    public void TheLossIsTheMeanOfBothEnds()
    {
        EncodedExample example = EncodedExample.Create(new TaskExample(["who?", "Al ran"], [], "ran"), Span, Span.EncoderWith(Bytes));
        float[] outputs = new float[14];
        outputs[2 * 3] = 1;
        Assert.Equal((Math.Log((Math.E + 6) / Math.E) + Math.Log(7)) / 2, Span.Loss(example, outputs), 1e-6);
    }

    [Fact]
    public void AnAnswerIsFoundInEveryWindowThatHoldsIt()
    {
        TaskDescription task = Span with { ContextLength = 10, Stride = 2 };
        EncodedExample example = EncodedExample.Create(new TaskExample(["q", "abcdefghij"], [], "fg"), task, task.EncoderWith(Bytes));
        Assert.Equal(["0 0 0 0 0 0 0", "0 0 0 1 2 0 0", "0 1 2 0 0 0 0"], example.Windows.Select(window => string.Join(' ', window.Target)));
    }

    [Fact]
    public void WithoutAnAnswerTheLastPlaceIsRight()
    {
        TaskDescription task = Span with { ContextLength = 10, Stride = 2, Threshold = 0 };
        EncodedExample none = EncodedExample.Create(new TaskExample(["q", "abcdefgh"], [], ""), task, task.EncoderWith(Bytes));
        Assert.All(none.Windows, window => Assert.Equal([.. Enumerable.Repeat(0f, window.Target.Length - 1), 3f], window.Target));
        EncodedExample at = EncodedExample.Create(new TaskExample(["q", "abcdefgh"], [], "h"), task, task.EncoderWith(Bytes));
        Assert.Equal(3f, at.Windows[0].Target[^1]);
        Assert.All(at.Windows, window => Assert.True(task.Definer.LearnsFrom(window)));
        EncodedExample always = EncodedExample.Create(new TaskExample(["q", "abcdefgh"], [], "h"), task with { Threshold = null }, task.EncoderWith(Bytes));
        Assert.False(task.Definer.LearnsFrom(always.Windows[0]));
    }

    [Theory]
    [InlineData("ab ab", "ab", 0)]
    [InlineData("ab ab", """{"text":["ab"],"answer_start":[3]}""", 3)]
    [InlineData("\U0001F600 ab ab", """{"text":["ab"],"answer_start":[5]}""", 6)] // SQuAD counts code points
    [InlineData("ab ab", """{"text":["ab"]}""", 0)]
    [InlineData("a {b} c", "{b}", 2)]
    public void AnAnswerIsFoundInItsContext(string context, string label, int start)
    {
        SpanLabel read = SpanLabel.Read(new TaskExample(["q", context], [], label));
        Assert.Equal([start], read.Starts);
        Assert.Equal(read.Texts.Single(), context.Substring(start, read.Texts[0].Length));
    }

    [Fact]
    public void AnAnswerThatIsNotInTheContextIsNamed() =>
        Assert.Equal("a.csv:2: the answer 'xy' is not in the context", Assert.Throws<InvalidDataException>(() => Span.TargetOf(new TaskExample(["q", "c"], [], "xy", "a.csv:2"))).Message);
}
