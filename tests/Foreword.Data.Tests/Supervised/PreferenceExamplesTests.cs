using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Data.Tests.Supervised;

/// <summary>Tests the tokens of pairs of answers. Each byte is a token, and each message has two of them around it.</summary>
public sealed class PreferenceExamplesTests : IDisposable
{
    private static readonly Tokenizer Bytes = new BpeTrainer { VocabSize = 257 }.Train(["abc"]).WithSpecialTokens(["⟨", "⟩"]);

    private static readonly ChatTemplate Brackets = new()
    {
        System = new ChatFrame { Prefix = "⟨", Suffix = "⟩" },
        User = new ChatFrame { Prefix = "⟨", Suffix = "⟩" },
        Assistant = new ChatFrame { Prefix = "⟨", Suffix = "⟩" },
        Tokens = ["⟨", "⟩"],
    };

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void OnlyTheTokensOfTheTwoAnswersCount()
    {
        PreferenceExamples examples = new(Bytes, Brackets, contextLength: 20);
        examples.Add(Pair("Ua Ab Uc", "Ade", "A"));
        const int open = 257, close = 258, a = 64; // the special tokens follow the vocabulary; byte-level BPE begins with "!" as 0
        Assert.Equal([open, a, close, open, a + 1, close, open, a + 2, close, open, a + 3, a + 4, close], examples.Examples[0].Ids);
        Assert.Equal([open, a, close, open, a + 1, close, open, a + 2, close, open, close], examples.Examples[1].Ids);
        Assert.Equal([10, 11, 12], Counting(examples.Examples[0]));
        Assert.Equal([10], Counting(examples.Examples[1]));
        Assert.Equal((12, 3), (examples.Examples[0].Length, examples.Examples[0].Targets));
    }

    [Fact]
    public void AnAnswerOfSeveralMessagesCountsWithoutThoseOfTheUser()
    {
        PreferenceExamples examples = new(Bytes, Brackets, contextLength: 20);
        examples.Add(Pair("Ua", "Ab Uc Ad", "Ax"));
        Assert.Equal("⟨a⟩⟨b⟩⟨c⟩⟨d⟩", Bytes.Decode(examples.Examples[0].Ids));
        Assert.Equal([4, 5, 10, 11], Counting(examples.Examples[0]));
    }

    [Fact]
    public void BothLoseTheSameMessages()
    {
        PreferenceExamples examples = new(Bytes, Brackets, contextLength: 13);
        examples.Add(Pair("Sx Ua Ab Uc", "Ad", "Adefghi")); // the longer one has 20 tokens; 14 fit
        Assert.Equal(["⟨x⟩⟨c⟩⟨d⟩", "⟨x⟩⟨c⟩⟨defghi⟩"], examples.Examples.Select(example => Bytes.Decode(example.Ids)));
        Assert.Equal((1, 2), examples.Shortened);
    }

    [Fact]
    public void WhatDoesNotFitOrIsTheSameIsLeftOut()
    {
        PreferenceExamples examples = new(Bytes, Brackets, contextLength: 9);
        examples.Add(Pair("Ua Ab Uc", "Ad", "A0123456789"));
        examples.Add(Pair("Ua", "Ab", "Ab"));
        examples.Add(Pair("Ua", "Abcde", "Ab"));
        Assert.Equal((3, 1, 1, 2), (examples.Pairs, examples.TooLong, examples.Same, examples.Examples.Count));
        Assert.Equal((0, 0), examples.Shortened);
        examples.Add(Pair("Ua", "A", "Ab"));
        Assert.Equal((4, 1, 2), (examples.Pairs, examples.Empty, examples.Examples.Count));
    }

