using System.Text;
using System.Text.Json;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tests.Tokenization.Normalization;

/// <summary>Tests the tables of Unicode's normal forms. The references with whole texts are in golden/tokenizers/huggingface.jsonl.</summary>
public sealed class NormalFormTests
{
    /// <summary>Rows of NormalizationTest.txt (Unicode 14): source, NFC, NFD, NFKC, NFKD.</summary>
    [Theory]
    [InlineData("1E0A", "1E0A", "0044 0307", "1E0A", "0044 0307")]
    [InlineData("1E0A 0323", "1E0C 0307", "0044 0323 0307", "1E0C 0307", "0044 0323 0307")]
    [InlineData("1100 AC00 11A8", "1100 AC01", "1100 1100 1161 11A8", "1100 AC01", "1100 1100 1161 11A8")]
    [InlineData("05B8 05B9 05B1 0591 05C3 05B0 05AC 059F", "05B1 05B8 05B9 0591 05C3 05B0 05AC 059F", "05B1 05B8 05B9 0591 05C3 05B0 05AC 059F", "05B1 05B8 05B9 0591 05C3 05B0 05AC 059F", "05B1 05B8 05B9 0591 05C3 05B0 05AC 059F")]
    [InlineData("FDFA", "FDFA", "FDFA", "0635 0644 0649 0020 0627 0644 0644 0647 0020 0639 0644 064A 0647 0020 0648 0633 0644 0645", "0635 0644 0649 0020 0627 0644 0644 0647 0020 0639 0644 064A 0647 0020 0648 0633 0644 0645")]
    [InlineData("2F800", "4E3D", "4E3D", "4E3D", "4E3D")]
    [InlineData("0958", "0915 093C", "0915 093C", "0915 093C", "0915 093C")]
    [InlineData("1D15E", "1D157 1D165", "1D157 1D165", "1D157 1D165", "1D157 1D165")]
    [InlineData("110A5 110BA", "110AB", "110A5 110BA", "110AB", "110A5 110BA")]
    [InlineData("0061 0315 0300 05AE 0062", "00E0 05AE 0315 0062", "0061 05AE 0300 0315 0062", "00E0 05AE 0315 0062", "0061 05AE 0300 0315 0062")]
    public void TheRowsOfUnicodesTestHold(string source, string nfc, string nfd, string nfkc, string nfkd)
    {
        string text = Text(source);
        Assert.Equal(Text(nfc), NormalForm.Compose(NormalForm.Decompose(text, isCompatible: false)));
        Assert.Equal(Text(nfd), NormalForm.ToString(NormalForm.Decompose(text, isCompatible: false)));
        Assert.Equal(Text(nfkc), NormalForm.Compose(NormalForm.Decompose(text, isCompatible: true)));
        Assert.Equal(Text(nfkd), NormalForm.ToString(NormalForm.Decompose(text, isCompatible: true)));
    }

    /// <summary>A text can be one long sequence of combining marks. Sorting it must not take quadratic time.</summary>
    [Fact]
    public void ALongRunOfMarksIsSortedOnce()
    {
        const int Count = 200_000;
        string marks = string.Concat(Enumerable.Repeat("\u0301\u0323", Count));
        Assert.Equal("a" + new string('\u0323', Count) + new string('\u0301', Count), NormalForm.ToString(NormalForm.Decompose("a" + marks, isCompatible: false)));
    }

    /// <summary>The three categories of marks go: Mn, Mc and Me.</summary>
    [Fact]
    public void AllCombiningMarksAreStripped()
    {
        using JsonDocument part = JsonDocument.Parse("""{"type": "StripAccents"}""");
        UnicodeNormalizer normalizer = UnicodeNormalizer.Read(new TokenizerField("tokenizer.json", "normalizer", part.RootElement))!;
        Assert.Equal("ab\u00E9 \u00B4", normalizer.Apply("a\u0301\u0903\u20DDb\u00E9 \u00B4"));
    }

    private static string Text(string points) => string.Concat(points.Split(' ').Select(point => new Rune(Convert.ToInt32(point, 16)).ToString()));
}
