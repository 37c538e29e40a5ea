using Foreword.Data.Decoding;
using Foreword.Data.Reading.Formats;
using Foreword.Data.Tables;
using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace Foreword.Data.Reading;

/// <summary>
/// Streams documents from files, directories and globs: text (<c>.txt</c>, <c>.md</c>, <c>.raw</c> or no extension) and HTML, of which a
/// file is a document unless <see cref="DocumentOptions.Document"/> divides text further; JSON Lines (<c>.jsonl</c>, <c>.ndjson</c>), CSV, TSV and
/// Parquet, of which a row is one; each also compressed (<c>.gz</c>, <c>.zst</c>). UTF-8, or what a byte order mark or
/// <see cref="DocumentOptions.Encoding"/> says, is read strictly.
/// </summary>
public sealed class DocumentReader
{
    /// <summary>Bytes at a file's start that are looked at for a NUL, as git does.</summary>
    private const int LookedAt = 8000;

    private static readonly PlainTextFormat PlainText = new();

    private static readonly IDocumentFormat[] Formats =
    [
        PlainText, new HtmlFormat(), new JsonLinesFormat(),
        new DelimitedFormat(".csv", TableFormat.Csv), new DelimitedFormat(".tsv", TableFormat.Tsv), new ParquetFormat(),
    ];

    private readonly DocumentOptions _options;
    private readonly FileChoice _choice;
    private readonly List<string> _files = [];
    private readonly List<SkippedFile> _skipped = [];
    private readonly HashSet<string> _seen = [];
    private readonly HashSet<string> _named = [];

    private DocumentReader(DocumentOptions options) => (_options, _choice) = (options, new FileChoice(options));

    /// <summary>The files that hold the documents, in reading order.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Files inside the given directories that are left out, and why. What begins with a dot is not among them.</summary>
    public IReadOnlyList<SkippedFile> Skipped => _skipped;

    /// <inheritdoc cref="Open(IEnumerable{string}, DocumentOptions)"/>
    /// <param name="paths">Files, directories and patterns.</param>
    /// <param name="textField">The field or column that holds the document, where a format has such.</param>
    public static DocumentReader Open(IEnumerable<string> paths, string textField = "text") => Open(paths, new DocumentOptions { TextField = textField });

