using System.IO.Compression;
using System.Text;
using Foreword.Data.Decoding;
using Foreword.Data.Dialogues;

namespace Foreword.Data.Tests.Dialogues;

public sealed class DialogueReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void ChitchatHasAnUtteranceALine(string end)
    {
        string file = _directory.Write("train.txt", string.Join(end, "你好", "好", "", "", " a ", "b", "c", ""));
        Assert.Equal(["U你好 A好 @train.txt:1", "Ua Ab Uc @train.txt:5"], Texts(file));
    }

    [Fact]
    public void MessagesAreOpenAisOrShareGpts()
    {
        string file = _directory.Write("train.jsonl", """
            {"id": 1, "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}

            {"conversations": [{"from": "human", "value": "a\nb"}, {"from": "gpt", "value": "\ud800"}, {"from": "gpt", "value": null}]}
            [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]
            """);
        Assert.Equal(["SS Ua Ab @train.jsonl:1", "Ua\nb A\uD800 @train.jsonl:3", "Ux Uy @train.jsonl:4"], Texts(file));
        Assert.Equal(["Ua Ab @list.json[0]"], Texts(_directory.Write("list.json", """[{"messages": [{"role": "USER", "content": "a"}, {"role": "model", "content": "b"}]}]""")));
    }

    [Fact]
    public void ChitchatIsReadFromTextsOnly()
    {
        string file = _directory.Write("a.jsonl", """{"messages": []}""");
        Assert.Equal($"{file} is no text with an utterance per line, as its name says; expected a text file, or the layout messages", Assert.Throws<InvalidDataException>(() => DialogueReader.Read(file, DialogueLayout.Chitchat)).Message);
        Assert.Single(DialogueReader.Read(_directory.Write("a.log", "a\nb\n"), DialogueLayout.Chitchat));
    }

    [Fact]
    public void PartsAndInstructionsAreRead()
    {
        string file = _directory.Write("a.jsonl", """
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, {"role": "assistant", "content": "c", "weight": 1, "tool_calls": null}], "tools": []}
            {"messages": [{"role": "user", "content": " "}]}
            {"system": "t", "messages": [{"role": "user", "content": "b"}]}
            {"system": "s", "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": ""}]}
            """);
        Dialogue[] dialogues = [.. DialogueReader.Read(file)];
        Assert.Equal(["Uab Ac @a.jsonl:1", "St Ub @a.jsonl:3", "Ss Ua @a.jsonl:4"], Texts(file));
        Assert.Equal([0, 1, 1], dialogues.Select(dialogue => dialogue.EmptyMessages));
    }

    [Fact]
    public void TurnsOfATableAreGroupedByTheirDialogue()
    {
        string file = _directory.Write("turns.csv", "role,content,dialogue\nuser,\"a, b\",1\nassistant,c,1\nuser,d,2\nassistant,,2\n");
        Assert.Equal(["Ua, b Ac @turns.csv:2", "Ud @turns.csv:4"], Texts(file));
    }

    [Fact]
    public void OtherEncodingsAreReadWhenTheyAreNamed()
    {
        byte[] gb = TextEncoding.Find("gb18030").Decoding.GetBytes("你好\n好\n");
        string file = _directory.Write("gb.txt", "");
        File.WriteAllBytes(file, gb);
        string table = _directory.Write("gb.csv.gz", "");
        using (GZipStream gzip = new(File.Create(table), CompressionLevel.Fastest))
            gzip.Write(TextEncoding.Find("gb18030").Decoding.GetBytes("dialogue,role,content\n1,user,你好\n1,assistant,好\n"));
        Assert.Equal(["U你好 A好 @gb.csv:2"], Texts(table, TextEncoding.Find("gb18030")));
        Assert.Contains("gb.txt", Assert.Throws<InvalidDataException>(() => Texts(file)).Message, StringComparison.Ordinal);
        Assert.Equal(["U你好 A好 @gb.txt:1"], Texts(file, TextEncoding.Find("gb18030")));
        File.WriteAllText(file, "你好\n好\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(["U你好 A好 @gb.txt:1"], Texts(file));
        File.WriteAllText(file, "你好\n好\n", Encoding.Unicode);
        Assert.Equal(["U你好 A好 @gb.txt:1"], Texts(file));
    }

    [Theory]
    [InlineData("a.txt", "\n \n\n", "holds no dialogue")]
    [InlineData("a.jsonl", "", "holds no dialogue")]
    [InlineData("a.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n{\"messages\": [", "a.jsonl:2: the line is broken JSON (")]
    [InlineData("a.jsonl", "{\"text\": \"a\"}", "a.jsonl:1: expected {\"messages\": [{\"role\": ..., \"content\": ...}, ...]} or {\"conversations\"")]
    [InlineData("a.jsonl", "\n7", "a.jsonl:2: expected {\"messages\"")]
    [InlineData("a.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"tool\", \"content\": \"b\"}]}", "a.jsonl:1: message 2: the role is 'tool'; expected system, user or assistant (also human, gpt)")]
    [InlineData("a.jsonl", "{\"messages\": [{\"role\": \"user\"}]}", "a.jsonl:1: message 1 has no \"content\"")]
    [InlineData("a.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": [1]}]}", "a.jsonl:1: message 1: part 1 of \"content\" is not {\"type\": \"text\", \"text\": ...}")]
    [InlineData("a.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": 1}]}", "a.jsonl:1: message 1: \"content\" is not a text")]
    [InlineData("a.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\", \"weight\": 0}]}", "a.jsonl:1: message 2: \"weight\" is 0; every answer counts")]
    [InlineData("a.jsonl", "{\"messages\": [{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{}]}]}", "a.jsonl:1: message 1 has \"tool_calls\"; calls of tools are not supported")]
    [InlineData("a.jsonl", "{\"messages\": [], \"tools\": [{}]}", "a.jsonl:1 has \"tools\"")]
    [InlineData("a.jsonl", "{\"messages\": [], \"conversations\": []}", "a.jsonl:1 has both \"messages\" and \"conversations\"")]
    [InlineData("a.jsonl", "{\"messages\": [], \"weight\": 0}", "a.jsonl:1: \"weight\" is 0")]
    [InlineData("a.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\", \"content\": \"b\"}]}", "a.jsonl:1: the line is broken JSON (")]
    [InlineData("a.jsonl", "{\"conversations\": [], \"system\": 1}", "a.jsonl:1: \"system\" is not a text")]
    [InlineData("a.jsonl", "{\"messages\": [\"a\"]}", "a.jsonl:1: message 1 has no \"role\"")]
    [InlineData("a.json", "{\"messages\": []}", "a.json: expected one list of dialogues")]
    [InlineData("a.json", "[{\"messages\": []}", "a.json:1: not valid JSON: ")]
    [InlineData("a.csv", "role,content\nuser,a\n", "dialogue")]
    [InlineData("a.csv", "dialogue,role,content\n1,user,a\n2,user,b\n1,user,c\n", "a.csv:4: the dialogue '1' goes on after another one")]
    [InlineData("a.csv", "dialogue,role,content\n1,admin,a\n", "a.csv:2: the role is 'admin'")]
    public void AWrongFileIsRefusedWithItsPlace(string name, string text, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Texts(_directory.Write(name, text))).Message, StringComparison.Ordinal);

    [Fact]
    public void AMissingFileAndADirectoryAreRefused()
    {
        Assert.Throws<FileNotFoundException>(() => DialogueReader.Read(_directory.File("none.txt")));
        Assert.Equal($"{_directory.Path} is a directory; expected a file of dialogues", Assert.Throws<InvalidDataException>(() => DialogueReader.Read(_directory.Path)).Message);
    }

    private static string[] Texts(string file, TextEncoding? encoding = null) => [.. DialogueReader.Read(file, null, encoding).Select(dialogue =>
        $"{string.Join(' ', dialogue.Messages.Select(message => message.Role.ToString()[0] + message.Text))} @{dialogue.Place.Replace(Path.GetDirectoryName(file)! + "/", "", StringComparison.Ordinal)}")];
}
