using System.Text.RegularExpressions;

namespace Foreword.Cli.Tests;

/// <summary>Compares docs/adding.md with the sources: one existing member of each kind must be in all places that the page lists, and in no others.</summary>
public sealed partial class AddingTests
{
    private static readonly Section[] Sections = [.. Read()];

    public static TheoryData<string> Members => [.. Sections.Select(section => section.Member)];

    [Fact]
    public void ThePageHasAChecklistForEachKind() =>
        Assert.Equal(["WordPiece", "GgufFormat", "SimilarityTask", "SciTailSet", "Piqa", "Muon", "ParquetFormat", "CpuEngine"], Sections.Select(section => section.Member));

    [Theory]
    [MemberData(nameof(Members))]
    public void EveryPlaceOnThePageMentionsTheMember(string member)
    {
        string root = Root();
        foreach ((string path, string text) in Section.Of(member).Places)
        {
            string[] files = [.. Files(Path.Combine(root, path))];
            Assert.True(files.Length > 0, $"docs/adding.md names {path}, which does not exist");
            Assert.True(Array.Exists(files, file => File.ReadAllText(file).Contains(text, StringComparison.Ordinal)), $"docs/adding.md: {path} does not contain {text}");
        }
    }

    [Theory]
    [MemberData(nameof(Members))]
    public void NoOtherSourceMentionsTheMember(string member)
    {
        string root = Root();
        string[] listed = [.. Section.Of(member).Places.Select(place => place.Path)];
        string[] found = [.. Files(Path.Combine(root, "src/")).Where(file => file.EndsWith(".cs", StringComparison.Ordinal))
            .Where(file => File.ReadLines(file).Any(line => !NotCode().IsMatch(line) && Regex.IsMatch(line, $@"\b{member}(Files|Trainer)?\b")))
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))];
        Assert.All(found, file => Assert.Contains(listed, path => path.EndsWith('/') ? file.StartsWith(path, StringComparison.Ordinal) : file == path));
    }

    private static IEnumerable<Section> Read()
    {
        string? member = null;
        List<(string, string)> places = [];
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "pages", "adding.md")))
        {
            if (MemberLine().Match(line) is { Success: true } start)
                (member, places) = (start.Groups[1].Value, []);
            else if (member is not null && PlaceLine().Match(line) is { Success: true } place)
                places.Add((place.Groups[1].Value, place.Groups[2].Value));
            else if (member is not null && line.StartsWith('#'))
            {
                yield return new Section(member, places);
                member = null;
            }
        }
    }

    /// <summary>Returns the files at a path: the file itself, or the files of a directory, except build outputs.</summary>
    private static IEnumerable<string> Files(string path) => File.Exists(path) ? [path] : !Directory.Exists(path) ? []
        : Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(file => !file.Replace('\\', '/').Contains("/obj/", StringComparison.Ordinal) && !file.Replace('\\', '/').Contains("/bin/", StringComparison.Ordinal));

    /// <summary>Returns the root of the repository. Skips the test if the tests were copied somewhere else.</summary>
    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Foreword.slnx")))
            directory = Path.GetDirectoryName(directory);
        Assert.SkipWhen(directory is null, "the tests do not run inside the repository");
        return directory;
    }

    [GeneratedRegex("^Inside, as `(.+)`:$")]
    private static partial Regex MemberLine();

    [GeneratedRegex(@"^\| `([^`]+)` \| .+ \| (?:`([^`]+)` )?\|$")]
    private static partial Regex PlaceLine();

    /// <summary>Matches comments, using directives and namespaces.</summary>
    [GeneratedRegex(@"^\s*(//|using |namespace )")]
    private static partial Regex NotCode();

    /// <summary>A checklist of the page.</summary>
    /// <param name="Member">The existing member.</param>
    /// <param name="Places">The paths, each with a text that stands there; a path that ends in a slash is a directory.</param>
    private sealed record Section(string Member, IReadOnlyList<(string Path, string Text)> Places)
    {
        public static Section Of(string member) => Sections.Single(section => section.Member == member);
    }
}
