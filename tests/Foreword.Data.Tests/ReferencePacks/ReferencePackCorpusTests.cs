using System.Xml.Linq;
using Foreword.Data.ReferencePacks;

namespace Foreword.Data.Tests.ReferencePacks;

public sealed class ReferencePackCorpusTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TheRunningSdkHoldsMegabytesOfProse()
    {
        ReferencePackCorpus corpus = ReferencePackCorpus.Load();
        Assert.InRange(corpus.DocumentBytes, 4_000_000, 40_000_000);
        Assert.InRange(corpus.ProseBytes, 5_000_000, 60_000_000);
        string read = Assert.Single(corpus.Documents, d => d.StartsWith("System.IO.Stream.ReadExactly(Byte[], Int32, Int32)\n", StringComparison.Ordinal));
        Assert.Contains("\nbuffer: An array of bytes.", read);
        Assert.DoesNotContain(corpus.Documents, document => document.Contains("<see ") || document.Contains("  ") || document.Split('\n')[0].Contains('`'));
        Assert.Equal(corpus.Documents.Count, corpus.Chunks.Count(piece => piece.EndsDocument));
    }

    [Fact]
    public void AMemberIsItsNameAndItsTexts()
    {
        Write("10.0.1", """
            <member name="M:N.T.Run(System.String)">
              <summary>Runs  <paramref name="text" />
                with <see cref="T:N.T" />.</summary>
              <param name="text">What to run, or <see langword="null" />.</param>
              <returns><see langword="true" /> if it ran.</returns>
              <exception cref="T:N.E">never</exception>
              <remarks><para>First.</para><para>Second.</para></remarks>
            </member>
            """);
        Assert.Equal(
            ["N.T.Run(String)\nRuns text with T.\ntext: What to run, or null.\nReturns: true if it ran.\nFirst. Second."],
            Read().Documents);
    }

    [Fact]
    public void RepeatedTextsAndMembersWithoutTextAreDropped()
    {
        Write("10.0.1", """
            <member name="P:N.T.A"><summary>One.</summary><value>The same.</value></member>
            <member name="P:N.T.B"><summary>Two.</summary><value>The same.</value></member>
            <member name="P:N.T.C"><summary>One.</summary><value> The  same.</value></member>
            <member name="P:N.T.D"><summary /></member>
            <member name="M:System.Runtime.Intrinsics.X86.Avx.Abs"><summary>VPABSB ymm1</summary></member>
            """);
        ReferencePackCorpus corpus = Read();
        Assert.Equal(["N.T.A\nOne.\nValue: The same.", "N.T.B\nTwo."], corpus.Documents);
        Assert.Equal(3 * "One.The same.".Length, corpus.ProseBytes);
        Assert.Equal("N.T.A\nOne.\nValue: The same.N.T.B\nTwo.".Length, corpus.DocumentBytes);
    }

    [Fact]
    public void TheNewestPackWithDocumentationWins()
    {
        Write("9.0.100", "<member name=\"T:Old\"><summary>old</summary></member>");
        Write("10.0.12", "<member name=\"T:New\"><summary>new</summary></member>");
        _directory.Write("packs/Microsoft.NETCore.App.Ref/11.0.0/ref/net11.0/no.dll", "");
        Assert.Equal(["New\nnew"], Read().Documents);
    }

    [Fact]
    public void WithoutAPackThePlacesAreNamedAndTheWayOut()
    {
        string other = _directory.File("other");
        string message = Assert.Throws<DirectoryNotFoundException>(() => ReferencePackCorpus.Find([_directory.Path, other])).Message;
        Assert.Contains(Path.Combine(_directory.Path, "packs", "Microsoft.NETCore.App.Ref"), message);
        Assert.Contains(Path.Combine(other, "packs", "Microsoft.NETCore.App.Ref"), message);
        Assert.Contains("use your own text instead", message);
    }

    [Fact]
    public void BrokenXmlIsNamed()
    {
        Write("10.0.1", "<member name=\"T:A\"><summary>open</member>");
        string message = Assert.Throws<InvalidDataException>(Read).Message;
        Assert.Contains("a.xml:2: the XML is broken: ", message);
        Assert.DoesNotContain(" Line ", message); // the line is named once
    }

    [Theory]
    [InlineData("T:System.Collections.Generic.List`1", "System.Collections.Generic.List<T>")]
    [InlineData("T:System.Collections.Generic.Dictionary`2.Enumerator", "System.Collections.Generic.Dictionary<T, T2>.Enumerator")]
    [InlineData("M:System.IO.Stream.ReadAsync(System.Byte[],System.Int32,System.Int32)", "System.IO.Stream.ReadAsync(Byte[], Int32, Int32)")]
    [InlineData("M:System.Collections.BitArray.#ctor(System.Int32)", "System.Collections.BitArray(Int32)")]
    [InlineData("M:System.Array.System#Collections#IList#Add(System.Object)", "System.Array.System.Collections.IList.Add(Object)")]
    [InlineData("M:System.Linq.Enumerable.Select``2(System.Collections.Generic.IEnumerable{``0},System.Func{``0,``1})", "System.Linq.Enumerable.Select<U, U2>(IEnumerable<U>, Func<U, U2>)")]
    [InlineData("M:System.Decimal.op_Explicit(System.Decimal)~System.Byte", "System.Decimal.op_Explicit(Decimal) to Byte")]
    [InlineData("M:System.Array.Fill(System.Int32[0:,0:],System.Int32@)", "System.Array.Fill(Int32[,], Int32)")]
    [InlineData("P:System.Collections.Generic.Dictionary`2.Item(`0)", "System.Collections.Generic.Dictionary<T, T2>.Item(T)")]
    public void NamesReadLikeCSharp(string id, string name) => Assert.Equal(name, DocumentationText.MemberName(id));

    [Theory]
    [InlineData("<see cref=\"T:System.String\" />", "String")]
    [InlineData("<see cref=\"T:System.Collections.Generic.List`1\" />", "List<T>")]
    [InlineData("<see cref=\"F:System.Int32.MaxValue\" />", "Int32.MaxValue")]
    [InlineData("<see cref=\"M:System.IO.Stream.Read(System.Byte[],System.Int32,System.Int32)\" />", "Stream.Read")]
    [InlineData("<see cref=\"M:System.Collections.BitArray.#ctor(System.Int32)\" />", "BitArray")]
    [InlineData("<see cref=\"F:System.Int32.MaxValue\">the largest</see>", "the largest")]
    [InlineData("<see langword=\"null\" /> or <c>x</c>", "null or x")]
    [InlineData("<typeparamref name=\"TKey\" />", "TKey")]
    [InlineData("<xref uid=\"System.Diagnostics.Activity\"></xref>", "Activity")]
    [InlineData("One.<br />Two.<seealso cref=\"T:N.T\" />", "One. Two.")]
    [InlineData("<list type=\"table\"><listheader><term>Value</term></listheader><item><term> -1</term><description> less</description></item><item><term>0</term><description>equal.</description></item></list>", "-1: less. 0: equal.")]
    public void ReferencesAndListsReadLikeProse(string xml, string text) =>
        Assert.Equal(text, DocumentationText.Plain(XElement.Parse($"<summary>{xml}</summary>", LoadOptions.PreserveWhitespace)));

    private ReferencePackCorpus Read() => ReferencePackCorpus.Read(ReferencePackCorpus.Find([_directory.Path]));

    private void Write(string version, string members) =>
        _directory.Write($"packs/Microsoft.NETCore.App.Ref/{version}/ref/net10.0/a.xml", $"<?xml version=\"1.0\"?>\n<doc><members>{members}</members></doc>");
}
