using System.Globalization;
using System.Text.RegularExpressions;

namespace Foreword.Cli.Tests;

/// <summary>Compares docs/results/ with the stored cells: every page, table and picture must be what <c>foreword study all</c> writes.</summary>
public sealed partial class StudyPagesTests
{
    private static readonly string Pages = Path.Combine(AppContext.BaseDirectory, "results");

    public static TheoryData<string> Studies => [.. Directory.GetDirectories(Pages).Where(study => File.Exists(Path.Combine(study, "cells.jsonl"))).Select(study => Path.GetFileName(study)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> OtherPages => [.. Directory.GetFiles(Pages, "*.md").Select(page => Path.GetFileNameWithoutExtension(page)).Where(page => page is not ("README" or "notes")).Order(StringComparer.Ordinal)];

    [Fact]
    public void PagesAreThoseOfTheStoredCells()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        foreach (string file in (string[])["notes.md", .. Studies.SelectMany(study => (string[])[Path.Combine(study.Data, "cells.jsonl"), Path.Combine(study.Data, "notes.md")])])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(directory.File(file))!);
            if (File.Exists(Path.Combine(Pages, file)))
                File.Copy(Path.Combine(Pages, file), directory.File(file));
        }

        Assert.Equal(0, Cli.Run("study", "all", "--out", directory.Path).ExitCode);
        Assert.Equal(File.ReadAllText(Path.Combine(Pages, "README.md")), File.ReadAllText(directory.File("README.md")));
        foreach (string study in Studies.Select(study => study.Data))
        {
            foreach (string name in (string[])[$"{study}.csv", $"{study}.svg", "README.md"])
                Assert.True(File.ReadAllText(Path.Combine(Pages, study, name)) == File.ReadAllText(directory.File(Path.Combine(study, name))), $"docs/results/{study}/{name} is not what `foreword study all --out docs/results` writes");
        }
    }

    [Theory]
    [MemberData(nameof(Studies))]
    public void EveryFigureInWordsStandsInTheTable(string study)
    {
        string notes = Path.Combine(Pages, study, "notes.md");
        Assert.True(File.Exists(notes), $"docs/results/{study}/notes.md says what the figures show");
        EveryDecimalStandsIn(Path.Combine(Pages, study, $"{study}.csv"), notes);
    }

    /// <summary>A page that is no study, such as dialogue.md, has a table of its name beside it.</summary>
    [Theory]
    [MemberData(nameof(OtherPages))]
    public void EveryFigureOfAnotherPageStandsInItsTable(string page) => EveryDecimalStandsIn(Path.Combine(Pages, $"{page}.csv"), Path.Combine(Pages, $"{page}.md"));

    /// <summary>A decimal in the words must be a number of the table, rounded, or the same as a percentage. Examples in code blocks are left out.</summary>
    private static void EveryDecimalStandsIn(string table, string words)
    {
        double[] known = [.. Number().Matches(File.ReadAllText(table)).Select(match => double.Parse(match.Value, CultureInfo.InvariantCulture))];
        Assert.All(Decimal().Matches(CodeBlock().Replace(File.ReadAllText(words), "")), match =>
        {
            int digits = match.Value.Length - match.Value.IndexOf('.', StringComparison.Ordinal) - 1;
            double value = double.Parse(match.Value, CultureInfo.InvariantCulture), half = 0.5001 * Math.Pow(10, -digits);
            Assert.True(known.Any(number => Math.Abs(number - value) <= half || Math.Abs((100 * number) - value) <= half), $"{words}: {match.Value} does not stand in {Path.GetFileName(table)}");
        });
    }

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"-?\d+(\.\d+)?([eE][-+]?\d+)?")]
    private static partial Regex Number();

    /// <summary>A number with a decimal point.</summary>
    [GeneratedRegex(@"(?<![\d.])\d+\.\d+")]
    private static partial Regex Decimal();
}
