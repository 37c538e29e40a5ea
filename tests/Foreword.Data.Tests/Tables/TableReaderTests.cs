using System.IO.Compression;
using System.Text;
using CsCheck;
using Foreword.Data.Tables;
using Parquet;
using Parquet.Serialization;

namespace Foreword.Data.Tests.Tables;

public sealed class TableReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void CsvIsReadAsRfc4180WithTheLineOfEachRow()
    {
        string path = _directory.Write("a.csv", "\uFEFFtext,category\r\n\"a, \"\"b\"\"\r\nc\",x\r\n\r\nd,y\r\n");
        TableRow[] rows = [.. TableReader.Read(path, ["category", "text"])];
        Assert.Equal([["x", "a, \"b\"\r\nc"], ["y", "d"]], Texts(rows));
        Assert.Equal([$"{path}:2", $"{path}:5"], rows.Select(row => row.Where));
    }

    [Fact]
    public void WhateverIsWrittenAsCsvIsReadBack() =>
        Gen.String[Gen.Char["ab,\"\n\r \té"], 0, 8].Array[2].Array[1, 20].Sample(rows =>
        {
            // A single carriage return is a line break for some readers and a character for others.
            rows = [.. rows.Select(row => row.Select(field => field.Replace("\r", "\r\n", StringComparison.Ordinal)).ToArray())];
            string csv = string.Concat(rows.Select(row => string.Join(',', row.Select(field => $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\n"));
            using MemoryStream stream = new(Encoding.UTF8.GetBytes(csv));
            Assert.Equal(rows, Texts(TableReader.Read(stream, "random.csv", ["0", "1"])));
        });

    [Fact]
    public void WithoutQuotingAQuoteIsACharacterAndOnlyALineFeedEndsARow()
    {
        string path = _directory.Write("reviews.txt", "\"Great\u0085 film  \t1\r\nbad\" \t0\n");
        Assert.Equal([["\"Great\u0085 film  ", "1"], ["bad\" ", "0"]], Texts(TableReader.Read(path, ["0", "1"], new TableOptions { Quoting = false })));
    }

    [Fact]
    public void AnEmptyLineOfASingleColumnIsARowUnlessItEndsTheFile()
    {
        string path = _directory.Write("a.csv", "text\na\n\n\"\"\nb\n\n");
        TableRow[] rows = [.. TableReader.Read(path, ["text"])];
        Assert.Equal([["a"], [""], [""], ["b"]], Texts(rows));
        Assert.Equal([2, 3, 4, 5], rows.Select(row => row.Number));
    }

    [Fact]
    public void ColumnsGivenByNumberMeanThereIsNoHeaderUnlessOneIsSaid()
    {
        string path = _directory.Write("a.tsv", "p q.\tr\n1\t2\n");
        Assert.Equal([["p q."], ["1"]], Texts(TableReader.Read(path, ["0"])));
        Assert.Equal([["2"]], Texts(TableReader.Read(path, ["1"], new TableOptions { Header = true })));
    }

    [Fact]
    public void WithoutAHeaderRowsMayHaveMoreFields()
    {
        string path = _directory.Write("a.tsv", "1\t2\n3\t4\tnote\n");
        Assert.Equal([["2"], ["4"]], Texts(TableReader.Read(path, ["1"])));
    }

    [Fact]
    public void JsonLinesGiveTextsNumbersAndLists()
    {
        string path = _directory.Write("a.jsonl", """
            {"stem": "s", "q": {"choices": [{"text": "x", "n": 1}, {"text": "y", "n": 2.50}]}, "flag": true, "list": ["u", "v"], "a.b": "dotted"}
            """ + "\n\n");
        TableRow row = Assert.Single(TableReader.Read(path, ["stem", "q.choices[].text", "q.choices[].n", "flag", "list", "a.b"]));
        Assert.Equal([["s"], ["x", "y"], ["1", "2.50"], ["true"], ["u", "v"], ["dotted"]], row.Cells);
    }

    [Fact]
    public async Task ParquetGivesTextsNumbersAndLists()
    {
        string path = Path.Combine(_directory.Path, "a.parquet");
        await ParquetSerializer.SerializeAsync(
            [new Question { text = "ä", label = 3, choices = ["x", "y"] }, new Question { text = "b", label = -1, choices = ["z"] }],
            path, cancellationToken: TestContext.Current.CancellationToken);

        TableRow[] rows = [.. TableReader.Read(path, ["label", "text", "choices"])];
        Assert.Equal([["3"], ["ä"], ["x", "y"]], rows[0].Cells);
        Assert.Equal([["-1"], ["b"], ["z"]], rows[1].Cells);
        Assert.Equal($"{path}:2", rows[1].Where);
        Assert.Contains("there is no column 'labl'; the columns are text, label, choices; did you mean 'label'?", Problem(path, ["labl"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ParquetsColumnsAreFieldsNumbersAndPaths()
    {
        string path = Path.Combine(_directory.Path, "a.parquet");
        Nested[] written =
        [
            new() { Id = 7, Share = 0.5, Right = true, Day = new DateTime(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc), Price = 1.25m, Body = new Body { Title = "t", Answers = [new Answer { Text = "x", Score = 1, Tags = ["u", "v"] }, new Answer { Text = "y", Score = -2, Tags = [] }] } },
            new() { Id = 8, Share = null, Right = false, Day = new DateTime(2021, 2, 3, 0, 0, 0, DateTimeKind.Utc), Price = 2, Body = new Body { Title = null, Answers = [] } },
            new() { Id = 9, Share = 1e-7, Right = false, Price = -3, Body = new Body { Title = "w", Answers = [new Answer { Text = "z", Score = 0, Tags = ["w"] }] } },
        ];
        await ParquetSerializer.SerializeAsync(written, path, new ParquetOptions { RowGroupSize = 2 }, cancellationToken: TestContext.Current.CancellationToken);

        TableRow[] rows = [.. TableReader.Read(path, ["1", "Id", "Right", "Day", "Price", "Body.Answers[].Text", "Body.Answers.Score", "Body.Answers[].Tags[]", "Body.Answers[].Tags"]).Take(1), .. TableReader.Read(path, ["0", "Price", "Body.Answers[].Text", "Body.Answers[].Tags"]).Skip(1)];
        Assert.Equal([["0.5"], ["7"], ["true"], ["02/03/2020 04:05:06"], ["1.25"], ["x", "y"], ["1", "-2"], ["u", "v"], ["u", "v"]], rows[0].Cells);
        Assert.Equal([["8"], ["2"], [], []], rows[1].Cells);
        Assert.Equal([["9"], ["-3"], ["z"], ["w"]], rows[2].Cells);
        Assert.Equal([$"{path}:1", $"{path}:2", $"{path}:3"], rows.Select(row => row.Where));
        Assert.Equal($"{path}:2: 'Share' is null; expected a text or a number", Problem(path, ["Share"]));
        Assert.Equal($"{path}:2: 'Body.Title' is null; expected a text or a number", Problem(path, ["Body.Title"]));
        Assert.Equal($"{path}:1: 'Body' is a structure; expected a text or a number", Problem(path, ["Body"]));
        Assert.Equal($"{path}:1: 'Raw' is binary; expected a text or a number", Problem(path, ["Raw"]));
        Assert.Equal($"{path}:1: there is no column 'Titel'; the columns are Title, Answers; did you mean 'Title'?", Problem(path, ["Body.Titel"]));
        Assert.Equal($"{path}:1: there is no column 7; there are 7, numbered from 0", Problem(path, ["7"]));
        Assert.StartsWith($"{path}:1: 'Id.x' looks for 'x' in ", Problem(path, ["Id.x"]), StringComparison.Ordinal);
    }

    [Fact]
    public void CopasItemsAreRows()
    {
        string path = _directory.Write("copa.xml", """
            <?xml version="1.0"?>
            <copa-corpus><item id="1" asks-for="cause" most-plausible-alternative="2">
              <p>It rained &amp; stormed.</p><a1>x</a1><a2>y</a2></item></copa-corpus>
            """);
        Assert.Equal([["It rained & stormed.", "cause", "x", "y", "2"]], Texts(TableReader.Read(path, ["p", "asks-for", "a1", "a2", "most-plausible-alternative"])));
        _directory.Write("copa.xml", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>");
        Assert.Contains("DTD is prohibited", Problem(path, ["p"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".gz")]
    [InlineData(".zst")]
    public void CompressedTablesAreReadAndBrokenOnesRefused(string ending)
    {
        byte[] plain = Encoding.UTF8.GetBytes("text,label\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"row {i},{i % 3}\n")));
        using MemoryStream bytes = new();
        using (Stream compressor = ending == ".gz" ? new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true) : new ZstdSharp.CompressionStream(bytes, leaveOpen: true))
            compressor.Write(plain);
        string path = Path.Combine(_directory.Path, "a.csv" + ending);
        File.WriteAllBytes(path, bytes.ToArray());
        Assert.Equal(5000, TableReader.Read(path, ["text"]).Count());
        File.WriteAllBytes(path, bytes.ToArray()[..(int)(bytes.Length / 2)]);
        Assert.StartsWith($"{path}: the data is damaged", Problem(path, ["text"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.csv", "text,label\na,1\nb\n", "text", ":3: the row has 1 field; expected 2, as in the header")]
    [InlineData("a.csv", "a,1\nb\n", "1", ":2: the row has 1 field; expected at least 2 for the requested columns")]
    [InlineData("a.csv", "text,label\na,1\n", "labels", ": there is no column 'labels'; the columns are text, label; did you mean 'label'?")]
    [InlineData("a.csv", "a,1\n", "2", ": there is no column 2; there are 2, numbered from 0")]
    [InlineData("a.csv", "text,label\n\"a\"b,1\n", "text", ":2: the row is not CSV: A delimiter, newline or EOF was expected after a closing quote (if quotes are ordinary characters, turn quoting off; in a recipe, data.quoting: false)")]
    [InlineData("a.csv", "", "text", ": the file is empty")]
    [InlineData("a.jsonl", "{\"text\":1}\n{\"text\":}\n", "text", ":2: the line is broken JSON")]
    [InlineData("a.jsonl", "{\"text\":1}\n", "txt", ":1: there is no 'txt'; the fields are text; did you mean 'text'?")]
    [InlineData("a.jsonl", "{\"text\":null}\n", "text", ":1: 'text' is null; expected a text or a number")]
    [InlineData("a.jsonl", "{\"q\":\"x\"}\n", "q.stem", ":1: 'q.stem' looks for 'stem' in a text")]
    [InlineData("a.jsonl", "[1]\n", "text", ":1: the line is not a JSON object")]
    [InlineData("a.parquet", "PAR1 no", "text", ": the file is not Parquet or is damaged")]
    [InlineData("a.xml", "<x/>", "p", ": there is no <item>; expected COPA's XML")]
    public void WhatIsWrongIsOneSentenceWithFileAndRow(string name, string content, string column, string message)
    {
        string path = _directory.Write(name, content);
        Assert.StartsWith(path + message, Problem(path, [column]), StringComparison.Ordinal);
    }

    [Fact]
    public void TextThatIsNotUtf8IsRefused()
    {
        string path = Path.Combine(_directory.Path, "a.csv");
        File.WriteAllBytes(path, [.. "text\n"u8, 0xE4, .. "x\n"u8]);
        Assert.Equal($"{path} is not UTF-8 text (it holds the bytes E4)", Problem(path, ["text"]));
    }

    [Fact]
    public void AMissingFileNamesTheNearest()
    {
        string path = _directory.Write("train.csv", "a\n");
        string wrong = Path.Combine(_directory.Path, "trian.csv");
        Assert.Equal($"there is no file {wrong}; did you mean '{Path.GetFileName(path)}'?", Assert.Throws<FileNotFoundException>(() => TableReader.Read(wrong, ["0"])).Message);
        Assert.StartsWith("data.bin: the extension '.bin' is not a known table format; supported: .csv", Assert.Throws<ArgumentException>(() => TableReader.Read(new MemoryStream(), "data.bin", ["0"]).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ParquetGoesOnAfterARowWithANull()
    {
        string path = Path.Combine(_directory.Path, "a.parquet");
        Nested[] written = [new() { Id = 1, Share = 1.0, Body = new Body { Title = "t" } }, new() { Id = 2, Share = null, Body = new Body { Title = null } }, new() { Id = 3, Share = 0.5, Body = new Body { Title = "u" } }];
        await ParquetSerializer.SerializeAsync(written, path, cancellationToken: TestContext.Current.CancellationToken);
        TableRow[] rows = [.. TableReader.Read(path, ["Body.Title", "Id", "Body.Title+Id"], new TableOptions { KeepsFaultyRows = true, KeepsInput = true })];
        Assert.Equal([["t"], ["1"], ["t 1"]], rows[0].Cells);
        Assert.Equal([[], ["2"], []], rows[1].Cells);
        Assert.Equal($"{path}:2: 'Body.Title' is null; expected a text or a number", rows[1].Fault);
        Assert.Equal([["u"], ["3"], ["u 3"]], rows[2].Cells);
        Assert.Equal(["Id=2", "Share=", "Right=false", "Price=0"], rows[1].Input.Where(field => field.Key != "Day").Select(field => $"{field.Key}={field.Value}"));
    }

    private static string Problem(string path, string[] columns) => Assert.Throws<InvalidDataException>(() => TableReader.Read(path, columns).ToList()).Message;

    private static string[][] Texts(IEnumerable<TableRow> rows) => [.. rows.Select(row => row.Cells.Select(cell => Assert.Single(cell)).ToArray())];

    private sealed class Question
    {
        public string? text { get; set; }
        public int label { get; set; }
        public List<string>? choices { get; set; }
    }

    private sealed class Nested
    {
        public int Id { get; set; }
        public double? Share { get; set; }
        public bool Right { get; set; }
        public DateTime Day { get; set; }
        public decimal Price { get; set; }
        public Body? Body { get; set; }
        public byte[] Raw { get; set; } = [1];
    }

    private sealed class Body
    {
        public string? Title { get; set; }
        public List<Answer>? Answers { get; set; }
    }

    private sealed class Answer
    {
        public string? Text { get; set; }
        public int Score { get; set; }
        public List<string>? Tags { get; set; }
    }
}
