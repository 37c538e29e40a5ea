using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.Tasks;
using Foreword.Tasks.HuggingFace;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.Tasks.HuggingFace;

/// <summary>Tests classifiers in the form that transformers writes. The fixtures' ids were recorded with its tokenizers.</summary>
public sealed class HuggingFaceTaskTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("gpt2", "classification", "negative, neutral, positive", 0)]
    [InlineData("gpt1", "classification", "LABEL_0, LABEL_1", null)]
    [InlineData("gpt2-regression", "regression", "", null)]
    public void AClassifiersConfigurationIsItsTask(string name, string kind, string labels, int? pad)
    {
        string directory = Fixtures.Path($"classifiers/{name}");
        Assert.True(TaskDescription.IsIn(directory));
        TaskDescription task = TaskDescription.Read(directory);
        Assert.Equal((kind, labels, pad, 24), (task.Kind, string.Join(", ", task.Labels), task.Around.Pad, task.ContextLength));
        Assert.Null(task.Tokens);
        Assert.Equal(0, task.Around.CountAround(2));

        // transformers reads the ids up to the last token that is not padding.
        JsonElement expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(directory, "expected.json"))).RootElement;
        TaskEncoder encoder = new(TokenizerFiles.Load(directory), task.Around, task.ContextLength);
        foreach ((JsonElement text, JsonElement ids) in expected.GetProperty("texts").EnumerateArray().Zip(expected.GetProperty("ids").EnumerateArray()))
        {
            int[] wanted = [.. ids.EnumerateArray().Select(id => id.GetInt32())];
            int last = Math.Max(0, Array.FindLastIndex(wanted, id => id != pad));
            Assert.Equal(wanted[..(last + 1)], EncodedExample.Create(new TaskExample([text.GetString()], []), task, encoder).Sequences.Sequences[0]);
        }
    }

    [Theory]
    [InlineData("""{"problem_type":"multi_label_classification"}""", "problem_type is multi_label_classification (several labels per text); only one label or one number is supported")]
    [InlineData("""{"problem_type":"regression"}""", "problem_type is regression with 3 numbers per text; only one is supported")]
    [InlineData("""{"problem_type":"ranking"}""", "problem_type is 'ranking'; expected single_label_classification or regression")]
    public void AnswersOfAnotherKindAreRefusedByNameAndTheLanguageModelStays(string change, string sentence)
    {
        CopyGpt2(change);
        Assert.False(TaskDescription.IsIn(_directory.Path));
        Assert.Equal($"{_directory.File("config.json")}: {sentence}", Assert.Throws<InvalidDataException>(() => TaskDescription.Read(_directory.Path)).Message);
        Assert.Equal("GPT2ForSequenceClassification", TaskDescription.FineTunedFor(_directory.Path));
        using ModelWeights model = WeightsCatalog.Open(_directory.Path);
        Assert.Equal(["score.weight"], model.LeftOut.Select(tensor => tensor.Name));
    }

    [Theory]
    [InlineData("""{"id2label":{"0":"a","2":"b"}}""", "id2label has 2 names, but their numbers do not run from 0 without gaps")]
    [InlineData("""{"id2label":{"0":"a","x":"b"}}""", "id2label has the key 'x'; the keys must be numbers starting at 0")]
    [InlineData("""{"id2label":{"0":"a","1":"a"}}""", "id2label has the name 'a' 2 times")]
    [InlineData("""{"id2label":null,"num_labels":0}""", "num_labels is 0; expected 1 to 1000000")]
    public void BrokenNamesOfClassesAreSaid(string change, string sentence)
    {
        CopyGpt2(change);
        Assert.Equal($"{_directory.File("config.json")}: {sentence}", Assert.Throws<InvalidDataException>(() => TaskDescription.Read(_directory.Path)).Message);
    }

    [Fact]
    public void AHeadOfAnotherSizeThanTheNamesIsSaid()
    {
        CopyGpt2("""{"id2label":null}""");
        TaskDescription task = TaskDescription.Read(_directory.Path);
        Assert.Equal(["LABEL_0", "LABEL_1"], task.Labels);
        Assert.EndsWith(": tensor 'score.weight' is F32 [3, 16]; config.json requires [2, 16]", Assert.Throws<InvalidDataException>(() => TaskHeadWeights.Read(_directory.Path, task, 16)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LabelsMayBeTheNumbersThatConfigNames()
    {
        TaskDescription task = TaskDescription.Read(Fixtures.Path("classifiers/gpt2"));
        Assert.Equal([0, 0, 1], task.TargetOf(new TaskExample(["a"], [], "2")));
        Assert.Equal([0, 1, 0], task.TargetOf(new TaskExample(["a"], [], "neutral")));
        Assert.Contains("label '3' is not one of the training labels", Assert.Throws<InvalidDataException>(() => task.TargetOf(new TaskExample(["a"], [], "3"))).Message);
        task = task with { Labels = ["1", "0", "-1"] }; // labels that are themselves numbers
        Assert.Equal([1, 0, 0], task.TargetOf(new TaskExample(["a"], [], "1")));
    }

    [Fact]
    public void ATextWithoutTokensIsSaid()
    {
        string directory = Fixtures.Path("classifiers/gpt2");
        TaskDescription task = TaskDescription.Read(directory);
        TaskEncoder encoder = new(TokenizerFiles.Load(directory), task.Around, task.ContextLength);
        Assert.Equal("new.csv:2: the text has no tokens, and the model adds none around it; there is nothing to read",
            Assert.Throws<InvalidDataException>(() => EncodedExample.Create(new TaskExample([""], [], null, "new.csv:2"), task, encoder)).Message);
    }

    /// <summary>Runs of earlier versions store labels as the data files wrote them.</summary>
    [Fact]
    public void LabelsOfARunAreTheSameInAnotherWriting()
    {
        TaskDescription task = TaskDescription.Read(Fixtures.Path("classifiers/gpt2"));
        TaskDescription before = task with { Labels = ["0.0", "1.0"] };
        (task with { Labels = ["0", "1"] }).CheckSame(before, "run");
        Assert.Throws<InvalidDataException>(() => (task with { Labels = ["1", "0"] }).CheckSame(before, "run"));
    }

    [Theory]
    [InlineData("null", "", "", "")]
    [InlineData("""{"type":"ByteLevel","trim_offsets":true}""", "", "", "")]
    [InlineData("""{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{}}""", "", "", "")]
    [InlineData("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[5],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[6,7],"tokens":["a","b"]}}}""", "5", "", "6 7")]
    [InlineData("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"B","type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[5],"tokens":["<s>"]}}}""", "5", "5", "")]
    [InlineData("""{"type":"BertProcessing","sep":["[SEP]",102],"cls":["[CLS]",101]}""", "101", "102", "102")]
    [InlineData("""{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",1],"trim_offsets":true,"add_prefix_space":false}""", "1", "2 2", "2")]
    [InlineData("""{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"BertProcessing","sep":["[SEP]",102],"cls":["[CLS]",101]}]}""", "101", "102", "102")]
    public void WhatATokenizerPutsAroundATextIsRead(string processor, string before, string between, string after)
    {
        _directory.Write("tokenizer.json", $$"""{"post_processor":{{processor}}}""");
        SequenceTemplate template = TemplateFiles.Read(_directory.Path);
        Assert.Equal((before, between, after), (Text(template.Before), Text(template.Between), Text(template.After)));

        static string Text(IReadOnlyList<int> ids) => string.Join(' ', ids);
    }

    [Theory]
    [InlineData("""{"type":"Other"}""", "post_processor Other is not supported")]
    [InlineData("""{"type":"Sequence","processors":[{"type":"BertProcessing","sep":["[SEP]",102],"cls":["[CLS]",101]},{"type":"BertProcessing","sep":["[SEP]",102],"cls":["[CLS]",101]}]}""", "a sequence of several post-processors that add tokens is not supported")]
    public void AnUnknownPostProcessorIsNamed(string processor, string sentence)
    {
        _directory.Write("tokenizer.json", $$"""{"post_processor":{{processor}}}""");
        Assert.Contains(sentence, Assert.Throws<NotSupportedException>(() => TemplateFiles.Read(_directory.Path)).Message);
    }

    /// <summary>The roles may be in any file next to the vocabulary, also if a tokenizer.json puts nothing around a text.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheFilesBesideAVocabularySayWhatStandsAroundAText(bool hasTokenizerJson)
    {
        new BpeTrainer { VocabSize = 260 }.Train(["the then the then"], cancellationToken: TestContext.Current.CancellationToken).Save(_directory.Path);
        if (!hasTokenizerJson)
            File.Delete(_directory.File("tokenizer.json"));
        int first = TokenizerFiles.Load(_directory.Path).VocabSize;
        _directory.Write("added_tokens.json", $$"""{"<s>": {{first}}, "</s>": {{first + 1}}}""");
        _directory.Write("special_tokens_map.json", """{"bos_token": "<s>", "eos_token": "</s>"}""");
        _directory.Write("tokenizer_config.json", """{"add_bos_token": true, "add_eos_token": true}""");
        SequenceTemplate template = TemplateFiles.Read(_directory.Path);
        Assert.Equal([first], template.Before);
        Assert.Equal([first + 1, first], template.Between);
        Assert.Equal([first + 1], template.After);
    }

    [Theory]
    [InlineData("""{"type":"BertProcessing","sep":["[SEP]",-1],"cls":["[CLS]",101]}""", "post_processor.sep: is not a token with its id")]
    [InlineData("""{"type":"TemplateProcessing","single":[],"special_tokens":[]}""", "post_processor.special_tokens: is not an object")]
    public void AMalformedPostProcessorIsNamed(string processor, string sentence)
    {
        _directory.Write("tokenizer.json", $$"""{"post_processor":{{processor}}}""");
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => TemplateFiles.Read(_directory.Path)).Message);
    }

    [Fact]
    public void AVocabularyOfBertPutsClsAndSepAroundAText()
    {
        _directory.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
        SequenceTemplate template = TemplateFiles.Read(_directory.Path);
        Assert.Equal([2], template.Before);
        Assert.Equal([3], template.Between);
        Assert.Equal([3], template.After);
    }

    [Theory]
    [InlineData("score.weight")]
    [InlineData("multiple_choice_head.summary.weight,multiple_choice_head.summary.bias")]
    [InlineData("classifier.weight,classifier.bias")]
    [InlineData("qa_outputs.weight,qa_outputs.bias")]
    public void ALanguageModelIsReadBesideAnyHead(string heads)
    {
        File.Copy(Fixtures.Path("golden/gpt2-tiny/config.json"), _directory.File("config.json"));
        using SafetensorsFile model = SafetensorsFile.Open(Fixtures.Path("golden/gpt2-tiny/model.safetensors"));
        SafetensorsWriter writer = new();
        foreach (string name in model.Tensors.Keys)
            writer.Add(name, model.Tensors[name].DType, model.Tensors[name].Shape, model.Bytes(name).ToArray());
        foreach (string head in heads.Split(','))
            writer.Add(head, TensorDType.F32, [1, 4], new byte[16]);
        writer.Save(_directory.File("model.safetensors"));
        using ModelWeights read = WeightsCatalog.Open(_directory.Path), plain = WeightsCatalog.Open(Fixtures.Path("golden/gpt2-tiny"));
        Assert.Equal(plain.Tensors.Select(tensor => tensor.Name), read.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(heads.Split(','), read.LeftOut.Select(tensor => tensor.FileName));
        Assert.Null(TaskDescription.FineTunedFor(_directory.Path));
    }

    /// <summary>Copies the fixture with some fields of its config.json changed.</summary>
    private void CopyGpt2(string change)
    {
        foreach (string file in (string[])["model.safetensors", "tokenizer.json"])
            File.Copy(Fixtures.Path($"classifiers/gpt2/{file}"), _directory.File(file));
        JsonObject config = JsonNode.Parse(File.ReadAllText(Fixtures.Path("classifiers/gpt2/config.json")))!.AsObject();
        foreach ((string field, JsonNode? value) in JsonNode.Parse(change)!.AsObject())
            config[field] = value?.DeepClone();
        _directory.Write("config.json", config.ToJsonString());
    }
}
