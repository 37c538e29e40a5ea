using Foreword.Chat;
using Foreword.Data.Dialogues;

namespace Foreword.Data.Tests.Dialogues;

public sealed class PreferenceReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ThreeFormsArePairsOfAnswers()
    {
        string file = _directory.Write("pairs.jsonl", """
            {"prompt": "Why?", "chosen": "So.", "rejected": "\ud800", "score": 3}

            {"prompt": [{"role": "system", "content": "S"}, {"role": "user", "content": ""}, {"role": "user", "content": "a"}], "chosen": [{"role": "assistant", "content": "b"}], "rejected": ""}
            {"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}], "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "x"}]}
            {"prompt": "a", "chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}
            {"system": "S", "prompt": "a", "chosen": "b", "rejected": "c"}
            """);
        Assert.Equal(["UWhy? > ASo. | A\uD800 @pairs.jsonl:1", "SS Ua > Ab | A @pairs.jsonl:3", "Ua > Ab Uc Ad | Ax @pairs.jsonl:4", "Ua > Ab | Ac @pairs.jsonl:5", "SS Ua > Ab | Ac @pairs.jsonl:6"], Texts(PreferenceReader.Read(file)));
    }

    [Theory]
    [InlineData("", "holds no pair of answers")]
    [InlineData("[]", "a.jsonl:1: expected {\"prompt\": ..., \"chosen\": ..., \"rejected\": ...}")]
    [InlineData("{\"prompt\": \"a\", \"chosen\": \"b\"}", "a.jsonl:1 has no \"rejected\"")]
    [InlineData("\n{\"prompt\": \"a\", \"chosen\": 3, \"rejected\": \"c\"}", "a.jsonl:2: \"chosen\" is neither a text nor a list of messages")]
    [InlineData("{\"prompt\": \"a\", \"chosen\": [{\"role\": \"king\", \"content\": \"b\"}], \"rejected\": \"c\"}", "a.jsonl:1: \"chosen\", message 1: the role is 'king'")]
    [InlineData("{\"prompt\": \" \", \"chosen\": \"b\", \"rejected\": \"c\"}", "a.jsonl:1: \"prompt\" is empty")]
    [InlineData("{\"prompt\": null, \"chosen\": \"b\", \"rejected\": \"c\"}", "a.jsonl:1: \"prompt\" is neither a text nor")]
    [InlineData("{\"chosen\": \"b\", \"rejected\": \"c\"}", "a.jsonl:1 has no \"prompt\", and \"chosen\" and \"rejected\" do not begin with the same message")]
    [InlineData("{\"prompt\": [{\"role\": \"assistant\", \"content\": \"a\"}], \"chosen\": \"b\", \"rejected\": \"c\"}", "a.jsonl:1: the prompt ends with an answer")]
    [InlineData("{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": [{\"role\": \"user\", \"content\": \"c\"}]}", "a.jsonl:1: \"rejected\" does not begin with a message of the assistant")]
    [InlineData("{\"prompt\": \"a\", \"chosen\": [], \"rejected\": \"c\"}", "a.jsonl:1: \"chosen\" has no message after the prompt")]
    [InlineData("{\"prompt\": ", "a.jsonl:1: the line is broken JSON (")]
    public void ABrokenFileIsOneSentence(string text, string message)
    {
        string file = _directory.Write("a.jsonl", text);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => PreferenceReader.Read(file).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingFileIsSaidAtOnce() => Assert.Throws<FileNotFoundException>(() => PreferenceReader.Read(_directory.File("none.jsonl")));

    [Fact]
    public void ShuffledAnswersAreThoseOfOtherDialogues()
    {
        Dialogue[] dialogues = [.. Enumerable.Range(0, 50).Select(i => new Dialogue([Message(ChatRole.User, $"q{i}"), Message(ChatRole.Assistant, $"a{i % 7}"), Message(ChatRole.User, "thanks")], $"f:{i}"))];
        IReadOnlyList<Preference> pairs = Preference.Shuffled(dialogues, seed: 5);
        Assert.Equal(dialogues.Select(dialogue => dialogue.Place), pairs.Select(pair => pair.Place));
        Assert.All(pairs.Index(), pair => Assert.Equal(($"q{pair.Index}", $"a{pair.Index % 7}"), (Assert.Single(pair.Item.Prompt).Text, pair.Item.Chosen[0].Text)));
        Assert.All(pairs, pair => Assert.NotEqual(pair.Chosen[0].Text, pair.Rejected[0].Text));
        Assert.Equal(7, pairs.Select(pair => pair.Rejected[0].Text).Distinct().Count());
        Assert.Equal(Texts(pairs), Texts(Preference.Shuffled(dialogues, seed: 5)));
        Assert.NotEqual(Texts(pairs), Texts(Preference.Shuffled(dialogues, seed: 6)));
    }

    [Fact]
    public void ADialogueWithoutAnswerOrWithoutAnotherAnswerMakesNoPair()
    {
        Dialogue silent = new([Message(ChatRole.User, "a")], "f:1"), opening = new([Message(ChatRole.Assistant, "hello")], "f:2");
        Dialogue twice = new([Message(ChatRole.User, "a"), Message(ChatRole.Assistant, "b"), Message(ChatRole.Assistant, "c")], "f:3"), other = new([Message(ChatRole.User, "x"), Message(ChatRole.Assistant, "y")], "f:4");
        Assert.Empty(Preference.Shuffled([silent, opening], 1));
        Assert.Empty(Preference.Shuffled([twice, twice], 1));
        Assert.Equal(["Ua > Ab | Ay @f:3", "Ux > Ay | Ab @f:4"], Texts(Preference.Shuffled([silent, twice, opening, other], 1)));
    }

    private static ChatMessage Message(ChatRole role, string text) => new(role, text);

    private static IEnumerable<string> Texts(IEnumerable<Preference> pairs) =>
        [.. pairs.Select(pair => $"{Text(pair.Prompt)} > {Text(pair.Chosen)} | {Text(pair.Rejected)} @{Path.GetFileName(pair.Place)}")];

    private static string Text(IReadOnlyList<ChatMessage> messages) => string.Join(' ', messages.Select(message => message.Role.ToString()[0] + message.Text));
}
