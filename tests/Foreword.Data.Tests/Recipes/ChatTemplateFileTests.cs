using Foreword.Chat;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Data.Tests.Recipes;

public sealed class ChatTemplateFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AFileSaysEverythingAboutAConversation()
    {
        _directory.Write("chat.yaml", """
            start: "[CLS]"
            user:
              suffix: "[SEP]"
            assistant: {prefix: "", suffix: "[SEP]"}
            stop: ["[PAD]", "\n\n"]
            """);
        ChatTemplate template = ChatTemplateFile.Load(_directory.Path);
        Assert.Equal(("[CLS]", "", "[SEP]", "[SEP]"), (template.Start, template.User.Prefix, template.User.Suffix, template.Assistant.Suffix));
        Assert.Equal(["[PAD]", "\n\n"], template.Stop);
        Assert.Equal("", template.System.Suffix);
    }

    [Fact]
    public void WithoutAFileThePlainOneIsUsed() => Assert.Same(ChatTemplate.Plain, ChatTemplateFile.Load(_directory.Path));

    [Fact]
    public void TheDirectionIsThatOfTheFileOrElseOfTheRun()
    {
        string text = "user: {suffix: a}\n", path = _directory.Write("chat.yaml", text);
        Assert.Null(ChatTemplateFile.Load(_directory.Path).Reverse);
        Recipe.Save(new DialogueRecipe { Model = new BaseModelSection { Path = "base" }, Task = new DialogueSection { Reverse = true }, Data = new DialogueDataSection { Train = ["a.txt"] } }, _directory.File("recipe.yaml"));
        Assert.True(ChatTemplateFile.Load(_directory.Path).Reverse);
        Assert.True(ChatTemplateFile.ReverseOf(path));
        using TemporaryDirectory copy = Fixtures.NewDirectory();
        ChatTemplateFile.Copy(_directory.Path, copy.Path);
        Assert.True(ChatTemplateFile.Load(copy.Path).Reverse);
        _directory.Write("chat.yaml", text + "reverse: false\n");
        Assert.False(ChatTemplateFile.Load(_directory.Path).Reverse);
        _directory.Write("chat.yaml", text);
        _directory.Write("recipe.yaml", "task: {kind: dialogue, reverse: maybe}");
        Assert.Null(ChatTemplateFile.Load(_directory.Path).Reverse);
    }

    /// <summary>The template of another model, or of the model that training starts with, does not say how the new model is trained.</summary>
    [Fact]
    public void AChosenTemplateHasNoDirection()
    {
        string path = _directory.Write("chat.yaml", "user: {suffix: a}\nreverse: true\n");
        Assert.Null(ChatTemplateFile.Find(path).Reverse);
        Assert.Null(ChatTemplateFile.Choose(null, _directory.Path, new BpeTrainer { VocabSize = 257 }.Train(["a b"])).Reverse);
    }

    [Theory]
    [InlineData("usr: {prefix: a}", "chat.yaml:1: unknown key 'usr'; did you mean 'user'?")]
    [InlineData("user:\n  prefx: a", "chat.yaml:2: unknown key 'user.prefx'; did you mean 'user.prefix'?")]
    [InlineData("user: hello", "chat.yaml:1: user is 'hello'; expected a mapping of keys")]
    [InlineData("start:\nuser: {suffix: a}", "chat.yaml:1: start has no value; expected a text")]
    [InlineData("start: a", "user and assistant have no text around their messages; the messages could not be distinguished")]
    [InlineData("user: {suffix: a}\nstop: ['']", "chat.yaml:2: stop contains an empty text")]
    [InlineData("user: {suffix: a", "this is not YAML")]
    [InlineData("# nothing", "chat.yaml: the chat template is empty")]
    [InlineData("[a]", "chat.yaml:1: the chat template is a list; expected a mapping of keys")]
    [InlineData("extra: a", "the chat template has start, system, user, assistant, stop")]
    [InlineData("user: &a {suffix: a}", "chat.yaml:1: anchors and aliases are not supported in chat templates")]
    [InlineData("user: {suffix: a}\n---\n", "a second document begins; a chat template is a single document")]
    public void MistakesAreNamedWithTheirLine(string yaml, string expected)
    {
        _directory.Write("chat.yaml", yaml);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => ChatTemplateFile.Load(_directory.Path)).Message);
    }

    [Fact]
    public void AJinjaTemplateIsNoticed()
    {
        Assert.Null(ChatTemplate.JinjaFile(_directory.Path));
        string config = _directory.Write("tokenizer_config.json", """{"model_max_length": 1024}""");
        Assert.Null(ChatTemplate.JinjaFile(_directory.Path));
        _directory.Write("tokenizer_config.json", """{"chat_template": "{% for m in messages %}{% endfor %}"}""");
        Assert.Equal(config, ChatTemplate.JinjaFile(_directory.Path));
        string own = _directory.Write("chat_template.jinja", "{{ messages }}");
        Assert.Equal(own, ChatTemplate.JinjaFile(_directory.Path));
    }

    [Fact]
    public void ThePlainTemplateReadsBackFromItsOwnText() =>
        Assert.Equal(Recipe.ToYaml(ChatTemplate.Plain), Recipe.ToYaml(Recipe.Parse<ChatTemplate>(Recipe.ToYaml(ChatTemplate.Plain), "plain")));
}
