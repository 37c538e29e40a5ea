using System.Text.RegularExpressions;
using CsCheck;
using Foreword.Generation.Constraints;

namespace Foreword.Tests.Generation.Constraints;

public sealed class RegexConstraintTests
{
    /// <summary>Patterns of literals, classes, groups, alternatives and counts.</summary>
    private static readonly Gen<string> Patterns = Gen.Recursive<string>((depth, inner) =>
    {
        Gen<string> leaf = Gen.OneOf("a", "b", "0", "ab", "[ab]", "[^a]", "[^\\d]", "\\d", "\\w", "\\W", ".", "é", "[a-b0]", "\\.", "(?:a|b0)", "[\\w.]");
        if (depth > 3)
            return leaf;
        return Gen.OneOf(
            leaf,
            Gen.Select(inner, inner, (x, y) => x + y),
            Gen.Select(inner, inner, (x, y) => $"({x}|{y})"),
            Gen.Select(inner, Gen.OneOf("*", "+", "?", "{2}", "{1,2}", "{0,1}", "{1,}"), (x, count) => $"({x}){count}"));
    });

    private static readonly string[] Short = [.. Texts("ab0.é ", 4)];

    [Fact]
    public void ShortTextsAreAcceptedExactlyWhereNetAcceptsThem() => Patterns.Sample(
        pattern =>
        {
            Regex expected = new($"^(?:{pattern})\\z", RegexOptions.ECMAScript);
            if (TryCreate(pattern) is not { } constraint)
                return Short.Skip(1).All(text => !expected.IsMatch(text));
            string? wrong = Short.FirstOrDefault(text => constraint.Accepts(text) != expected.IsMatch(text));
            return wrong is null ? true : throw new Xunit.Sdk.XunitException($"{pattern} and '{wrong}'");
        },
        iter: 150, threads: 1);

    [Fact]
    public void WrittenTextsMatch()
    {
        int matched = 0;
        Gen.Select(Patterns, Gen.Int[0, 1000]).Sample(Check, iter: 300, threads: 1);
        Assert.True(matched > 200, $"only {matched} texts ended"); // the others need letters that random logits do not draw

        void Check(string pattern, int seed)
        {
            if (TryCreate(pattern) is not { } constraint)
                return;
            (string text, bool ended) = ConstrainedTexts.Write(constraint, ConstrainedTexts.Words, seed, maxTokens: 300);
            if (!ended)
                return;
            string units = string.Concat(text.EnumerateRunes().Select(rune => rune.IsBmp ? rune.ToString() : "\u4E2D")); // .NET counts UTF-16 units
            Assert.Matches(new Regex($"^(?:{pattern})\\z", RegexOptions.ECMAScript), units);
            matched++;
        }
    }

    [Theory]
    [InlineData("^a+$", "aa", true)]
    [InlineData("^a|b$", "b", true)]
    [InlineData("a|", "a", true)]
    [InlineData("\\u0041\\x42", "AB", true)]
    [InlineData("[\\]\\-a]", "-", true)]
    [InlineData("[a-]", "-", true)]
    [InlineData("[😀-😂]", "😁", true)]
    [InlineData("[^a]", "😁", true)]
    [InlineData(".", "\n", false)]
    [InlineData("\\s", "\u00A0", false)]
    [InlineData("\\S", "\u00A0", false)]
    [InlineData("\\t\\/", "\t/", true)]
    [InlineData("a{3}", "aa", false)]
    [InlineData("(a*)*b", "aab", true)]
    public void FeaturesHaveTheirMeaning(string pattern, string text, bool accepted) => Assert.Equal(accepted, TextConstraint.Regex(pattern).Accepts(text));

    [Theory]
    [InlineData("a(?=b)", "has a group that is not '(?:' at position 1")]
    [InlineData("(?<name>a)", "has a group that is not '(?:' at position 0")]
    [InlineData("a\\b", "has '\\b' at position 1")]
    [InlineData("(a)\\1", "has '\\1' at position 3")]
    [InlineData("\\p{L}", "has '\\p' at position 0")]
    [InlineData("a^b", "has a '^' inside at position 1")]
    [InlineData("a$b", "continues after '$' at position 2")]
    [InlineData("(a$)", "has a '$' inside at position 2")]
    [InlineData("a*?", "has a lazy count at position 2")]
    [InlineData("a**", "has a second count at position 2")]
    [InlineData("*a", "has a '*' that follows nothing at position 0")]
    [InlineData("(a", "has a '(' without ')' at position 0")]
    [InlineData("a)", "has a ')' without '(' at position 1")]
    [InlineData("[a", "has a '[' without ']' at position 0")]
    [InlineData("[]", "has an empty class at position 0")]
    [InlineData("[b-a]", "has a range that is not from a character to a later one at position 1")]
    [InlineData("[a-\\d]", "has a range that is not from a character to a later one at position 1")]
    [InlineData("a{2,1}", "has a count from 2 to 1 at position 1")]
    [InlineData("a{x}", "has a '{' that begins no count at position 1")]
    [InlineData("a{9999999}", "has a count above 999999 at position 2")]
    [InlineData("\\u12", "has a '\\u' without the 4 hexadecimal digits of a character at position 0")]
    [InlineData("\\ud83d", "has a '\\u' without the 4 hexadecimal digits of a character at position 0")]
    [InlineData("a\\", "ends with a backslash at position 1")]
    public void OtherThingsAreRefusedWithTheirPosition(string pattern, string problem)
    {
        string message = Assert.Throws<ArgumentException>(() => TextConstraint.Regex(pattern)).Message;
        Assert.StartsWith($"the regular expression '{pattern}' {problem}; supported are", message, StringComparison.Ordinal);
    }

    [Fact]
    public void APatternThatIsTooLargeIsRefused()
    {
        Assert.Contains("half of a surrogate pair at position 1", Assert.Throws<ArgumentException>(() => TextConstraint.Regex("a\uD83D")).Message, StringComparison.Ordinal);
        Assert.Contains("needs more than 1000000 states", Assert.Throws<ArgumentException>(() => TextConstraint.Regex("(a{1000}){10000}")).Message, StringComparison.Ordinal);
        Assert.Contains("more than 100 groups", Assert.Throws<ArgumentException>(() => TextConstraint.Regex(new string('(', 101) + "a" + new string(')', 101))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void APatternOfTheEmptyTextIsRefused() =>
        Assert.Equal("the constraint allows no text except the empty one", Assert.Throws<ArgumentException>(() => TextConstraint.Regex("").For(ConstrainedTexts.Bytes)).Message);

    private static TextConstraint? TryCreate(string pattern)
    {
        try
        {
            TextConstraint constraint = TextConstraint.Regex(pattern);
            constraint.For(ConstrainedTexts.Bytes);
            return constraint;
        }
        catch (ArgumentException problem) when (problem.Message.Contains("except the empty one", StringComparison.Ordinal))
        {
            return null;
        }
    }

    private static IEnumerable<string> Texts(string letters, int longest) =>
        longest == 0 ? [""] : Texts(letters, longest - 1).Concat(Texts(letters, longest - 1).Where(text => text.Length == longest - 1).SelectMany(text => letters.Select(letter => text + letter)));
}
