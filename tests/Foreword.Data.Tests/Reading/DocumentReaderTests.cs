using System.IO.Compression;
using System.Text;
using Foreword.Data.Reading;
using Parquet.Serialization;
using ZstdSharp;

namespace Foreword.Data.Tests.Reading;

public sealed class DocumentReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TextFilesAndJsonLinesComeInTheOrderOfThePaths()
    {
        string text = _directory.Write("b.txt", "second");
        string lines = _directory.Write("a.jsonl", "{\"text\":\"one\"}\n\n{\"id\":1,\"text\":\"t\\u0077o\"}\r\n{\"text\":\"three\"}");
        Assert.Equal(["second", "one", "two", "three"], Documents(text, lines));
    }

    [Fact]
    public void ADirectoryIsReadToAnyDepthInOrdinalOrderWithoutHiddenFiles()
    {
        _directory.Write("corpus/b.md", "B");
        _directory.Write("corpus/a/z.txt", "az");
        _directory.Write("corpus/Z", "Z");
        _directory.Write("corpus/c.NDJSON", "{\"text\":\"c\"}\n");
        _directory.Write("corpus/.hidden.txt", "no");
        _directory.Write("corpus/.git/config", "no");
        _directory.Write("corpus/picture.png", "no");
        _directory.Write("corpus/empty.txt", "");
        DocumentReader reader = DocumentReader.Open([_directory.File("corpus")]);
        Assert.Equal(["Z", "az", "B", "c"], reader.Read().Select(p => p.Text));
        Assert.Equal([Path.Combine(_directory.File("corpus"), "picture.png")], reader.Skipped.Select(file => file.Path));
    }

    [Fact]
    public void StrayFilesOfADirectoryAreLeftOutWithTheirReasons()
    {
        _directory.Write("corpus/poem.txt", "poem");
        _directory.Write("corpus/README.md", "about");
        _directory.Write("corpus/LICENSE", "about");
        _directory.Write("corpus/sub/SOURCE.txt", "about");
        _directory.Write("corpus/sources-of-the-nile.txt", "nile");
        _directory.Write("corpus/.DS_Store", "no");
        _directory.Write("corpus/.git/HEAD", "no");
        _directory.Write("corpus/index.tsv", "name\tyear\npoem\t1794\n");
        _directory.Write("corpus/meta.jsonl", "{\"name\":\"poem\"}\n");
        _directory.Write("corpus/data.csv", "text\nrow\n");
        _directory.Write("corpus/picture.jpg", "x");
        File.WriteAllBytes(_directory.File("corpus/program"), [0x7F, 0x45, 0x4C, 0x46, 0, 0]);
        File.WriteAllBytes(_directory.File("corpus/old.txt"), [0xFF, 0xFE, 0x41, 0]); // UTF-16 contains NUL bytes, but is text
        DocumentReader reader = DocumentReader.Open([_directory.File("corpus")]);
        Assert.Equal(["row", "A", "poem", "nile"], reader.Read().Select(piece => piece.Text));
        Assert.Equal(
            ["LICENSE AboutTheCorpus", "README.md AboutTheCorpus", "index.tsv NoTextField", "meta.jsonl NoTextField", "picture.jpg OtherKind", "program Binary", "SOURCE.txt AboutTheCorpus"],
            reader.Skipped.Select(file => $"{Path.GetFileName(file.Path)} {file.Reason}"));
        Assert.Equal("1 of other kinds (.jpg); 3 about the corpus (LICENSE, README.md, SOURCE.txt); 1 binary (program); 2 without a column 'text' (index.tsv, meta.jsonl)", SkippedFiles.Describe(reader.Skipped, "text"));
        Assert.Equal(["about"], DocumentReader.Open([_directory.File("corpus/README.md")]).Read().Select(piece => piece.Text)); // a file that is named explicitly is read
        Assert.StartsWith($"{_directory.File("corpus/program")} is binary", Failure(_directory.File("corpus/program")));
    }

    [Theory]
    [InlineData("table.csv", "text\nthere is no column '7'\n", "7")] // a column that is requested by number
    [InlineData("table.csv", "name;year\npoem;1794\n", "text")] // the message also asks for the delimiter
    [InlineData("table.tsv", "name\tyear\npoem\t1794\n", "title+text")]
    [InlineData("lines.jsonl", "{\"name\":\"poem\"}\n", "text")]
    public void AFileWithoutTheColumnIsLeftOutWhateverTheMessageSays(string name, string content, string column)
    {
        _directory.Write($"corpus/{name}", content);
        _directory.Write("corpus/poem.txt", "poem");
        DocumentReader reader = DocumentReader.Open([_directory.File("corpus")], column);
        Assert.Equal(SkipReason.NoTextField, Assert.Single(reader.Skipped).Reason);
        Assert.Equal(["poem"], reader.Read().Select(chunk => chunk.Text));
    }

    [Fact]
    public void AnotherFaultOfATableIsReportedWhenItIsRead()
    {
        _directory.Write("corpus/table.csv", "text,text\nthere is no column 'text',b\n");
        DocumentReader reader = DocumentReader.Open([_directory.File("corpus")]);
        Assert.Empty(reader.Skipped);
        Assert.Contains("2 columns are called 'text'", Assert.Throws<InvalidDataException>(() => reader.Read().Count()).Message);
    }

    [Theory]
    [InlineData("*.md", "", "README.md b.md c.md")]
    [InlineData("*.md *.tex", "README*", "b.md d.tex c.md")]
    [InlineData("", "drafts", "README.md? a.txt b.md")]
    [InlineData("", "drafts/*.md", "README.md? a.txt b.md e.txt")]
    [InlineData("", "*.txt", "README.md? b.md c.md")]
    [InlineData("README*", "", "README.md")]
    [InlineData("drafts/**", "*.md", "e.txt")]
    public void PatternsChooseTheFilesOfADirectory(string include, string exclude, string files)
    {
        _directory.Write("corpus/README.md", "r");
        _directory.Write("corpus/a.txt", "a");
        _directory.Write("corpus/b.md", "b");
        _directory.Write("corpus/d.tex", "d");
        _directory.Write("corpus/drafts/c.md", "c");
        _directory.Write("corpus/drafts/e.txt", "e");
        DocumentOptions options = new() { Include = [.. include.Split(' ').Where(p => p.Length > 0)], Exclude = [.. exclude.Split(' ').Where(p => p.Length > 0)] };
        DocumentReader reader = DocumentReader.Open([_directory.File("corpus")], options);
        Assert.Equal(files.Split(' ').Where(name => !name.EndsWith('?')), reader.Files.Select(Path.GetFileName));
        Assert.Equal(reader.Files.Count, reader.Read().Count());
    }

    [Fact]
    public void ADirectoryOfWhichNothingIsLeftSaysWhatWasLeftOut()
    {
        _directory.Write("corpus/README.md", "r");
        Assert.EndsWith("; left out: 1 about the corpus (README.md)", Failure(_directory.File("corpus")));
    }

    [Fact]
    public void AFileReachedTwiceIsReadOnce()
    {
        string file = _directory.Write("corpus/a.txt", "A");
        Assert.Equal(["A"], Documents(file, _directory.File("corpus"), file));
    }

    [Fact]
    public void ALinkBackUpDoesNotLoop()
    {
        _directory.Write("corpus/a.txt", "A");
        Directory.CreateSymbolicLink(_directory.File("corpus/up"), _directory.File("corpus"));
        Assert.Equal(["A"], Documents(_directory.File("corpus")));
    }

    [Theory]
    [InlineData("c.txt.gz", "plain text", "plain text")]
    [InlineData("c.jsonl.gz", "{\"text\":\"line\"}", "line")]
    [InlineData("c.GZ", "no extension", "no extension")]
    public void GzipIsUnpacked(string name, string content, string document)
    {
        string path = _directory.File(name);
        File.WriteAllBytes(path, [.. Gzip(content), .. Gzip("")]);
        Assert.Equal([document], Documents(path));
    }

    [Fact]
    public void ADamagedGzipFileIsNamed()
    {
        string path = _directory.File("c.txt.gz");
        byte[] packed = Gzip(string.Concat(Enumerable.Range(0, 20_000)));
        File.WriteAllBytes(path, packed[..(packed.Length / 2)]);
        Assert.StartsWith($"{path}: damaged gzip data after byte ", Failure(path));
        File.WriteAllText(path, "this is no gzip file");
        Assert.StartsWith($"{path}: damaged gzip data after byte 0 of the text", Failure(path));
    }

    [Fact]
    public void AByteOrderMarkIsDropped()
    {
        string text = _directory.Write("a.txt", "\uFEFFtext");
        string lines = _directory.Write("a.jsonl", "\uFEFF{\"text\":\"line\"}");
        Assert.Equal(["text", "line"], Documents(text, lines));
    }

    [Fact]
    public void InvalidUtf8IsRefusedWithItsPlace()
    {
        string text = _directory.File("bad.txt");
        File.WriteAllBytes(text, [.. Encoding.UTF8.GetBytes(new string('é', 50_000)), 0xC3, 0x28]);
        Assert.Equal($"{text}: byte 100000 begins a sequence that is not UTF-8; name another encoding with --encoding, such as gb18030 or utf-16 (data.encoding in a recipe)", Failure(text));
        File.WriteAllBytes(text, [0x61, 0xE2, 0x82]); // cut inside the euro sign
        Assert.Equal($"{text}: byte 1 begins a sequence that is not UTF-8; name another encoding with --encoding, such as gb18030 or utf-16 (data.encoding in a recipe)", Failure(text));

        string lines = _directory.File("bad.jsonl");
        File.WriteAllBytes(lines, [.. "{\"text\":\"ok\"}\n{\"text\":\""u8, 0xFF, .. "\"}"u8]);
        Assert.Equal($"{lines}:2: the line is not UTF-8", Failure(lines));
    }

    [Fact]
    public void BinaryFilesAreRefusedAndUtf16IsRead()
    {
        string path = _directory.File("program");
        File.WriteAllBytes(path, [.. new string('a', 70_000).Select(c => (byte)c), 0, 1, 2]);
        Assert.StartsWith($"{path} is binary, not text: byte 70000 is NUL", Failure(path));
        File.WriteAllText(path, "wide", Encoding.Unicode);
        Assert.Equal(["wide"], Documents(path));
    }

    [Theory]
    [InlineData("{\"text\": 3}", "field \"text\" is a number, not a string")]
    [InlineData("{\"text\": null}", "field \"text\" is null, not a string")]
    [InlineData("{\"text\": {\"text\": \"inner\"}}", "field \"text\" is an object, not a string")]
    [InlineData("{\"txet\": \"a\"}", "no field \"text\"; did you mean 'txet'?")]
    [InlineData("{}", "no field \"text\"")]
    [InlineData("[\"text\"]", "the line holds an array, not an object")]
    [InlineData("{\"text\": \"cut", "broken JSON at byte ")]
    [InlineData("{\"text\": \"a\"} x", "broken JSON at byte 15 of the line: ")]
    [InlineData("{\"text\": \"\\uD8\"}", "broken JSON at byte ")]
    public void ABrokenLineIsNamed(string line, string problem)
    {
        string path = _directory.Write("c.jsonl", "{\"text\":\"fine\"}\n" + line + "\n{\"text\":\"fine\"}\n");
        Assert.StartsWith($"{path}:2: {problem}", Failure(path));
    }

    [Fact]
    public void LoneSurrogatesBecomeReplacementCharacters()
    {
        string path = _directory.Write("c.jsonl", """{"\ud800":[1],"text":"a\ud83d\ude00b\ud83d\"\ude00\/\\\u0041\t"}""");
        Assert.Equal(["a\U0001F600b\uFFFD\"\uFFFD/\\A\t"], Documents(path));
    }

    [Fact]
    public void AnotherFieldCanHoldTheText()
    {
        string path = _directory.Write("c.jsonl", """{"text":"no","meta":{"body":"no"},"body":"yes"}""");
        Assert.Equal(["yes"], DocumentReader.Open([path], "body").Read().Select(p => p.Text));
    }

    [Fact]
    public void LinesOfAnyLengthAreWhole()
    {
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => new string((char)('a' + (i % 26)), i * i * 137))];
        string path = _directory.Write("c.jsonl", string.Join('\n', texts.Select(t => $"{{\"text\":\"{t}\"}}")));
        Assert.Equal(texts.Where(t => t.Length > 0), Documents(path));
    }

    [Fact]
    public void RowsOfCsvAndTsvAreDocuments()
    {
        string csv = _directory.Write("a.csv", "id,text\r\n1,\"one, \"\"quoted\"\"\nline\"\r\n2,\r\n3,three\r\n");
        string tsv = _directory.Write("b.tsv", "text\tid\nfour\t4\n");
        Assert.Equal(["one, \"quoted\"\nline", "three", "four"], Documents(csv, tsv));
        string other = _directory.Write("c.csv", "id,txt\n1,a\n");
        Assert.StartsWith($"{other}: there is no column 'text'", Failure(other));
        Assert.Equal(["a"], DocumentReader.Open([other], "txt").Read().Select(piece => piece.Text));
    }

    [Fact]
    public async Task RowsOfParquetAreDocuments()
    {
        string path = _directory.File("a.parquet");
        Row[] rows = [new() { Id = 1, Text = "one" }, new() { Id = 2 }, new() { Id = 3, Text = "drei 🤗" }];
        await using (FileStream file = File.Create(path))
            await ParquetSerializer.SerializeAsync(rows, file, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["one", "drei 🤗"], DocumentReader.Open([path], "Text").Read().Select(piece => piece.Text));
        Assert.StartsWith($"{path}: there is no column 'body'; the columns are Id, Text", Assert.Throws<InvalidDataException>(() => DocumentReader.Open([path], "body").Read().Count()).Message);
        Assert.StartsWith($"{path}: column 'Id' holds Int32, not text", Assert.Throws<InvalidDataException>(() => DocumentReader.Open([path], "Id").Read().Count()).Message);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..20]);
        Assert.StartsWith($"{path}: the file is not Parquet or is damaged", Failure(path));
    }

    [Fact]
    public void HtmlIsTheTextThatAReaderSees()
    {
        string path = _directory.Write("a.html", """
            <!doctype html><html><head><title>no</title><style>p { color: red }</style></head>
            <body><h1>A  title</h1><p>First &amp; <b>bold</b>,
            one line.<br>Second&nbsp;line.</p><script>alert(1)</script>
            <ul><li>one</li><li>two</li></ul><table><tr><td>a</td><td>b</td></tr></table>
            <pre>x = 1
              y = 2</pre><p hidden>no</p></body></html>
            """);
        Assert.Equal(["A title\nFirst & bold, one line.\nSecond line.\none\ntwo\na b\nx = 1\n  y = 2"], Documents(path));
    }

    [Fact]
    public void ZstandardIsUnpacked()
    {
        string path = _directory.File("c.jsonl.zst");
        using (Compressor compressor = new())
            File.WriteAllBytes(path, compressor.Wrap("{\"text\":\"line\"}"u8).ToArray());
        Assert.Equal(["line"], Documents(path));
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^3]);
        Assert.StartsWith($"{path}: the data is damaged", Failure(path));
    }

    [Fact]
    public void PatternsAreFilesInOrdinalOrder()
    {
        _directory.Write("corpus/b.txt", "B");
        _directory.Write("corpus/deep/er/a.txt", "A");
        _directory.Write("corpus/deep/c.md", "C");
        _directory.Write("corpus/.hidden/d.txt", "no");
        Assert.Equal(["B", "A"], Documents(_directory.File("corpus/**/*.txt")));
        Assert.Equal(["C"], Documents(_directory.File("corpus/*/*.md")));
        string nothing = _directory.File("corpus/*.jsonl");
        Assert.Equal($"{nothing} matches no file", Assert.Throws<FileNotFoundException>(() => DocumentReader.Open([nothing])).Message);
    }

    [Fact]
    public void WhatIsMissingOrEmptyOrUnknownIsNamed()
    {
        string missing = _directory.File("nowhere.txt");
        Assert.Equal($"{missing} does not exist", Assert.Throws<FileNotFoundException>(() => DocumentReader.Open([missing])).Message);
        string empty = _directory.Write("empty.txt", "");
        Assert.Equal($"{empty} is empty", Failure(empty));
        string blank = _directory.Write("blank.jsonl", "\n\n");
        Assert.Equal($"{blank} contains no text", Failure(blank));
        string table = _directory.Write("table.xlsx", "x");
        Assert.StartsWith($"{table}: unknown extension .xlsx; supported: .txt, ", Failure(table));
        Directory.CreateDirectory(_directory.File("pictures"));
        _directory.Write("pictures/a.png", "x");
        _directory.Write("pictures/empty.txt", "");
        Assert.StartsWith($"directory {_directory.File("pictures")} contains no text", Failure(_directory.File("pictures")));
        Assert.Throws<ArgumentException>(() => DocumentReader.Open([]));
    }

    private static byte[] Gzip(string content)
    {
        using MemoryStream packed = new();
        using (GZipStream zip = new(packed, CompressionLevel.Fastest))
            zip.Write(Encoding.UTF8.GetBytes(content));
        return packed.ToArray();
    }

    private static IEnumerable<string> Documents(params string[] paths) => DocumentReader.Open(paths).Read().Select(piece =>
    {
        Assert.True(piece.EndsDocument);
        return piece.Text;
    });

    private static string Failure(string path) =>
        Assert.Throws<InvalidDataException>(() => DocumentReader.Open([path]).Read().Count()).Message;

    private sealed class Row
    {
        public int Id { get; set; }

        public string? Text { get; set; }
    }
}