    [Fact]
    public void PairsAreReadFromFilesOrMadeFromDialogues()
    {
        string pairs = _directory.Write("pairs.jsonl", string.Concat(Enumerable.Range(0, 20).Select(i => $$"""{"prompt": "{{i}}", "chosen": "yes", "rejected": "{{(i == 3 ? "yes" : "no")}}"}""" + "\n")));
        string talk = _directory.Write("talk.txt", string.Concat(Enumerable.Range(0, 20).Select(i => $"q{i}\na{i}\n\n")));
        PreferenceRecipe recipe = new() { Model = new() { Path = "m" }, Data = new() { Train = [pairs], ValidationShare = 0.1, Limit = 10 } };
        PreferenceData given = PreferenceData.Open(recipe, Bytes, Brackets, 30);
        Assert.Equal((16, 2), (given.Train.Count, given.Validation.Count)); // of the first 10 pairs, 1 is held out and 1 has the same answer twice
        Assert.Equal(["1 of 9 training pairs have the same answer twice and are left out"], given.Notes);
        PreferenceData shuffled = PreferenceData.Open(recipe with { Task = new() { Rejected = RejectedAnswers.Shuffled }, Data = recipe.Data with { Train = [talk], Limit = null } }, Bytes, Brackets, 30);
        Assert.Equal((36, 4), (shuffled.Train.Count, shuffled.Validation.Count));
        Assert.Equal("⟨q0⟩⟨a0⟩", Bytes.Decode(shuffled.Train[0].Ids));
        Assert.Matches("^⟨q0⟩⟨a[1-9]", Bytes.Decode(shuffled.Train[1].Ids));
        recipe = recipe with { Task = new() { Rejected = RejectedAnswers.Shuffled }, Data = recipe.Data with { Train = [talk] } };
        PreferenceData few = PreferenceData.Open(recipe, Bytes, Brackets, 30);
        Assert.Equal((16, 4), (few.Train.Count, few.Validation.Count)); // a tenth of 10 dialogues is one, which has no other answer
        Assert.Equal($"{talk} holds 3 dialogues; training and validation need at least 2 each", Refused(recipe with { Data = recipe.Data with { Limit = 3 } }));
        Assert.Equal($"{talk} holds 1 dialogue; the training needs at least 2", Refused(recipe with { Data = recipe.Data with { Limit = 1, Validation = [talk] } }));
        string one = _directory.Write("one.jsonl", """{"prompt": "a", "chosen": "b", "rejected": "c"}""");
        Assert.Equal($"{one} holds 1 pair; training and validation need at least 1 each", Refused(recipe with { Task = new(), Data = recipe.Data with { Train = [one] } }));

        static string Refused(PreferenceRecipe recipe) => Assert.Throws<InvalidDataException>(() => PreferenceData.Open(recipe, Bytes, Brackets, 30)).Message;
    }

    [Fact]
    public void ARecipeSaysWhatIsWrong()
    {
        PreferenceRecipe recipe = new() { Model = new() { Path = "m" }, Data = new() { Train = ["a"] } };
        Assert.Equal((0.1, 0, 1e-6, 0, RejectedAnswers.Given), (recipe.Task.Beta, recipe.Task.LabelSmoothing, recipe.Train.Lr, new PreferenceRecipe().Model.Dropout, recipe.Task.Rejected));
        Assert.Empty(recipe.Problems());
        Assert.Equal(Recipe.ToYaml(recipe), Recipe.ToYaml(Recipe.Parse<PreferenceRecipe>(Recipe.ToYaml(recipe), "again")));
        Assert.StartsWith("model.from is scratch", Assert.Single((recipe with { Model = recipe.Model with { From = StartFrom.Scratch } }).Problems()).ToString(), StringComparison.Ordinal);
        Assert.StartsWith("data.layout is chitchat", Assert.Single((recipe with { Data = recipe.Data with { Layout = DialogueLayout.Chitchat } }).Problems()).ToString(), StringComparison.Ordinal);
        Assert.StartsWith("task.beta is 0", Assert.Single((recipe with { Task = new() { Beta = 0 } }).Problems()).ToString(), StringComparison.Ordinal);
        Assert.StartsWith("task.label_smoothing is 0.5", Assert.Single((recipe with { Task = new() { LabelSmoothing = 0.5 } }).Problems()).ToString(), StringComparison.Ordinal);
    }

    private static Preference Pair(string prompt, string chosen, string rejected) => new(Messages(prompt), Messages(chosen), Messages(rejected), "test:1");

    private static IReadOnlyList<ChatMessage> Messages(string text) =>
        [.. text.Split(' ').Select(message => new ChatMessage(message[0] switch { 'S' => ChatRole.System, 'U' => ChatRole.User, _ => ChatRole.Assistant }, message[1..]))];

    private static IEnumerable<int> Counting(SupervisedExample example) => Enumerable.Range(0, example.Ids.Length).Where(i => example.Counts[i]);
}
