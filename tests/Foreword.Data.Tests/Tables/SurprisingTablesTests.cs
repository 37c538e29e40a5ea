using System.Text;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Data.Tests.Tables;

/// <summary>
/// Tests tables as other programs write them. With such tables, rows or columns were once lost without a message, or a wrong column was used.
/// </summary>
public sealed class SurprisingTablesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly RecordingLogger<TableOptions> _logger = new();

    public void Dispose() => _directory.Dispose();

    // The first lines of GLUE's SST-2, train.tsv.
    private const string Sst2 = "sentence\tlabel\nhide new secretions from the parental units \t0\ncontains no wit , only labored gags \t0\nthat loves its characters \t1\n";

    [Fact]
    public void AHeaderIsNoDataWhereColumnsAreGivenByNumber()
    {
        string path = _directory.Write("train.tsv", Sst2);
        Assert.Equal(["0", "0", "1"], Column(path, "1"));
        Assert.Equal($"{path}: the first row (sentence, label) is used as a header; if it is data, turn the header off (in a recipe, data.header: false)", Assert.Single(_logger.Warnings));
        Assert.Equal(["label", "0", "0", "1"], Column(path, "1", new TableOptions { Header = false }));
    }

    [Theory]
    [InlineData("utterance,y\nwhere is my card,3\nhello there,11\n", true)] // a name above numbers
    [InlineData("text,category\nI am still waiting on my card?,card_arrival\nWhat can I do,card_arrival\n", true)] // the usual names
    [InlineData("0,1\nsome text,pos\nanother one,neg\n", true)] // pandas without names
    [InlineData(",text,label\n0,some text,pos\n1,another one,neg\n", true)] // pandas with its index
    [InlineData("good film,1\nbad film,0\n", false)]
    [InlineData("1,2\n3,4\n", false)]
    [InlineData("question,question\nWho is it,question\nIt is me,statement\n", false)] // also the label of other rows
    [InlineData("text messages are fine.,label\nothers are not,pos\n", false)]
    [InlineData("NA,1\n0,2\n", false)]
    public void AFirstRowIsAHeaderWhereItLooksLikeNames(string csv, bool isHeader)
    {
        string path = _directory.Write("a.csv", csv);
        Assert.Equal(csv.TrimEnd('\n').Split('\n').Length - (isHeader ? 1 : 0), Column(path, "0").Length);
        Assert.Equal(isHeader ? 1 : 0, _logger.Warnings.Count());
    }

    [Fact]
    public void BetweenTabsAQuoteIsACharacterUnlessToldOtherwise()
    {
        // With quoting, the third to the fifth line would be one row, because a field that begins with a quote continues to the next quote.
        string path = _directory.Write("dev.tsv", "sentence\tlabel\nfine\t1\n\"So it goes\t0\nplain\t1\nhe said \"no\"\t0\nthe end\"\t1\n");
        Assert.Equal(["fine", "\"So it goes", "plain", "he said \"no\"", "the end\""], Column(path, "sentence"));
        Assert.Empty(_logger.Warnings);
        _directory.Write("dev.tsv", "sentence\tlabel\n\"a \"\"b\"\"\"\t1\nc\t0\n");
        Assert.Equal(["\"a \"\"b\"\"\"", "c"], Column(path, "sentence"));
        Assert.Contains("1 row has a field in quotes, the first in line 2; between tabs, quotes are ordinary characters", Assert.Single(_logger.Warnings), StringComparison.Ordinal);
        Assert.Equal(["a \"b\"", "c"], Column(path, "sentence", new TableOptions { Quoting = true }));
    }

    [Fact]
    public void AFieldThatSpansLinesIsSaid()
    {
        string path = _directory.Write("a.csv", "text,label\n\"one\ntwo\",1\n\"a\nb\nc\",0\nlast,1\n");
        Assert.Equal(["one\ntwo", "a\nb\nc", "last"], Column(path, "text"));
        Assert.Equal($"{path}: 2 rows have a quoted field over several lines, the longest from line 4 to 6; if quotes are ordinary characters, turn quoting off (in a recipe, data.quoting: false)", Assert.Single(_logger.Warnings));
        _logger.Entries.Clear();
        Assert.Equal(3, Column(path, "text", new TableOptions { Quoting = true }).Length);
        Assert.Empty(_logger.Warnings); // no warning, because the caller decided
    }

    [Fact]
    public void ARowThatBeginsWithANumberSignIsARow() =>
        Assert.Equal(["#blessed", "b"], Column(_directory.Write("a.csv", "text,label\n#blessed,1\nb,0\n"), "text"));

    [Theory]
    [InlineData("text\na\n\"\"\n", 2)]
    [InlineData("text\na\n\"\"", 2)]
    [InlineData("text\na\n\n", 1)]
    [InlineData("text\na\n\"\"\n\n\"\"\n\n", 4)]
    [InlineData("\n\ntext\na\n", 1)]
    public void AnEmptyFieldInQuotesIsARowAlsoAtTheEnd(string csv, int rows) => Assert.Equal(rows, Column(_directory.Write("a.csv", csv), "text").Length);

    [Fact]
    public void WithoutQuotesAnEmptyLineOfASingleColumnIsARowToo() =>
        Assert.Equal(["a", "", "b"], Column(_directory.Write("a.tsv", "text\na\n\nb\n"), "text"));

    [Theory]
    [InlineData("a.csv")]
    [InlineData("a.tsv")]
    public void CarriageReturnsAloneEndRows(string name)
    {
        char delimiter = name == "a.csv" ? ',' : '\t';
        string path = _directory.Write(name, $"text{delimiter}label\rone{delimiter}1\rtwo{delimiter}0\r");
        TableRow[] rows = [.. TableReader.Read(path, ["text", "label"])];
        Assert.Equal(["one 1", "two 0"], rows.Select(row => $"{row.Cells[0][0]} {row.Cells[1][0]}"));
        Assert.Equal([2, 3], rows.Select(row => row.Number));
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void AByteOrderMarkIsNoPartOfTheFirstName(string encoding)
    {
        foreach ((string name, string content) in new[] { ("a.csv", "text,label\r\nä,1\r\n"), ("a.tsv", "text\tlabel\r\nä\t1\r\n"), ("a.jsonl", "{\"text\":\"ä\",\"label\":1}\r\n") })
        {
            string path = Path.Combine(_directory.Path, name);
            Encoding writer = Encoding.GetEncoding(encoding);
            File.WriteAllBytes(path, [.. writer.GetPreamble(), .. writer.GetBytes(content)]);
            Assert.Equal(["ä"], Column(path, "text"));
        }
    }

    [Theory]
    [InlineData("a.csv", "text,label\na,1,\nb,0,\n", new[] { "a", "b" })] // a delimiter after the last field of each row
    [InlineData("a.csv", "text,label,\na,1\nb,0\n", new[] { "a", "b" })]
    [InlineData("a.csv", "text , label\na,1\n", new[] { "a" })] // names with surrounding blanks
    [InlineData("a.csv", "text;label\na;1\n", null, "is the delimiter ';' (in a recipe, data.delimiter)?")]
    [InlineData("a.csv", "text\tlabel\na\t1\n", null, "is the delimiter a tab (in a recipe, data.delimiter)?")]
    [InlineData("a.csv", "text,text\na,1\n", null, ": 2 columns are called 'text'; use the column's number instead: 0 or 1")]
    [InlineData("a.jsonl", "{\"text\":\"a\",\"text\":\"b\"}\n", null, ":1: 'text' occurs twice")]
    [InlineData("a.jsonl", "{\"text\":\"\\ud800\"}\n", null, ":1: 'text' holds half a character")]
    [InlineData("a.jsonl", "{\"text\":NaN}\n", null, ":1: the line is broken JSON")]
    [InlineData("a.xml", "<c><item><text>x</text><text>y</text></item></c>", null, ": 2 columns are called 'text'")]
    public void ColumnsAreFoundOrTheirFaultIsSaid(string name, string content, string[]? expected, string message = "")
    {
        string path = _directory.Write(name, content);
        if (expected is not null)
            Assert.Equal(expected, Column(path, "text"));
        else
            Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Column(path, "text")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABrokenJsonLineIsReportedWithoutTheParsersOwnPosition()
    {
        string path = _directory.Write("a.jsonl", "{\"text\":1}\n{\"text\":}\n");
        string message = Assert.Throws<InvalidDataException>(() => Column(path, "text")).Message;
        Assert.StartsWith($"{path}:2: the line is broken JSON (", message, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", message, StringComparison.Ordinal);
    }

    [Fact]
    public void OfTwoColumnsWithOneNameTheNumberTakesOne() =>
        Assert.Equal(["b"], Column(_directory.Write("a.csv", "text,text\na,b\n"), "1", new TableOptions { Header = true }));

    [Fact]
    public void ACommaInATextShiftsNoColumns()
    {
        string path = _directory.Write("a.csv", "a film,1\nI like it, really,1\n");
        Assert.Equal($"{path}:2: the row has 3 fields; expected 2, as in the first row (a text that contains ',' must be in quotes)", Assert.Throws<InvalidDataException>(() => Column(path, "1")).Message);
    }

    [Theory]
    [InlineData("a.csv", "Title,Description,C+\nOil, prices rise ,x\n,only,y\n", "Title+Description", new[] { "Oil prices rise", "only" })]
    [InlineData("a.csv", "Title,Description,C+\nOil, prices rise ,x\n,only,y\n", "C+", new[] { "x", "y" })]
    [InlineData("a.csv", "Oil,prices,1\nGold,,2\n", "0+1", new[] { "Oil prices", "Gold" })]
    [InlineData("a.jsonl", "{\"Title\":\"Oil\",\"d\":{\"t\":\"prices\"},\"n\":3}\n", "Title+d.t+n", new[] { "Oil prices 3" })]
    [InlineData("a.xml", "<c><item id=\"7\"><p>x</p></item></c>", "id+p", new[] { "7 x" })]
    public void JoinedColumnsAreOneText(string name, string content, string column, string[] expected) => Assert.Equal(expected, Column(_directory.Write(name, content), column));

    [Fact]
    public void AMissingPartOfJoinedColumnsIsNamed()
    {
        string path = _directory.Write("a.csv", "Title,Text\na,b\n");
        Assert.Equal($"{path}: there is no column 'Txt'; the columns are Title, Text; did you mean 'Text'?", Assert.Throws<InvalidDataException>(() => Column(path, "Title+Txt")).Message);
    }

    [Theory]
    [InlineData("semicolon")]
    [InlineData(";")]
    public void ADelimiterPartsFieldsWhateverTheFileIsCalled(string delimiter)
    {
        string path = _directory.Write("a.dat", "text;label\n\"a;b\";1\n");
        Assert.Equal(["a;b"], Column(path, "text", new TableOptions { Delimiter = TableOptions.DelimiterOf(delimiter) }));
        Assert.StartsWith("delimiter is '::'; expected one character, or tab | comma | semicolon | pipe", Assert.Throws<ArgumentException>(() => TableOptions.DelimiterOf("::")).Message);
    }

    [Fact]
    public void FaultyRowsAreGivenWithTheirFaultAndReadingGoesOn()
    {
        TableOptions keeping = new() { KeepsFaultyRows = true, KeepsInput = true };
        TableRow[] json = [.. TableReader.Read(_directory.Write("a.jsonl", "{\"id\":1,\"text\":null}\n{\"id\":2}\nno\n{\"id\":4,\"text\":\"x\"}\n"), ["text", "id"], keeping)];
        Assert.Equal([false, false, false, true], json.Select(row => row.Fault is null));
        Assert.Equal(["1", "2", "", "4"], json.Select(row => row.Cells[1] is [var id] ? id : ""));
        TableRow[] csv = [.. TableReader.Read(_directory.Write("a.csv", "text,label,more\na\nb,1,x\n"), ["text", "label"], keeping)];
        Assert.EndsWith("a.csv:2: the row has 1 field; expected 3, as in the header", csv[0].Fault, StringComparison.Ordinal);
        Assert.Equal(["a"], csv[0].Cells[0]);
        Assert.Equal(["text=b", "label=1", "more=x"], csv[1].Input.Select(field => $"{field.Key}={field.Value}"));
    }

    /// <summary>The recipes read the same rows from their data as before: one row per line, or one row per element.</summary>
    [Theory]
    [InlineData("finetune-sentiment.yaml", 12, "1 0")]
    [InlineData("finetune-snli.yaml", 6, "0 1 2")]
    [InlineData("finetune-copa.yaml", 0, "1 2")]
    [InlineData("finetune-xcopa-zh.yaml", 4, "0 1")]
    public void ShippedRecipesReadEveryRow(string recipe, int rows, string labels)
    {
        LabeledSection data = Recipe.Read<FineTuneRecipe>(Path.Combine(AppContext.BaseDirectory, "recipes", recipe), [$"data.directory={Fixtures.Path("benchmarks/" + recipe[9..^5] switch { "sentiment" => "sentiment-sentences", "snli" => "snli-subset", var same => same })}"]).Data;
        string kind = Recipe.Read<FineTuneRecipe>(Path.Combine(AppContext.BaseDirectory, "recipes", recipe)).Task.Kind;
        TaskExample[] examples = [.. TaskColumnMap.Create(FineTuningTask.OfKind(kind), data.Columns).Read(data.Paths(data.Train), data.Options() with { Logger = _logger })];
        if (rows > 0)
            Assert.Equal(rows, examples.Length);
        Assert.Subset(labels.Split(' ').ToHashSet(), examples.Select(example => example.Label!).ToHashSet());
        Assert.Empty(_logger.Warnings);
    }

    private string[] Column(string path, string column, TableOptions? options = null) =>
        [.. TableReader.Read(path, [column], (options ?? new TableOptions()) with { Logger = _logger }).Select(row => Assert.Single(row.Cells[0]))];
}
