using System.Text;
using CsCheck;
using Foreword.Tasks;
using Foreword.Tokenization;

namespace Foreword.Tests.Tasks;

public class TaskEncoderTests
{
    private static readonly TaskTokens Tokens = TaskTokens.After(1000);

    [Fact]
    public void GroupsArePartedByDelimitersBetweenStartAndExtract()
    {
        (int[] sequence, bool isTruncated) = Encoder(20).Join([[1, 2], [3]], [[4]]);
        Assert.Equal([1000, 1, 2, 3, 1001, 4, 1002], sequence);
        Assert.False(isTruncated);
    }

    [Fact]
    public void TwoLongTextsKeepTheHeadsOfEqualShares()
    {
        (int[] sequence, bool isTruncated) = Encoder(11).Join([[.. Enumerable.Range(1, 20)]], [[.. Enumerable.Range(101, 20)]]);
        Assert.Equal([1000, 1, 2, 3, 4, 1001, 101, 102, 103, 104, 1002], sequence);
        Assert.True(isTruncated);
    }

    [Fact]
    public void WhatAShortTextLeavesGoesToTheLongOne()
    {
        (int[] sequence, _) = Encoder(11).Join([[.. Enumerable.Range(1, 20)]], [[101]]);
        Assert.Equal([1000, 1, 2, 3, 4, 5, 6, 7, 1001, 101, 1002], sequence);
    }

    [Fact]
    public void AnySequenceFitsTheContextAndKeepsItsTaskTokens()
    {
        Gen<int[]> part = Gen.Int[1, 999].Array[1, 40];
        Gen.Select(part, part, part, Gen.Int[6, 60]).Sample((a, b, c, context) =>
        {
            (int[] sequence, bool isTruncated) = Encoder(context).Join([a, b], [c]);
            Assert.True(sequence.Length <= context);
            Assert.Equal(isTruncated, a.Length + b.Length + c.Length + 3 > context);
            Assert.True(!isTruncated || sequence.Length == context, "room is left although something was cut");
            Assert.Equal([Tokens.Start, Tokens.Delimiter, Tokens.Extract], sequence.Where(Tokens.Contains));
            Assert.Equal(Tokens.Extract, sequence[^1]);
        });
    }

    [Fact]
    public void AContextWithoutRoomForATokenOfEachTextIsRefused()
    {
        ArgumentException problem = Assert.Throws<ArgumentException>(() => Encoder(4).Join([[1]], [[2]]));
        Assert.Equal("a context of 4 tokens has no room for 2 texts and 3 task tokens (Parameter 'groups')", problem.Message);
    }

    [Theory]
    [InlineData("classification")]
    [InlineData("multi-label")]
    [InlineData("regression")]
    public void ALongTextBecomesWindowsThatBeginEveryStride(string kind)
    {
        TaskEncoder encoder = new TaskEncoder(Bytes, new TaskTokens(300, 301, 302), 6) { Stride = 3 };
        Assert.Equal([[300, 'a', 'b', 'c', 'd', 302]], Of(kind, encoder, "abcd"));
        Assert.Equal([[300, 'a', 'b', 'c', 'd', 302], [300, 'd', 'e', 302]], Of(kind, encoder, "abcde"));
        Assert.Equal([[300, 'a', 'b', 'c', 'd', 302], [300, 'd', 'e', 'f', 'g', 302]], Of(kind, encoder, "abcdefg"));
        Assert.Equal([[300, 'a', 'b', 'c', 'd', 302]], Of(kind, encoder with { Stride = null }, "abcdefg"));
        Assert.False(FineTuningTask.OfKind(kind).Transform(new TaskExample(["abcdefg"], []), encoder).IsTruncated);
    }

    [Fact]
    public void EveryTokenOfALongTextIsInAWindow() => Gen.Select(Gen.Int[1, 200], Gen.Int[4, 30], Gen.Int[1, 40]).Sample((length, context, stride) =>
    {
        int[] text = [.. Enumerable.Range(1, length)];
        IReadOnlyList<int[]> windows = (Encoder(context) with { Stride = stride }).Read(text).Sequences;
        Assert.Equal(text, windows.SelectMany(window => window[1..^1]).Distinct());
        Assert.All(windows, window => Assert.True(window.Length <= context && window[0] == Tokens.Start && window[^1] == Tokens.Extract));
        Assert.All(windows.SkipLast(1), window => Assert.Equal(context, window.Length));
    });