    /// <summary>
    /// Lists what the paths hold; of files in directories the beginning is looked at. Directories are searched to any depth, in ordinal order of
    /// names, leaving out what begins with a dot, links to directories, and what <see cref="Skipped"/> lists. A file reached twice is read once, so
    /// that no text lands on both sides of a validation split.
    /// </summary>
    /// <param name="paths">Files, directories, and patterns with <c>*</c> and <c>**</c>, at least one; their order is the order of the documents.</param>
    /// <param name="options">How documents are found and read.</param>
    /// <exception cref="ArgumentException">No paths, or a path or pattern is empty.</exception>
    /// <exception cref="FileNotFoundException">A path does not exist.</exception>
    /// <exception cref="InvalidDataException">A named file is empty or of unknown extension, or a directory holds no text.</exception>
    public static DocumentReader Open(IEnumerable<string> paths, DocumentOptions options)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.TextField, nameof(options));
        if (options.Include.Concat(options.Exclude).Any(string.IsNullOrWhiteSpace))
            throw new ArgumentException("a pattern of files to include or exclude is empty", nameof(options));
        DocumentReader reader = new(options);
        bool any = false;
        foreach (string path in paths)
        {
            ArgumentException.ThrowIfNullOrEmpty(path, nameof(paths));
            any = true;
            if (Directory.Exists(path))
                reader.AddDirectory(path, path, FilesUnder(path));
            else if (!File.Exists(path) && path.Contains('*', StringComparison.Ordinal))
                reader.AddDirectory(path, RootOf(path), FilesLike(path));
            else
                reader.AddFile(path);
        }

        return any ? reader : throw new ArgumentException("no input was given", nameof(paths));
    }

    /// <summary>
    /// The documents in order, read anew at every enumeration. Empty documents are left out.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// A file is not of its encoding, is binary, has a damaged gzip stream, or a JSON line is broken or lacks the text field:
    /// the message names the file and the byte or line.
    /// </exception>
    public IEnumerable<TextChunk> Read()
    {
        foreach (string path in Files)
        {
            bool any = false;
            foreach (TextChunk chunk in ReadFile(path))
            {
                any = true;
                yield return chunk;
            }

            if (!any && _named.Contains(path))
                throw new InvalidDataException($"{path} holds no text");
        }
    }

    private IEnumerable<TextChunk> ReadFile(string path)
    {
        IDocumentFormat format = FormatOf(path) ?? PlainText; // of another kind, but a pattern fits it
        using Stream file = new FileStream(path, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 1 << 16 });
        using Stream? content = Compression.Open(file, path);
        Stream bytes = content ?? file;
        using Stream? text = format.IsText ? TextEncoding.ToUtf8(bytes, path, _options.Encoding) : null;
        IEnumerable<TextChunk> chunks = Compression.Named(format.Read(text ?? bytes, path, _options.TextField), path);
        foreach (TextChunk chunk in format is PlainTextFormat ? DocumentDivider.Divide(chunks, _options.Document) : chunks)
            yield return chunk;
    }

    private void AddFile(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path} does not exist", path);
        if (FormatOf(path) is null && !_choice.IsNamed(Path.GetFileName(path)))
            throw new InvalidDataException($"{path}: unknown extension {Path.GetExtension(Compression.NameWithout(path))}; known are {string.Join(", ", KnownExtensions())}, each also with {Compression.Endings}");
        if (new FileInfo(path) is { Length: 0, LinkTarget: null })
            throw new InvalidDataException($"{path} is empty");
        _named.Add(path);
        if (_seen.Add(Path.GetFullPath(path)))
            _files.Add(path);
    }

    /// <summary>Adds the files of a directory or pattern that hold text.</summary>
    /// <param name="given">The directory or pattern as the caller named it.</param>
    /// <param name="root">The directory that patterns of files count from.</param>
    /// <param name="all">Its files.</param>
    private void AddDirectory(string given, string root, IEnumerable<string> all)
    {
        bool found = false;
        int before = _skipped.Count;
        foreach (string file in all)
        {
            bool holdsSomething = new FileInfo(file) is not { Length: 0, LinkTarget: null };
            if (ReasonToSkip(file, Path.GetRelativePath(root, file).Replace('\\', '/'), holdsSomething) is { } reason)
            {
                _skipped.Add(new SkippedFile(file, reason));
                continue;
            }

            found |= holdsSomething;
            if (_seen.Add(Path.GetFullPath(file)))
                _files.Add(file);
        }

        if (!found)
            throw new InvalidDataException($"{(Directory.Exists(given) ? "directory " : "")}{given} holds no text: no file that is not empty with one of {string.Join(", ", KnownExtensions())}, each also with {Compression.Endings}{LeftOut(before)}");
    }

    /// <summary>The files that are known kinds and were left out all the same: what is missing is probably among them.</summary>
    private string LeftOut(int from)
    {
        SkippedFile[] known = [.. _skipped.Skip(from).Where(file => file.Reason != SkipReason.OtherKind)];
        return known.Length == 0 ? "" : $"; left out: {SkippedFiles.Describe(known, _options.TextField)}";
    }

    private SkipReason? ReasonToSkip(string file, string relative, bool holdsSomething)
    {
        if (_choice.Reason(relative) is { } reason)
            return FormatOf(file) is null && reason == SkipReason.AboutTheCorpus ? SkipReason.OtherKind : reason;
        IDocumentFormat? format = FormatOf(file);
        if (format is null && !_choice.IsNamed(relative))
            return SkipReason.OtherKind;
        if (!holdsSomething)
            return null;
        if (format is null or { IsText: true } && IsBinary(file))
            return SkipReason.Binary;
        return format is null or PlainTextFormat or HtmlFormat || HasTextField(file) ? null : SkipReason.NoTextField;
    }

    /// <summary>Whether a file begins with bytes that no text has. A file that cannot be unpacked is reported when it is read.</summary>
    private bool IsBinary(string path)
    {
        Span<byte> first = stackalloc byte[LookedAt];
        try
        {
            using FileStream file = new(path, new FileStreamOptions { BufferSize = 0 });
            using Stream? content = Compression.Open(file, path);
            first = first[..(content ?? file).ReadAtLeast(first, first.Length, throwOnEndOfStream: false)];
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException)
        {
            return false;
        }

        bool isWide = (TextEncoding.OfByteOrderMark(first) is { } mark ? mark.Encoding : _options.Encoding)?.Name.StartsWith("utf-", StringComparison.Ordinal) == true;
        return !isWide && first.Contains((byte)0);
    }

    /// <summary>Whether the first row of a table has the field; a table that is broken otherwise is read, and says so then.</summary>
    private bool HasTextField(string path)
    {
        try
        {
            _ = ReadFile(path).FirstOrDefault();
            return true;
        }
        catch (InvalidDataException problem)
        {
            return !problem.Message.Contains($"there is no column '{_options.TextField}'", StringComparison.Ordinal)
                && !problem.Message.Contains($": no field \"{_options.TextField}\"", StringComparison.Ordinal);
        }
    }

    private static IDocumentFormat? FormatOf(string path)
    {
        string extension = Path.GetExtension(Compression.NameWithout(path)).ToLowerInvariant();
        return Formats.FirstOrDefault(format => format.Extensions.Contains(extension));
    }

    private static IEnumerable<string> KnownExtensions() => Formats.SelectMany(format => format.Extensions).Select(extension => extension.Length > 0 ? extension : "no extension");

    /// <summary>The files that a pattern fits, in ordinal order; what begins with a dot is left out.</summary>
    private static IEnumerable<string> FilesLike(string pattern)
    {
        string root = RootOf(pattern);
        if (!Directory.Exists(root))
            throw new FileNotFoundException($"{pattern} fits nothing: there is no directory {root}", pattern);
        Matcher matcher = new(StringComparison.Ordinal);
        matcher.AddInclude(Path.GetRelativePath(root, pattern));
        string[] files = [.. matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(root))).Files
            .Select(match => match.Path).Where(file => !file.Split('/').Any(part => part.StartsWith('.')))
            .Order(StringComparer.Ordinal).Select(file => root == "." ? file : Path.Combine(root, file))];
        return files.Length > 0 ? files : throw new FileNotFoundException($"{pattern} fits no file", pattern);
    }

    /// <summary>The directory before a pattern's first asterisk.</summary>
    private static string RootOf(string pattern)
    {
        string fixedPart = pattern[..pattern.IndexOf('*', StringComparison.Ordinal)];
        return Path.GetDirectoryName(fixedPart) is { Length: > 0 } directory ? directory : fixedPart.StartsWith('/') ? "/" : ".";
    }

    private static IEnumerable<string> FilesUnder(string directory)
    {
        FileSystemInfo[] entries = new DirectoryInfo(directory).GetFileSystemInfos();
        Array.Sort(entries, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (FileSystemInfo entry in entries)
        {
            if (entry.Name.StartsWith('.'))
                continue;
            string path = Path.Combine(directory, entry.Name);
            if (entry is FileInfo)
            {
                yield return path;
            }
            else if (entry.LinkTarget is null) // a link may lead back up
            {
                foreach (string file in FilesUnder(path))
                    yield return file;
            }
        }
    }
}
