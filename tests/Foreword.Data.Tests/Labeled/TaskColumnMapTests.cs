using Foreword.Data.Labeled;
using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Data.Tests.Labeled;

public class TaskColumnMapTests
{
    [Theory]
    [InlineData("classification", "", "text=text,label=label")]
    [InlineData("classification", "question,intent", "text=question,label=intent")]
    [InlineData("classification", "label=intent,question", "text=question,label=intent")]
    [InlineData("entailment", "0,1,2", "premise=0,hypothesis=1,label=2")]
    [InlineData("multiple-choice", "stem,choices[].text,key", "context=stem,choice=choices[].text,label=key")]
    [InlineData("multiple-choice", "premise,question=ask,a1,a2,label", "context=premise,question=ask,choice=a1,choice=a2,label=label")]
    [InlineData("multiple-choice", "premise,label=key,a1,a2,a3", "context=premise,choice=a1,choice=a2,choice=a3,label=key")]
    public void ColumnsAreTakenByPlaceOrByRole(string kind, string columns, string expected)
    {
        TaskColumnMap map = TaskColumnMap.Create(FineTuningTask.OfKind(kind), Columns(columns));
        Assert.Equal(Columns(expected), map.Explicit);
        Assert.Equal(map.Explicit, TaskColumnMap.Create(FineTuningTask.OfKind(kind), map.Explicit).Explicit);
    }

    [Theory]
    [InlineData("classification", "text", "columns: 'label' is missing; classification reads text, label")]
    [InlineData("classification", "a,b,c", "columns: 'c' is one column too many; classification reads text, label")]
    [InlineData("entailment", "label=a,label=b,c,d", "columns: 'label' is given 2 times; entailment reads premise, hypothesis, label")]
    [InlineData("multiple-choice", "", "columns: no columns are given; multiple-choice reads context, [question=...], choice..., label")]
    [InlineData("multiple-choice", "premise,label", "columns: 'choice' is missing; multiple-choice reads context, [question=...], choice..., label")]
    public void AWrongNumberOfColumnsSaysWhatTheTaskReads(string kind, string columns, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => TaskColumnMap.Create(FineTuningTask.OfKind(kind), Columns(columns))).Message);

    [Fact]
    public void RowsBecomeTrimmedExamples()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string path = directory.Write("pairs.tsv", "premise\thypothesis\tlabel\n a man \tan animal\t1 \n");
        TaskExample example = Assert.Single(TaskColumnMap.Create(FineTuningTask.OfKind("entailment"), []).Read([path], new TableOptions()));
        Assert.Equal(["a man", "an animal"], example.Texts);
        Assert.Equal(("1", $"{path}:2"), (example.Label, example.Where));
    }

    [Fact]
    public void AnEmptyTextNamesItsRow()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string path = directory.Write("texts.csv", "text,label\na,1\n\" \",2\n");
        Assert.Equal($"{path}:3: 'text' is empty", Assert.Throws<InvalidDataException>(() => TaskColumnMap.Create(FineTuningTask.OfKind("classification"), []).Read([path], new TableOptions()).ToList()).Message);
    }

    [Fact]
    public void AListOfChoicesIsReadFromOneColumn()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string path = directory.Write("questions.jsonl", """{"stem":"s","choices":[{"text":"x"},{"text":"y"}],"key":"B"}""" + "\n");
        TaskExample example = Assert.Single(TaskColumnMap.Create(FineTuningTask.OfKind("multiple-choice"), ["stem", "choices[].text", "key"]).Read([path], new TableOptions()));
        Assert.Equal(["x", "y"], example.Choices);
        Assert.Equal(["s", null], example.Texts);
    }

    private static string[] Columns(string text) => text.Length == 0 ? [] : text.Split(',');
}
