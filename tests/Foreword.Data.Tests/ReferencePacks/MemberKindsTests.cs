using Foreword.Data.ReferencePacks;

namespace Foreword.Data.Tests.ReferencePacks;

public sealed class MemberKindsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ASummaryIsGivenItsKindAndNamespaceOnce()
    {
        _directory.Write("a.xml", """
            <doc><members>
              <member name="T:N.S.Outer"><summary>A type.</summary></member>
              <member name="T:N.S.Outer.Inner"><summary>An inner type.</summary></member>
              <member name="M:N.S.Outer.#ctor"><summary>Initializes a new instance.</summary></member>
              <member name="M:N.S.Outer.Inner.Run(System.Int32)"><summary>Runs <paramref name="x" />.</summary></member>
              <member name="M:N.S.Outer.Run"><summary>runs x.</summary></member>
              <member name="P:N.S.Outer.Size"><summary>Gets the size.</summary></member>
              <member name="F:N.S.Outer.Empty"><summary>An empty one.</summary></member>
              <member name="E:N.S.Outer.Changed"><summary>Occurs after a change.</summary></member>
              <member name="P:Undescribed.Type.Size"><summary>Gets another size.</summary></member>
              <member name="P:N.S.Outer.Silent"><remarks>No summary.</remarks></member>
            </members></doc>
            """);
        Assert.Equal(
            [
                ("A type.", "type", "N.S"), ("An inner type.", "type", "N.S"), ("Runs x.", "method", "N.S"), ("Gets the size.", "property", "N.S"),
                ("An empty one.", "field", "N.S"), ("Occurs after a change.", "event", "N.S"),
            ],
            MemberKinds.Read(_directory.Path).Select(m => (m.Text, m.Kind, m.Namespace)));
    }

    [Fact]
    public void TheRunningSdkGivesThreeSetsWithoutACommonNamespaceOrText()
    {
        MemberKinds kinds = MemberKinds.Load(perKind: 400, seed: 1337);
        IReadOnlyList<MemberSummary>[] sets = [kinds.Train, kinds.Validation, kinds.Test];
        Assert.All(sets, set => Assert.Equal(["event", "field", "method", "property", "type"], set.Select(m => m.Kind).Distinct().Order()));
        Assert.InRange(kinds.Train.Count, 1500, 2000);
        Assert.All(kinds.Train.CountBy(m => m.Kind), kind => Assert.InRange(kind.Value, 1, 400));
        Assert.InRange(kinds.Test.Count, 250, 500);
        foreach ((int a, int b) in new[] { (0, 1), (0, 2), (1, 2) })
        {
            Assert.Empty(sets[a].Select(m => m.Namespace).Intersect(sets[b].Select(m => m.Namespace)));
            Assert.Empty(sets[a].Select(m => m.Text).Intersect(sets[b].Select(m => m.Text), StringComparer.OrdinalIgnoreCase));
        }

        IReadOnlyList<MemberSummary> summaries = MemberKinds.Read(ReferencePackCorpus.Find()); // the same files once more for both
        Assert.Equal(kinds.Train, MemberKinds.Split(summaries, 400, 1337).Train);
        Assert.NotEqual(kinds.Train, MemberKinds.Split(summaries, 400, 1338).Train);
    }
}
