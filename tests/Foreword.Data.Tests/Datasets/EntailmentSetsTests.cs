using Foreword.Data.Datasets;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Checks what the data sets of premise and hypothesis read from their layouts.</summary>
public sealed class EntailmentSetsTests
{
    [Fact]
    public void RteReadsQuotesAsOrdinaryCharacters()
    {
        DatasetContent content = ReadDataset.Of("rte");
        Assert.Equal(["The bridge was closed on Monday \"for repairs.", "The bridge was closed."], content.Train.Examples[0].Texts);
        Assert.Equal(["entailment", "not_entailment", "entailment", "not_entailment"], content.Train.Labels());
        DatasetPart test = Assert.Single(content.Tests);
        Assert.False(test.IsLabeled);
        Assert.Equal(["0", "1", "2"], test.Ids);
    }

    [Fact]
    public void AFileWithoutAColumnIsRefusedWithWhatWasExpected()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string file = directory.Write("train.tsv", "index\tsentence1\tsentence\tlabel\n0\ta\tb\tentailment\n");
        Dataset rte = Foreword.Data.Datasets.Catalog.DatasetCatalog.OfName("rte");
        string message = Assert.Throws<InvalidDataException>(() => rte.Read(new DatasetInput(directory.Path))).Message;
        Assert.StartsWith($"{file}: there is no column 'sentence2'; the columns are index, sentence1, sentence, label; ", message, StringComparison.Ordinal);
        Assert.EndsWith($"; rte has {rte.Files}", message, StringComparison.Ordinal);
        file = directory.Write("train.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tmaybe\n");
        Assert.Equal($"{file}:2: 'label' is 'maybe'; expected entailment or not_entailment", Assert.Throws<InvalidDataException>(() => rte.Read(new DatasetInput(directory.Path))).Message);
    }

    [Fact]
    public void SnliLeavesOutAndCountsPairsWithoutALabel()
    {
        DatasetContent content = ReadDataset.Of("snli");
        Assert.Equal(["neutral", "contradiction", "entailment"], content.Train.Labels());
        Assert.Equal("A man rides a horse by a \"river.", content.Train.Examples[0].Texts[0]);
        Assert.Equal($"train: 1 of 4 rows have no label ('-') and are skipped, the first at {content.Train.Files[0]}:2", Assert.Single(content.Train.Notes));
        Assert.Equal(["entailment", "neutral"], content.Validation!.Labels());
        Assert.Equal($"validation: 1 of 3 rows have no label ('-') and are skipped, the first at {content.Validation!.Files[0]}:3", Assert.Single(content.Validation.Notes));
        Assert.Equal(["contradiction", "entailment"], content.Tests.Single().Labels());
    }

    [Fact]
    public void MnliHasMatchedAndMismatchedParts()
    {
        DatasetContent content = ReadDataset.Of("mnli");
        Assert.Equal(["entailment", "contradiction", "neutral"], content.Train.Labels());
        Assert.Equal(["She sang.", "The law passed."], content.Validation!.Texts());
        Assert.Equal(["validation_mismatched", "test_matched", "test_mismatched"], content.Tests.Select(part => part.Name));
        Assert.Equal([null, "-m", "-mm"], content.Tests.Select(part => part.SubmissionEnding));
        Assert.Equal([true, false, false], content.Tests.Select(part => part.IsLabeled));
    }

    [Fact]
    public void TheDiagnosticSetIsForAModelOfMnli()
    {
        DatasetContent content = ReadDataset.Of("ax");
        Assert.Equal(3, content.Train.Examples.Count);
        Assert.Equal(["contradiction", "contradiction", "entailment"], content.Tests.Single().Labels());
        Assert.Equal("The cat sat on the mat.", content.Tests.Single().Examples[0].Texts[0]);
    }

    [Fact]
    public void WnliNamesItsClasses() => Assert.Equal(["entailment", "not_entailment"], ReadDataset.Of("wnli").Train.Labels());

    [Fact]
    public void QnliReadsTheQuestionFirst() =>
        Assert.Equal(["Who wrote the \"Ode?", "The ode has ten lines."], ReadDataset.Of("qnli").Train.Examples[1].Texts);

    [Fact]
    public void SciTailHasNoHeaderAndItsOwnClasses()
    {
        DatasetContent content = ReadDataset.Of("scitail");
        Assert.Equal(["entails", "neutral", "entails"], content.Train.Labels());
        Assert.Equal("Plants take in \"carbon dioxide.", content.Train.Examples[0].Texts[0]);
    }

    [Fact]
    public void CommitmentBankHasATestPartWithoutLabels()
    {
        DatasetContent content = ReadDataset.Of("cb");
        Assert.Equal(["contradiction", "entailment", "neutral"], content.Train.Labels());
        Assert.False(content.Tests.Single().IsLabeled);
    }

    [Fact]
    public void BoolQReadsBothLayouts()
    {
        DatasetContent original = ReadDataset.Of("boolq"), superGlue = ReadDataset.Of("boolq", "boolq-superglue");
        Assert.Equal(["true", "false", "true"], original.Train.Labels());
        Assert.Equal(["The lake is 300 m deep.", "is the lake deep"], original.Train.Examples[0].Texts);
        Assert.Equal(["true", "false"], superGlue.Validation!.Labels());
        Assert.Empty(original.Tests);
        Assert.Equal(["0", "1"], superGlue.Tests.Single().Ids);
    }

    [Fact]
    public void SickHasTwoTasks()
    {
        Assert.Equal(["entailment", "contradiction", "neutral"], ReadDataset.Of("sick").Train.Labels());
        Assert.Equal(["4.5", "3.6", "1.2"], ReadDataset.Of("sick-relatedness").Train.Labels());
    }
}
