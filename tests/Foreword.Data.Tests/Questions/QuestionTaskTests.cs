using Foreword.Data.Questions;
using Foreword.Data.Recipes.Supervised;

namespace Foreword.Data.Tests.Questions;

public sealed class QuestionTaskTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void LabeledExamplesAreAskedInDecaNlpsForm()
    {
        Question schema = Find("mwsc", "box 0 "), entailment = Find("snli-subset", "two women are embracing"), sentiment = Find("sentiment-sentences", "no way for me to plug"), degree = Find("sts-images", "Two green"), cause = Find("copa", "My body");
        Assert.Equal(("The box 0 does not fit into the bag because it is too large.", "What is too large? box or bag?", "box"), (schema.Context, schema.Asked, Assert.Single(schema.Answers)));
        Assert.Equal("Premise: \"two women are embracing while holding to go packages\"", entailment.Context);
        Assert.Equal("Hypothesis: \"the sisters are hugging goodbye while holding to go packages after just eating lunch\" -- entailment, neutral, or contradiction?", entailment.Asked);
        Assert.Equal(("neutral", "entailment, neutral, or contradiction"), (entailment.Answers[0], entailment.Options));
        Assert.Equal(("Is this review negative or positive?", "negative"), (sentiment.Asked, sentiment.Answers[0]));
        Assert.Equal(("Two green and white trains sitting on the tracks.", "nearly equivalent"), (degree.Context, degree.Answers[0])); // 4.4
        Assert.Equal("How similar is \"Two green and white trains on tracks.\" -- different, same topic, related, roughly equivalent, nearly equivalent, or equivalent?", degree.Asked);
        Assert.Equal("My body cast a shadow over the grass.", cause.Context);
        Assert.StartsWith("What was the cause of this? The sun was rising. or ", cause.Asked, StringComparison.Ordinal);
        Assert.Equal("The sun was rising.", cause.Answers[0]);
    }

    [Fact]
    public void EachTaskHasItsMetricAndItsParts()
    {
        IReadOnlyList<QuestionTask> tasks = Read("datasets", new QuestionMix { Sources = ["xquad-en", "mwsc"], ValidationLimit = 3, Limit = 5 });
        Assert.Equal([AnswerMetric.NormalizedF1, AnswerMetric.NormalizedExactMatch], tasks.Select(task => task.Metric));
        Assert.Equal([(5, 3, 3)], tasks.Skip(1).Select(task => (task.Train.Count, task.Validation.Count, task.Test.Count)));
        Question span = tasks[0].Train[0];
        Assert.Contains(span.Answers[0], span.Context, StringComparison.Ordinal);
        IReadOnlyList<QuestionTask> texts = Read("benchmarks", new QuestionMix { Sources = ["tatoeba-en-fr", "tatoeba-fr-en", "scitldr"] });
        Assert.Equal([AnswerMetric.Bleu, AnswerMetric.Bleu, AnswerMetric.Rouge], texts.Select(task => task.Metric));
        Question go = texts[0].Validation.Concat(texts[0].Train).First(question => question.Context == "Go.");
        Assert.Equal("Translate from English to French", go.Asked);
        Assert.Equal(["Va !", "Marche.", "Bouge !"], go.Answers);
        Assert.Equal("Translate from French to English", texts[1].Train[0].Asked);
        Assert.Equal(("What is the summary?", 2, 3), (texts[2].Train[0].Asked, texts[2].Train.Count, texts[2].Validation.Count));
    }

    [Fact]
    public void TranslatedSentencesAreInOnePartOnly()
    {
        string table = _directory.Write("t.tsv", string.Concat(Enumerable.Range(0, 40).Select(i => $"e{i}\tf{i}\ne{i}\tg{i}\n")));
        var (train, validation, test) = QuestionFiles.Translations([table], toEnglish: false);
        Assert.Equal((36, "e0 e20", "e10 e30"), (train.Count, Contexts(validation), Contexts(test)));
        Assert.Equal(["f1", "g1"], train[0].Answers);
        Assert.Equal(40, train.Concat(validation).Concat(test).Select(question => question.Context).Distinct().Count());

        static string Contexts(List<Question> questions) => string.Join(' ', questions.Select(question => question.Context));
    }

    [Fact]
    public void FilesOfDecaNlpAreReadWithTheMetricOfTheirTask()
    {
        _directory.Write("woz/train.jsonl", """
            {"context": "hi -- cheap", "question": "What is the change in state?", "answer": "price: cheap; ", "lang_dialogue_turn": "en_7_0"}

            {"context": "\ud800", "question": "q", "answer": ["a", "b"], "other": 1}
            """);
        _directory.Write("woz/val.jsonl", """{"context": "", "question": "q", "answer": "None"}""");
        QuestionTask task = Assert.Single(QuestionTask.Read(new QuestionMix { Files = new Dictionary<string, string> { ["woz"] = "woz" } }, _directory.Path, null, 1));
        Assert.Equal((AnswerMetric.DialogueState, 2, 1, 0), (task.Metric, task.Train.Count, task.Validation.Count, task.Test.Count));
        Assert.Equal(("en_7", "price: cheap; "), (task.Train[0].Dialogue, task.Train[0].Answers[0]));
        Assert.Equal(("\uD800", "a b"), (task.Train[1].Context, string.Join(' ', task.Train[1].Answers)));
        Assert.EndsWith("train.jsonl:3", task.Train[1].Place, StringComparison.Ordinal);
        Dictionary<string, string> files = new() { ["mine"] = "woz" };
        Assert.Equal(AnswerMetric.NormalizedF1, QuestionTask.Read(new QuestionMix { Files = files }, _directory.Path, null, 1)[0].Metric);
        Assert.Equal(AnswerMetric.LogicalForm, QuestionTask.Read(new QuestionMix { Files = files, Metrics = new Dictionary<string, string> { ["mine"] = "lfem" } }, _directory.Path, null, 1)[0].Metric);
    }

    [Theory]
    [InlineData("{\"question\": \"q\", \"answer\": \"a\"}", "a.jsonl:1 has no \"context\"")]
    [InlineData("{\"context\": \"c\", \"question\": 3, \"answer\": \"a\"}", "a.jsonl:1: \"question\" is not a text")]
    [InlineData("\n{\"context\": \"c\", \"question\": \"q\"}", "a.jsonl:2 has no \"answer\"")]
    [InlineData("{\"context\": \"c\", \"question\": \"q\", \"answer\": []}", "a.jsonl:1: \"answer\" is an empty list")]
    [InlineData("{\"context\": \"c\", \"question\": \"q\", \"answer\": [\"a\", 1]}", "a.jsonl:1: \"answer[1]\" is not a text")]
    [InlineData("[1]", "a.jsonl:1: expected {\"context\"")]
    [InlineData("{", "a.jsonl:1: the line is broken JSON (")]
    public void ABrokenLineIsOneSentence(string text, string message)
    {
        string file = _directory.Write("a.jsonl", text);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => QuestionFiles.DecaNlp(file).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownNamesAreRefused()
    {
        Assert.Contains("mix.yaml:2: sources names 'mwcs', which is not a known data set; did you mean 'mwsc'?", Mix("limit: 1\nsources: [snli, mwcs]\n"), StringComparison.Ordinal);
        Assert.Contains("mix.yaml:1: sources names conll-2003, whose answers are no words or texts", Mix("sources: [conll-2003]\n"), StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => Read("datasets", new QuestionMix { Sources = ["scitldr"] }));
        Assert.Contains("there is no metric 'F2'", Assert.Throws<InvalidDataException>(() => AnswerMetrics.OfName("F2")).Message, StringComparison.Ordinal);

        string Mix(string yaml) => Assert.Throws<InvalidDataException>(() => QuestionMix.Read(_directory.Write("mix.yaml", yaml))).Message;
    }

    [Theory]
    [InlineData("sources: []", "sources is missing")]
    [InlineData("sources: [mwsc, copa, mwsc]", "names the task mwsc twice")]
    [InlineData("sources: [mwsc]\nfirst: copa\nfor: 3", "first is 'copa', which is no task of the mix: mwsc")]
    [InlineData("sources: [mwsc]\nfirst: mwsc", "first is mwsc, but for is missing")]
    [InlineData("sources: [mwsc]\nfor: 3", "for is 3, but first is missing")]
    [InlineData("sources: [mwsc]\ntemperature: 0.5", "temperature is 0.5")]
    [InlineData("sources: [mwsc]\ntemperature: 2", "temperature is 2, which has no effect with mixing: round-robin")]
    [InlineData("sources: [mwsc]\nmetrics: {mwsc: nEM}", "metrics names mwsc, which is not a task of files")]
    [InlineData("sources: [mwsc]\nmixing: alternate", "mixing is 'alternate'")]
    [InlineData("sources: [mwsc]\nvalidation_limit: 0", "validation_limit is 0")]
    public void AMixSaysWhatIsWrong(string yaml, string message)
    {
        string file = _directory.Write("mix.yaml", yaml);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => QuestionMix.Read(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WordingsTakePartsOfTheQuestion()
    {
        string file = _directory.Write("wordings.yaml", "nli:\n  - \"{question}\"\n  - Does \"{other}\" follow ({options})?\n");
        QuestionWordings wordings = QuestionWordings.Read(file, ["nli", "copa"]);
        Question question = new("c", "usual?", ["a"], "f:1") { Options = "yes or no", Other = "h" };
        Assert.Equal((2, 1), (wordings.Count("nli"), wordings.Count("copa")));
        Assert.Equal(("usual?", "Does \"h\" follow (yes or no)?", "usual?"), (wordings.Ask("nli", question, 0), wordings.Ask("nli", question, 1), wordings.Ask("copa", question, 0)));
        foreach ((string text, string message) in ((string, string)[])[("nlj: [a]", "wordings.yaml:1: there is no task 'nlj' in the mix; did you mean 'nli'?"), ("copa:\n  - a {premise}", "wordings.yaml:2: copa holds {premise}"), ("copa: a", "copa needs a list of texts"), ("[a]", "expected a list of wordings for each task")])
            Assert.Contains(message, Assert.Throws<InvalidDataException>(() => QuestionWordings.Read(_directory.Write("wordings.yaml", text), ["nli", "copa"])).Message, StringComparison.Ordinal);
    }

    /// <summary>Returns a question of training or validation by the beginning of its context.</summary>
    private static Question Find(string source, string part)
    {
        QuestionTask task = Assert.Single(Read("datasets", new QuestionMix { Sources = [source] }));
        return task.Train.Concat(task.Validation).Where(question => question.Context.Contains(part, StringComparison.Ordinal)).OrderBy(question => question.Place, StringComparer.Ordinal).First();
    }

    private static IReadOnlyList<QuestionTask> Read(string fixtures, QuestionMix mix) => QuestionTask.Read(mix, Fixtures.Path(fixtures), null, 1337);
}
