using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Foreword.Cli.Output;
using Foreword.Cli.Reports.Tasks;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;

namespace Foreword.Cli.Tests.Reports.Tasks;

public partial class TaskReportTests
{
    private static readonly TaskMetric[] OfClasses = [TaskMetric.Accuracy, TaskMetric.MacroF1, TaskMetric.Matthews];
    private static readonly TaskMetric[] OfScores = [TaskMetric.Pearson, TaskMetric.Spearman, TaskMetric.Rmse];

    [Fact]
    public void AReportIsAPageAndItsNumbers()
    {
        (string page, JsonElement json, string[] files) = Report(Classes(200, ["no", "yes"]), OfClasses);
        Assert.Equal(["evaluation.json", "report.html"], files);
        Assert.Equal(200, json.GetProperty("n").GetInt32());
        string accuracy = json.GetProperty("metrics").GetProperty("accuracy").GetProperty("value").GetDouble().ToString("0.000");
        Assert.Contains($"<span>Accuracy</span><b>{accuracy}</b>", page, StringComparison.Ordinal);
        Assert.Contains("most frequent class has an accuracy of", page, StringComparison.Ordinal);
        Assert.Contains("Most confident mistakes", page, StringComparison.Ordinal);
        Assert.Contains("Some correct predictions", page, StringComparison.Ordinal);
        Assert.Contains("the model&#x27;s path", page, StringComparison.Ordinal);
        Assert.Equal(["confusion", "reliability"], Pictures(page).Select(Name));
    }