    [Fact]
    public void EachKindBuildsThePapersSequences()
    {
        // In this vocabulary the words are single bytes, so that ids are easy to read.
        TaskEncoder encoder = new(Bytes, new TaskTokens(300, 301, 302), 64);
        Assert.Equal([[300, 'a', 302]], Of("classification", encoder, "a"));
        Assert.Equal([[300, 'a', 302]], Of("regression", encoder, "a"));
        Assert.Equal([[300, 'a', 302]], Of("multi-label", encoder, "a"));
        Assert.Equal([[300, 'a', 301, 'b', 302]], Of("entailment", encoder, "a", "b"));
        Assert.Equal([[300, 'a', 301, 'b', 302], [300, 'b', 301, 'a', 302]], Of("similarity", encoder, "a", "b"));
        TaskExample question = new(["c", "q"], ["x", "y", "z"]);
        Assert.Equal(
            [[300, 'c', ' ', 'q', 301, 'x', 302], [300, 'c', ' ', 'q', 301, 'y', 302], [300, 'c', ' ', 'q', 301, 'z', 302]],
            FineTuningTask.OfKind("multiple_choice").Transform(question, encoder).Sequences);
    }

    [Theory]
    [InlineData("classification", new string?[0], 0, "classification reads 1 text (text); 0 were given")]
    [InlineData("classification", new string?[] { "a", "b" }, 0, "classification reads 1 text (text); 2 were given")]
    [InlineData("classification", new string?[] { "a" }, 2, "classification reads no choices; 2 were given")]
    [InlineData("entailment", new string?[] { "a", null }, 0, "entailment needs a hypothesis, but it is null")]
    [InlineData("multiple-choice", new string?[] { "c", null }, 1, "multiple-choice reads at least 2 choices; 1 were given")]
    public void AnExampleThatIsNotTheTasksIsRefused(string kind, string?[] texts, int choices, string problem)
    {
        TaskDescription task = new() { Kind = kind, Target = TargetKind.Classes, Labels = ["x", "y"], Tokens = Tokens, ContextLength = 20 };
        TaskExample example = new(texts, [.. Enumerable.Repeat("z", choices)]);
        Assert.Equal($"{problem} (Parameter 'example')", Assert.Throws<ArgumentException>(() => EncodedExample.Create(example, task, Encoder(20))).Message);
        Assert.Equal($"new.csv:3: {problem} (Parameter 'example')", Assert.Throws<ArgumentException>(() => EncodedExample.Create(example with { Where = "new.csv:3" }, task, Encoder(20))).Message);
    }

    [Fact]
    public void AQuestionMayBeLeftOutOfMultipleChoice()
    {
        TaskDescription task = new() { Kind = "multiple-choice", Target = TargetKind.Choice, Labels = ["x", "y"], Tokens = Tokens, ContextLength = 20 };
        Assert.Equal(2, EncodedExample.Create(new TaskExample(["c", null], ["x", "y"]), task, Encoder(20)).Sequences.Sequences.Count);
    }

    [Fact]
    public void AnExampleWithMoreChoicesThanTheTaskHasLabelsIsNamed()
    {
        TaskEncoder encoder = new(Bytes, new TaskTokens(300, 301, 302), 64);
        TaskDescription task = new() { Kind = "multiple-choice", Target = TargetKind.Choice, Labels = ["A", "B"], Tokens = new TaskTokens(300, 301, 302), ContextLength = 64 };
        TaskExample two = new(["c", null], ["x", "y"], null, "new.csv:2"), three = two with { Choices = ["x", "y", "z"] };
        Assert.Equal(2, EncodedExample.Create(two, task, encoder).Sequences.Sequences.Count);
        Assert.Equal("new.csv:2: the example has 3 choices; the task has at most 2", Assert.Throws<InvalidDataException>(() => EncodedExample.Create(three, task, encoder)).Message);
        Assert.Equal("the example has 3 choices; the task has at most 2", Assert.Throws<InvalidDataException>(() => EncodedExample.Create(three with { Where = "" }, task, encoder)).Message);
    }

    [Fact]
    public void AnUnknownKindNamesTheNearest() => Assert.Equal(
        "unknown task 'entailmnt'; expected classification | entailment | similarity | multiple-choice | regression | multi-label | token-labels | span; did you mean 'entailment'? (Parameter 'kind')",
        Assert.Throws<ArgumentException>(() => FineTuningTask.OfKind("entailmnt")).Message);

    private static readonly Tokenizer Bytes = new CodePoints();

    private static TaskEncoder Encoder(int contextLength) => new(Bytes, Tokens, contextLength);

    private static IReadOnlyList<int[]> Of(string kind, TaskEncoder encoder, params string[] texts) =>
        FineTuningTask.OfKind(kind).Transform(new TaskExample(texts, []), encoder).Sequences;

    /// <summary>A tokenizer in which the id of a character is its code.</summary>
    private sealed class CodePoints : Tokenizer
    {
        public override string Kind => "codes";
        public override int VocabSize => 256;
        public override int? EndOfTextId => null;
        public override string Fingerprint => "";
        public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text) => [];

        protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
        {
            foreach (char c in text)
                ids.Add(c);
        }

        public override ReadOnlySpan<byte> TokenBytes(int id) => throw new NotSupportedException();
        public override string TokenText(int id) => throw new NotSupportedException();
        public override void Save(string directory) => throw new NotSupportedException();
    }
}
