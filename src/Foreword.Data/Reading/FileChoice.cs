using System.Text.RegularExpressions;
using Microsoft.Extensions.FileSystemGlobbing;

namespace Foreword.Data.Reading;

/// <summary>Decides by name and pattern which files of a directory are read.</summary>
internal sealed partial class FileChoice(DocumentOptions options)
{
    private readonly Matcher? _include = Of(options.Include);
    private readonly Matcher? _exclude = Of(options.Exclude);

    /// <summary>Checks whether an include pattern matches the file.</summary>
    /// <param name="relative">The path relative to the directory.</param>
    public bool IsNamed(string relative) => _include?.Match(relative).HasMatches == true;

    /// <summary>Returns the reason to skip a file; null if its name is no reason to skip it.</summary>
    /// <param name="relative">The path relative to the directory.</param>
    public SkipReason? Reason(string relative)
    {
        if (_exclude?.Match(relative).HasMatches == true || (_include is not null && !IsNamed(relative)))
            return SkipReason.Excluded;
        return _include is null && AboutCorpora().IsMatch(Path.GetFileName(relative)) ? SkipReason.AboutTheCorpus : null;
    }

    /// <summary>Creates a matcher. A pattern without a slash matches names of files and directories at any depth.</summary>
    private static Matcher? Of(IReadOnlyList<string> patterns)
    {
        if (patterns.Count == 0)
            return null;
        Matcher matcher = new(StringComparison.Ordinal);
        foreach (string pattern in patterns.Select(pattern => pattern.TrimEnd('/')))
        {
            string anywhere = pattern.Contains('/', StringComparison.Ordinal) ? pattern : $"**/{pattern}";
            matcher.AddInclude(anywhere);
            matcher.AddInclude($"{anywhere}/**");
        }

        return matcher;
    }

    /// <summary>Matches names such as README.md, LICENSE, LICENSE-MIT.txt and SOURCE.txt: files that describe the directory.</summary>
    [GeneratedRegex("^(README|[Rr]eadme|LICEN[CS]E|[Ll]icen[cs]e|COPYING|COPYRIGHT|NOTICE|AUTHORS|CONTRIBUTORS|CONTRIBUTING|CHANGELOG|CITATION|SOURCES?|MANIFEST|MD5SUMS?|SHA256SUMS?)([._-].*)?$")]
    private static partial Regex AboutCorpora();
}