    [Fact]
    public void APageNeedsNothingFromOutside()
    {
        (string page, _, _) = Report(Classes(100, ["no", "yes"]), OfClasses);
        string own = page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal).Replace("http://www.w3.org/1999/xlink", "", StringComparison.Ordinal);
        Assert.DoesNotContain("http", own, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", own, StringComparison.Ordinal);
        Assert.DoesNotContain("<link", own, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", own, StringComparison.Ordinal);
    }

    [Fact]
    public void EverythingThatAUserGivesIsEscaped()
    {
        const string attack = "<script>alert('&')</script>\"";
        TaskOutcomes outcomes = Classes(60, [attack, "b", "c"]);
        SampleRow row = new([new(attack, attack), new("", string.Concat(Enumerable.Repeat(attack, 40)))], attack, attack, 0.9);
        TaskReportContext context = new(attack, attack, [attack], [row], [row]);
        (string page, JsonElement json, _) = Report(outcomes, OfClasses, context, task: attack);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("\"\"", page, StringComparison.Ordinal);
        Assert.Contains("<h1>&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.Contains(Pictures(page).First().Descendants().Select(element => element.Value.Trim()), text => text.StartsWith("<script>", StringComparison.Ordinal));
        Assert.Equal(attack, json.GetProperty("confusion_matrix").GetProperty("labels")[0].GetString());
    }

    [Fact]
    public void OfManyClassesThePictureShowsTheMostConfused()
    {
        string[] labels = [.. Enumerable.Range(0, 77).Select(c => $"label_{c}")];
        int[] truth = [.. Enumerable.Range(0, 770).Select(i => i % 77)];
        int[] predicted = [.. truth.Select((t, i) => t == 70 && i > 400 ? 5 : t)];
        (string page, _, _) = Report(new TaskOutcomes.OfClasses(truth, predicted, labels, [.. predicted.Select(p => Row(p, 77, 0.9))]), OfClasses);
        Assert.Contains("The 24 of 77 classes with the most frequent confusions.", page, StringComparison.Ordinal);
        string[] texts = Texts(Pictures(page).First());
        Assert.Equal(2, texts.Count(text => text == "label_70"));
        Assert.Equal(2, texts.Count(text => text == "label_5"));
        Assert.Equal(48, texts.Count(text => text.StartsWith("label_", StringComparison.Ordinal)));
        Assert.Equal(77, TableRow().Count(page)); // all classes are in the table, the worst first
        Assert.Equal("label_70", TableRow().Match(page).Groups[1].Value);
    }

    [Fact]
    public void AnExcerptTakesTheMostFrequentConfusionsFirst()
    {
        int[] truth = [0, 1, 2, 3, 3, 4, 5, 5, 5], predicted = [0, 1, 2, 4, 4, 4, 1, 1, 1];
        TaskOutcomes.OfClasses outcomes = new(truth, predicted, ["a", "b", "c", "d", "e", "f"], [.. predicted.Select(p => Row(p, 6, 0.9))]);
        Assert.Equal([1, 5], TaskPictures.MostConfused(new ConfusionMatrix(outcomes), 2));
        Assert.Equal([1, 3, 4, 5], TaskPictures.MostConfused(new ConfusionMatrix(outcomes), 4));
        Assert.Equal([0, 1, 3, 4, 5], TaskPictures.MostConfused(new ConfusionMatrix(outcomes), 5));
    }

    [Fact]
    public void ALabelThatTheFontLacksIsShownByItsNumber()
    {
        (string page, _, _) = Report(Classes(60, ["正面", "negative"]), OfClasses);
        Assert.Equal(["#0", "negative"], Texts(Pictures(page).First()).Where(text => text.Length > 1 && !char.IsDigit(text[0])).Intersect(["#0", "negative", "正面"]));
        Assert.Contains("<td class=\"label\">正面</td>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void ScoresHaveAScatterPlotAndNothingAboutClasses()
    {
        (string page, JsonElement json, _) = Report(Scores(3000), OfScores);
        Assert.Equal(["scores"], Pictures(page).Select(Name));
        Assert.Contains("2,000 of the 3,000 examples.", page, StringComparison.Ordinal);
        Assert.Contains("Largest errors", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Probability", page, StringComparison.Ordinal);
        Assert.False(json.TryGetProperty("classes", out _));
        Assert.InRange(page.Length, 1, 1_000_000);
    }

    [Fact]
    public void AConstantPredictionIsSaidToHaveNoCorrelation()
    {
        (string page, _, _) = Report(new TaskOutcomes.OfScores([1, 2, 3], [2, 2, 2]), [TaskMetric.Pearson]);
        Assert.Contains("<span>Pearson correlation</span><b>undefined</b></div>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void ASingleExampleIsEnough()
    {
        (string classes, _, _) = Report(new TaskOutcomes.OfClasses([1], [1], ["a", "b"], [[0.2, 0.8]]), OfClasses);
        Assert.Equal(2, Pictures(classes).Length);
        Assert.DoesNotContain("mistakes", classes, StringComparison.Ordinal);
        (string scores, _, _) = Report(new TaskOutcomes.OfScores([1], [1]), OfScores);
        Assert.Single(Pictures(scores));
    }

    [Fact]
    public void TheExamplesShownAreTheMostTelling()
    {
        TaskOutcomes.OfClasses classes = new([0, 0, 0, 1], [1, 0, 1, 1], ["a", "b"], [[0.4, 0.6], [0.9, 0.1], [0.1, 0.9], [0.3, 0.7]]);
        TaskReportContext context = TaskReportContext.Create("title", "model", ["data"], classes, Texts("t0", "t1", "t2", "t3"));
        Assert.Equal([("t2", "a", "b", 0.9), ("t0", "a", "b", 0.6)], context.Mistakes.Select(row => (row.Parts[0].Text, row.Truth, row.Predicted, row.Probability!.Value)));
        Assert.Equal(["t1", "t3"], context.Right.Select(row => row.Parts[0].Text));

        double[] truth = [.. Enumerable.Range(0, 10).Select(i => (double)i)];
        TaskReportContext ofScores = TaskReportContext.Create("title", "model", ["data"], new TaskOutcomes.OfScores(truth, [.. truth.Select(t => 1.5 * t)]), Texts([.. truth.Select(t => $"t{t}")]));
        Assert.Equal(["t9", "t8", "t7", "t6", "t5"], ofScores.Mistakes.Select(row => row.Parts[0].Text));
        Assert.Equal(["t0", "t1", "t2", "t3", "t4"], ofScores.Right.Select(row => row.Parts[0].Text));
        Assert.Equal(("9", "13.5", null), (ofScores.Mistakes[0].Truth, ofScores.Mistakes[0].Predicted, ofScores.Mistakes[0].Probability));
        Assert.Throws<ArgumentException>(() => TaskReportContext.Create("title", "model", ["data"], classes, Texts("too few")));
    }

    [Fact]
    public void ALongTextIsCutBetweenCharacters()
    {
        Assert.Equal("abc", ShortText.Of("abc", 3));
        Assert.Equal("ab…", ShortText.Of("abcd", 3));
        Assert.Equal("a…", ShortText.Of("a🙂bcd", 3));
        Assert.Equal("abcdefghij", ShortText.Middle("abcdefghij", 10));
        Assert.Equal("abcd … ijk", ShortText.Middle("abcdefghijk", 10));
        Assert.Equal("abc … ijk", ShortText.Middle("abc🙂fghijk", 10));
        Assert.Equal("abcd … jk", ShortText.Middle("abcdefg🙂jk", 10));
        Assert.Equal("one two three four … nine ten", ShortText.Middle("one two three four five six seven eight nine ten", 30)); // between words
    }

    /// <summary>Premise and context may have any length. Question, hypothesis and choices are shown in any case, and the page has the full text.</summary>
    [Fact]
    public void EveryTextOfAnExampleIsShown()
    {
        string context = string.Join(' ', Enumerable.Range(0, 300).Select(i => $"sentence {i}."));
        TaskDescription task = new() { Kind = "multiple-choice", Target = TargetKind.Choice, Labels = ["A", "B"], Tokens = TaskTokens.After(9), ContextLength = 8 };
        IReadOnlyList<SamplePart> parts = TaskReportContext.Parts(task, new TaskExample([context, "Who was it?"], ["the butler", "the gardener"], "A"));
        Assert.Equal([("context", context), ("question", "Who was it?"), ("choice A", "the butler"), ("choice B", "the gardener")], parts.Select(part => (part.Role, part.Text)));
        TaskDescription entailment = task with { Kind = "entailment", Target = TargetKind.Classes };
        Assert.Equal(["premise", "hypothesis"], TaskReportContext.Parts(entailment, new TaskExample([context, "It ends."], [])).Select(part => part.Role));

        TaskReportContext shown = new("title", "model", ["data"], [new SampleRow(parts, "A", "B", 0.9)], []);
        (string page, _, _) = Report(new TaskOutcomes.OfClasses([0, 0], [1, 0], ["A", "B"], [[0.1, 0.9], [0.9, 0.1]]), [TaskMetric.Accuracy], shown);
        Assert.Contains("<b>question</b> Who was it?", page, StringComparison.Ordinal);
        Assert.Contains("<b>choice B</b> the gardener", page, StringComparison.Ordinal);
        Assert.Contains("<details><summary>sentence 0. sentence 1.", page, StringComparison.Ordinal);
        Assert.Contains("sentence 298. sentence 299.</summary>", page, StringComparison.Ordinal);
        Assert.Contains($"</summary>{context}</details>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void APageSaysWhichClassAnF1IsOfAndThatAModelSaysOneThingOnly()
    {
        TaskOutcomes outcomes = new TaskOutcomes.OfClasses([0, 1, 1], [1, 1, 1], ["no", "yes"], [[0.4, 0.6], [0.4, 0.6], [0.4, 0.6]]);
        (string page, JsonElement json, _) = Report(outcomes, [TaskMetric.Accuracy, TaskMetric.F1]);
        Assert.Contains("<span>F1 of &#x27;yes&#x27;</span><b>0.800</b>", page, StringComparison.Ordinal); // precision 2/3, recall 1
        Assert.Contains("The model gives all 3 examples the label &#x27;yes&#x27;: it does not distinguish them.", page, StringComparison.Ordinal);
        JsonElement f1 = json.GetProperty("metrics").GetProperty("f1");
        Assert.Equal((0.8, "yes", "yes"), (Math.Round(f1.GetProperty("value").GetDouble(), 9), f1.GetProperty("class").GetString(), json.GetProperty("predicts_only").GetString()));
        Assert.False(json.GetProperty("metrics").GetProperty("accuracy").TryGetProperty("class", out _));

        (string many, JsonElement ofMany, _) = Report(Classes(60, ["a", "b", "c"]), [TaskMetric.F1]);
        Assert.Contains("<span>F1 (macro)</span>", many, StringComparison.Ordinal);
        Assert.Equal("macro", ofMany.GetProperty("metrics").GetProperty("f1").GetProperty("average").GetString());
        Assert.False(ofMany.TryGetProperty("predicts_only", out _));
    }

    private static (string Page, JsonElement Json, string[] Files) Report(TaskOutcomes outcomes, TaskMetric[] metrics, TaskReportContext? context = null, string task = "classification")
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string folder = directory.File("a new folder");
        context ??= TaskReportContext.Create("A title", "the model's path", ["the data"], outcomes, Texts([.. Enumerable.Range(0, outcomes.Count).Select(i => $"text {i}")]));
        TaskReport.Write(folder, TaskEvaluation.Compute(task, outcomes, metrics, resamples: 20), context);
        return (
            File.ReadAllText(Path.Combine(folder, "report.html")),
            JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "evaluation.json"))).RootElement,
            [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)]);
    }

    private static IReadOnlyList<IReadOnlyList<SamplePart>> Texts(params string[] texts) => [.. texts.Select(text => new[] { new SamplePart("", text) })];

    /// <summary>Creates outcomes of which three in four are right. The probabilities of wrong ones are lower.</summary>
    private static TaskOutcomes.OfClasses Classes(int count, string[] labels)
    {
        Random random = new(1);
        int[] truth = [.. Enumerable.Range(0, count).Select(_ => random.Next(labels.Length))];
        int[] predicted = [.. truth.Select(t => random.Next(4) > 0 ? t : random.Next(labels.Length))];
        return new(truth, predicted, labels, [.. truth.Zip(predicted, (t, p) => Row(p, labels.Length, t == p ? 0.8 + 0.2 * random.NextDouble() : 0.55 + 0.4 * random.NextDouble()))]);
    }

    private static TaskOutcomes.OfScores Scores(int count)
    {
        Random random = new(1);
        double[] truth = [.. Enumerable.Range(0, count).Select(_ => Math.Round(5 * random.NextDouble(), 1))];
        return new(truth, [.. truth.Select(t => t + random.NextDouble() + random.NextDouble() - 1)]);
    }

    private static double[] Row(int predicted, int classes, double confidence)
    {
        double[] row = [.. Enumerable.Repeat((1 - confidence) / (classes - 1), classes)];
        row[predicted] = confidence;
        return row;
    }

    /// <summary>Returns the pictures and checks that each is well-formed.</summary>
    private static XElement[] Pictures(string page) => [.. Svg().Matches(page).Select(match => XElement.Parse(match.Value))];

    /// <summary>Returns the prefix that all ids of a picture share.</summary>
    private static string Name(XElement picture) =>
        picture.Descendants().Attributes("id").Select(id => id.Value.Split('-')[0]).Distinct().Single();

    private static string[] Texts(XElement picture) =>
        [.. picture.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value.Trim())];

    [GeneratedRegex("<svg.*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Svg();

    [GeneratedRegex("<tr><td class=\"n\">\\d+</td><td class=\"label\">(.*?)</td>")]
    private static partial Regex TableRow();
}
