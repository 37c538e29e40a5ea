using System.Text;
using Foreword.Chat;
using Foreword.Cli.Commands;
using Foreword.Cli.Loading;
using Foreword.Cpu;
using Foreword.Data.Recipes;

namespace Foreword.Cli.Tests.Commands;

public sealed class ChatCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public ChatCommandTests() => _directory.Write("config.json", "{}");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void EachLineIsAnsweredWithALine()
    {
        Cli run = Chat("hello\n\nagain\n/exit\nnot read\n");
        Assert.Equal((0, "I read 1 message\nI read 2 messages\n"), (run.ExitCode, run.Out));
        Assert.Equal("seed 0\n", run.Err);
    }

    [Fact]
    public void TheEndOfTheInputEndsTheConversation() => Assert.Equal("I read 1 message\n", Chat("hello").Out);

    [Fact]
    public void ResetForgets()
    {
        Cli run = Chat("a\nb\n/reset\nc\n");
        Assert.Equal("I read 1 message\nI read 2 messages\nI read 1 message\n", run.Out);
        Assert.Contains("(forgotten)", run.Err);
    }

    [Fact]
    public void SaveWritesTheMessagesAndNeverOverAnotherFile()
    {
        string file = _directory.File("talk.jsonl"), other = _directory.Write("other.jsonl", "mine");
        Cli run = Chat($"hé\n/save {file}\n/save {other}\n/save\n/svae x\nb\n", "--system", "Be kind.");
        Assert.Equal("""
            {"role":"system","content":"Be kind."}
            {"role":"user","content":"hé"}
            {"role":"assistant","content":"I read 1 message"}

            """.ReplaceLineEndings("\n"), File.ReadAllText(file));
        Assert.Contains($"(3 messages in {file})", run.Err);
        Assert.Contains($"error: {other} already exists; choose another name", run.Err);
        Assert.Equal("mine", File.ReadAllText(other));
        Assert.Contains("error: /save needs a file name", run.Err);
        Assert.Contains("error: unknown command '/svae'; did you mean '/save'?", run.Err);
        Assert.EndsWith("I read 2 messages\n", run.Out); // the conversation continues
    }

    [Fact]
    public void SaveReplacesAFileOfTheSameConversation()
    {
        string file = _directory.File("talk.jsonl"), other = _directory.File("other.jsonl");
        Assert.DoesNotContain("error", Chat($"a\n/save {file}\nb\n/save {file}\n").Err, StringComparison.Ordinal);
        Assert.Equal(4, File.ReadAllLines(file).Length);
        Assert.DoesNotContain("error", Chat($"c\n/save {file}\n/save {other}\n/save {file}\n", "--load", file).Err, StringComparison.Ordinal);
        Assert.Equal(6, File.ReadAllLines(file).Length);
        Assert.DoesNotContain("error", Chat($"/load {file}\nd\n/save {file}\n").Err, StringComparison.Ordinal);
        Assert.Equal(8, File.ReadAllLines(file).Length);

        // Another conversation has begun.
        Assert.Contains($"error: {file} already exists", Chat($"/reset\na\n/save {file}\n", "--load", file).Err, StringComparison.Ordinal);
        Assert.Contains($"error: {file} already exists", Chat($"/load {other}\n/save {file}\n", "--load", file).Err, StringComparison.Ordinal);
        Assert.Equal(8, File.ReadAllLines(file).Length);
    }

    [Fact]
    public void AFileThatCannotBeWrittenOrReadIsSaidInPlainWords()
    {
        string none = _directory.File("none"), file = Path.Combine(none, "talk.jsonl");
        Cli run = Chat($"a\n/save {file}\n/save {_directory.Path}\n/load {file}\n/load {_directory.Path}\nb\n");
        Assert.Equal($"""
            error: {file} cannot be written: there is no directory {none}
            error: {_directory.Path} is a directory; name a file
            error: there is no file {file}
            error: {_directory.Path} is a directory; name a file that /save wrote
            seed 0

            """.ReplaceLineEndings("\n"), run.Err);
        Assert.EndsWith("I read 2 messages\n", run.Out, StringComparison.Ordinal);
        Assert.Equal((1, $"error: {file} cannot be written: there is no directory {none}\n"), (Chat("a", "--log", file) is var log ? log.ExitCode : 0, log.Err));
        Assert.Equal((1, $"error: {_directory.Path} is a directory; name a file\n"), (Chat("a", "--log", _directory.Path) is var place ? place.ExitCode : 0, place.Err));
        Assert.Equal((1, $"error: {_directory.Path} is a directory; name a file that /save wrote\n"), (Chat("a", "--load", _directory.Path) is var load ? load.ExitCode : 0, load.Err));
    }

    [Fact]
    public void TheLogShowsTheConversationThatTookPlace()
    {
        string log = _directory.File("samples.txt"), file = _directory.File("talk.jsonl");
        Chat($"/undo\na\n/retry\nb\n/undo\n/system  Be kind.\n/save {file}\n/reset\n/load {file}\n/system\n", "--log", log);
        Assert.Equal(
            ["user:a", "chatbot:I read 1 message", "/retry", "user:a", "chatbot:I read 1 message", "user:b", "chatbot:I read 2 messages", "/undo", "/system Be kind.", "/reset", $"/load {file}", "/system"],
            File.ReadAllLines(log)[1..]);
        File.Delete(log);
        Chat("b\n", "--log", log, "--load", file, "--system", "Be brief.");
        Assert.Equal([$"/load {file}", "/system Be brief.", "user:b", "chatbot:I read 2 messages"], File.ReadAllLines(log)[1..]);
    }

    [Fact]
    public void TheCommandsFitATerminal() => Assert.All(Chat("/help\n").Err.Split('\n'), line => Assert.InRange(line.Length, 0, 80));

    [Theory]
    [InlineData(true, null, "was trained with --reverse, so it ranks answers and does not write them; name a model that was trained without --reverse, and give this one to --mmi")]
    [InlineData(false, false, "was trained without --reverse, so it cannot rank answers; train one with finetune --task dialogue --reverse")]
    [InlineData(false, true, null)]
    [InlineData(null, null, null)]
    public void AModelOfTheWrongDirectionIsRefused(bool? model, bool? backward, string? expected)
    {
        using TemporaryDirectory other = Fixtures.NewDirectory();
        RandomModel.Write(_directory.Path);
        RandomModel.Write(other.Path);
        Recipe.Save(ChatTemplate.Plain with { Reverse = model }, _directory.File("chat.yaml"));
        Recipe.Save(ChatTemplate.Plain with { Reverse = backward }, other.File("chat.yaml"));
        string[] command = ["chat", _directory.Path, "--mmi", other.Path, "--max-tokens", "2", "--template", "plain"];
        Cli run = Cli.Run("a\n", terminal => [ChatCommand.Create(terminal)], command);
        Assert.Equal(expected is null ? 0 : 1, run.ExitCode);
        if (expected is not null)
            Assert.Equal($"error: {(model == true ? _directory.Path : "--mmi: " + other.Path)} {expected}\n", run.Err);
        Cli study = Cli.Run("study", "mmi", _directory.Path, "--mmi", other.Path, "--dialogues", _directory.Write("dev.txt", "the cat\nsat\n"), "--candidates", "2", "--max-tokens", "2", "--out", _directory.File("mmi"));
        Assert.Equal(expected is null ? 0 : 1, study.ExitCode);
        Assert.Contains(expected ?? "", study.Err, StringComparison.Ordinal);
        if (expected is null)
            return;
        Cli server = Cli.Run("serve", _directory.Path, "--mmi", other.Path, "--template", "plain", "--urls", "http://127.0.0.1:0");
        Assert.Equal((1, run.Err), (server.ExitCode, server.Err));
    }

    [Fact]
    public void MessagesAreTakenBackAnsweredAgainAndLoaded()
    {
        string file = _directory.File("talk.jsonl");
        Cli run = Chat($"/undo\n/retry\na\nb\n/retry\n/undo\nc\n/save {file}\n/reset\n/load {file}\nd\n/load none.jsonl\n/load\n");
        Assert.Equal("I read 1 message\nI read 2 messages\nI read 2 messages\nI read 2 messages\nI read 3 messages\n", run.Out);
        Assert.Contains("(there is nothing to take back)\nerror: there is no message to answer again\n(taken back: b)\n(4 messages in ", run.Err);
        Assert.Contains($"(4 messages from {file})\nerror: ", run.Err);
        Assert.EndsWith("error: /load needs a file name: /load talk.jsonl\n", run.Err);
        Assert.Equal("I read 3 messages\n", Chat("d\n", "--load", file).Out);
        _directory.Write("broken.jsonl", "{\"role\": \"user\", \"content\": \"a\"}\n{\"role\": \"usr\", \"content\": \"b\"}\n");
        Assert.Equal((1, $"error: {_directory.File("broken.jsonl")}:2: the role is 'usr'; expected system, user or assistant (also human, gpt)\n"), (Chat("a", "--load", _directory.File("broken.jsonl")) is var broken ? broken.ExitCode : 0, broken.Err));
    }

    [Fact]
    public void TheInstructionCanBeReplacedAndTheHistoryLimited()
    {
        string file = _directory.File("talk.jsonl");
        Cli run = Chat($"a\n/system Be User: brief.\nb\n/system\nc\n/system S\n/save {file}\n");
        Assert.Equal("I read 1 message\nI read 3 messages\nI read 3 messages\n", run.Out); // the instruction holds the marker of a message
        Assert.StartsWith("""{"role":"system","content":"S"}""", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Equal("I read 1 message\nI read 2 messages\nI read 2 messages\nI read 2 messages\n", Chat("a\nb\nc\nd\n", "--max-history", "2").Out);
        Assert.Equal("I read 1 message\nI read 1 message\n", Chat("a\nb\n", "--max-history", "0").Out);
        Assert.Equal(2, Chat("a", "--max-history", "-1").ExitCode);
    }

    [Fact]
    public void CandidatesAreShownAndTheLogHasTheirWinner()
    {
        using TemporaryDirectory model = Fixtures.NewDirectory();
        RandomModel.Write(model.Path);
        Recipe.Save(ChatTemplate.Plain, model.File("chat.yaml"));
        string log = _directory.File("samples.txt");
        string[] command = ["chat", model.Path, "--temperature", "1", "--seed", "3", "--max-tokens", "6", "--candidates", "3", "--debug", "--log", log];
        Cli own = Cli.Run("hello\n", terminal => [ChatCommand.Create(terminal)], command), mmi = Cli.Run("hello\nagain\n", terminal => [ChatCommand.Create(terminal)], [.. command, "--mmi", model.Path, "--mmi-rule", "sequence"]);
        Assert.Equal((0, 0), (own.ExitCode, mmi.ExitCode));
        Assert.Equal(3, own.Err.Split('\n').Count(line => line.StartsWith('[')));
        Assert.Equal(6, mmi.Err.Split('\n').Count(line => line.Contains("score", StringComparison.Ordinal)));
        Assert.Contains("history", mmi.Err, StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(log);
        Assert.Contains("user:hello", lines);
        Assert.Contains($"chatbot:{own.Out.Split('\n')[0].Trim()}", File.ReadAllText(log), StringComparison.Ordinal);
        Assert.Equal(2, lines.Count(line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")));
    }

    [Theory]
    [InlineData("--candidates is 0; it must be from 1 to 64", "--candidates", "0")]
    [InlineData("--candidates is 1; --mmi needs at least 2", "--candidates", "1", "--mmi", "other")]
    [InlineData("--mmi-rule needs --mmi MODEL", "--mmi-rule", "sequence")]
    [InlineData("--mmi-lambda needs --mmi-rule interpolated", "--mmi", "other", "--mmi-lambda", "0.2")]
    [InlineData("--mmi-lambda is 2; it must be from 0 to 1", "--mmi", "other", "--mmi-rule", "interpolated", "--mmi-lambda", "2")]
    [InlineData("--debug shows the candidates; it needs", "--debug")]
    public void OptionsOfCandidatesThatDoNotFitAreRefused(string expected, params string[] options)
    {
        Cli run = Chat("hello\n", options);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void ForgottenMessagesAreSaid()
    {
        Cli run = Chat(string.Concat(Enumerable.Repeat("0123456789012345678901234567890123456789\n", 4)), "--max-tokens", "30");
        Assert.Contains("(the context is full: the 2 oldest messages before this one were dropped)", run.Err);
        Assert.Contains("its beginning was dropped", Chat(new string('x', 400)).Err);
    }

    [Fact]
    public void AJinjaTemplateIsNamedTogetherWithWhatIsUsedInstead()
    {
        string config = _directory.Write("tokenizer_config.json", """{"chat_template": "{{ messages }}"}""");
        Assert.Contains($"{config} has a Jinja template, which is not supported: the plain template", Chat("a").Err);
        string template = _directory.Write("chat.yaml", "user: {prefix: \"User: \", suffix: \"\\n\"}\nassistant: {prefix: \"Assistant:\", suffix: \"\\n\"}");
        Cli own = Chat("a");
        Assert.DoesNotContain("Jinja", own.Err);
        Assert.Equal("I read 1 message\n", own.Out);
        Assert.Equal("I read 1 message\n", Chat("a", "--template", template).Out);
    }

    [Fact]
    public void WhatIsWrongIsSaidBeforeTheModelIsOpened()
    {
        Assert.Equal(2, Chat("a", "--top-p", "3").ExitCode);
        Cli nowhere = Chat("a", "--template", "nowhere.yaml");
        Assert.Equal(1, nowhere.ExitCode);
        Assert.Equal("error: there is no chat template nowhere.yaml\n", nowhere.Err);
        _directory.Write("chat.yaml", "usr: {}");
        Cli broken = Chat("a");
        Assert.Equal((1, ""), (broken.ExitCode, broken.Out));
        Assert.Equal($"error: {_directory.File("chat.yaml")}:1: unknown key 'usr'; did you mean 'user'?\n", broken.Err);
    }

    [Fact]
    public void InputThatIsNotTextIsRefusedInOneSentence()
    {
        Cli run = Chat([.. "caf"u8, 0xE9, .. "\n"u8]);
        Assert.Equal((1, ""), (run.ExitCode, run.Out));
        Assert.EndsWith("error: standard input is not UTF-8 text (at line 1 or soon after it)\n", run.Err);
    }

    private Cli Chat(string input, params string[] args) => Chat(Encoding.UTF8.GetBytes(input), args);

    private Cli Chat(byte[] input, params string[] args) =>
        Cli.Run(input, terminal => [ChatCommand.Create(terminal, Open)], ["chat", _directory.Path, "--temperature", "0", .. args]);

    /// <summary>Opens a model that reports how many messages it can read.</summary>
    private static OpenedModel Open(string path, DeviceChoice device, EngineChoice engine, CacheType? cache)
    {
        TextModel model = new(new FakeModel(257, 200, Answer), new FakeTokenizer(257));
        return new OpenedModel(path, model.Model.Config, model.Tokenizer, _ => model);
    }

    private static float[] Answer(IReadOnlyList<int> tokens)
    {
        string text = Encoding.Latin1.GetString([.. tokens.Select(token => (byte)token)]);
        int messages = text.Split("User:").Length - 1;
        string answer = $" I read {messages} message{(messages == 1 ? "" : "s")}\n";
        return FakeModel.Certain(257, answer[Math.Min(answer.Length - 1, text.Length - text.LastIndexOf("Assistant:", StringComparison.Ordinal) - "Assistant:".Length)]);
    }
}
