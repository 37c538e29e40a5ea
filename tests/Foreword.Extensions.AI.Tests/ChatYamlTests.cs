using System.Text.Json;
using Foreword.Chat;
using Foreword.Data.Recipes;

namespace Foreword.Extensions.AI.Tests;

/// <summary>The package reads chat.yaml as the commands do.</summary>
public sealed class ChatYamlTests
{
    private const string Whole = "start: \"<s>\"\nsystem:\n  suffix: \"\\n\\n\"\nuser: {prefix: 'U: ', suffix: \"\\n\"}\nassistant:\n  prefix: \"A:\"\nstop: [\"U:\", END]\ntokens: [\"<s>\"]\nreverse: false\n";

    public static TheoryData<string> Wrong => ["usr:\n  prefix: a", "user: a", "user:\n  prefx: a", "stop: a", "stop: [[a]]", "- a", "user: [", "system:\n  prefix: a", "user:\n  prefix: a\nstop: [\"\"]", "user:\n  prefix: a\nreverse: yes", "user:\n  prefix: a\nreverse: \"true\""];

    [Fact]
    public void ATemplateIsReadAsTheCommandsReadIt()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("chat.yaml", Whole);
        ChatTemplate template = ChatYaml.Read(path);
        Assert.Equal(JsonSerializer.Serialize(ChatTemplateFile.Read(path)), JsonSerializer.Serialize(template));
        Assert.Equal(("<s>", "U: ", 2), (template.Start, template.User.Prefix, template.Stop.Count));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void AWrongTemplateIsRefusedByBoth(string yaml)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("chat.yaml", yaml);
        Assert.Throws<InvalidDataException>(() => ChatTemplateFile.Read(path));
        Assert.StartsWith(path, Assert.Throws<InvalidDataException>(() => ChatYaml.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheFileOfTheModelDirectoryIsUsed()
    {
        using TemporaryDirectory directory = new();
        RandomModel.Write(directory.Path);
        directory.Write("chat.yaml", Whole);
        using ForewordModel model = new(new ForewordOptions { Path = directory.Path, Threads = 1 });
        await model.LoadAsync(TestContext.Current.CancellationToken);
        Assert.Equal("A:", model.Loaded!.Template!.Assistant.Prefix);
        using ForewordModel plain = new(new ForewordOptions { Path = directory.Path, Threads = 1, TemplateFile = "plain" });
        await plain.LoadAsync(TestContext.Current.CancellationToken);
        Assert.Same(ChatTemplate.Plain, plain.Loaded!.Template);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("plain")]
    public async Task AModelThatWasTrainedOnReversedDialoguesIsRefused(string? template)
    {
        using TemporaryDirectory directory = new();
        RandomModel.Write(directory.Path);
        directory.Write("chat.yaml", "user: {prefix: a}\nreverse: true\n");
        using ForewordModel model = new(new ForewordOptions { Path = directory.Path, Threads = 1, TemplateFile = template });
        InvalidDataException problem = await Assert.ThrowsAsync<InvalidDataException>(() => model.LoadAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith($"{directory.Path} was trained on dialogues from their end", problem.Message, StringComparison.Ordinal);
    }
}
