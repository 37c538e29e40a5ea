using Foreword.Data.Decoding;
using Foreword.Data.Reading.Formats;
using Foreword.Data.Tables;
using Foreword.Settings;
using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace Foreword.Data.Reading;

/// <summary>
/// Streams documents from files, directories and patterns. A file of text (<c>.txt</c>, <c>.md</c>, <c>.raw</c> or no extension) or HTML is one
/// document, unless <see cref="DocumentOptions.Document"/> divides text further. In JSON Lines (<c>.jsonl</c>, <c>.ndjson</c>), CSV, TSV and Parquet,
/// a row is one document; in a list (<c>.json</c>), an element is one. Every format may also be compressed (<c>.gz</c>, <c>.zst</c>). The encoding is UTF-8, unless a byte order mark or
/// <see cref="DocumentOptions.Encoding"/> names another one. Decoding is strict.
/// </summary>
public sealed class DocumentReader
{
    /// <summary>Number of bytes at the start of a file that are searched for a NUL, as git does.</summary>
    private const int LookedAt = 8000;

    private static readonly PlainTextFormat PlainText = new();

    private static readonly Registry<IDocumentFormat> Registered = new("text format for the extension", format => format.Extensions,
    [
        PlainText, new HtmlFormat(), new JsonLinesFormat(), new JsonListFormat(),
        new DelimitedFormat(".csv", TableFormat.Csv), new DelimitedFormat(".tsv", TableFormat.Tsv), new ParquetFormat(),
    ]);

    private readonly DocumentOptions _options;
    private readonly FileChoice _choice;
    private readonly List<string> _files = [];
    private readonly List<SkippedFile> _skipped = [];
    private readonly HashSet<string> _seen = [];
    private readonly HashSet<string> _named = [];

    private DocumentReader(DocumentOptions options) => (_options, _choice) = (options, new FileChoice(options));

    /// <summary>Gets every text format.</summary>
    public static IReadOnlyList<IDocumentFormat> Formats => Registered.All;

    /// <summary>Gets the files that hold the documents, in reading order.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Gets the skipped files of the given directories, with the reasons. Names that begin with a dot are not listed.</summary>
    public IReadOnlyList<SkippedFile> Skipped => _skipped;

    /// <summary>Adds a text format of the program's own after the others.</summary>
    /// <param name="format">The format.</param>
    /// <exception cref="ArgumentException">
    /// Another format has one of its extensions, or an extension is not in lower case or does not begin with a dot.
    /// </exception>
    public static void Register(IDocumentFormat format)
    {
        ArgumentNullException.ThrowIfNull(format);
        if (format.Extensions.FirstOrDefault(extension => extension.Length > 0 && (extension[0] != '.' || extension.Any(char.IsUpper))) is { } strange)
            throw new ArgumentException($"the extension '{strange}' of a text format is not in lower case with a dot", nameof(format));
        Registered.Add(format);
    }

    /// <inheritdoc cref="Open(IEnumerable{string}, DocumentOptions)"/>
    /// <param name="paths">Files, directories and patterns.</param>
    /// <param name="textField">The field or column that holds the document, if the format has fields.</param>
    public static DocumentReader Open(IEnumerable<string> paths, string textField = "text") => Open(paths, new DocumentOptions { TextField = textField });

    /// <summary>
    /// Finds the files that the paths name. For files in directories, the beginning of the content is checked as well. Directories are searched to
    /// any depth, in ordinal order of names. Names that begin with a dot, links to directories, and the files in <see cref="Skipped"/> are left out.
    /// A file that is reached twice is read once, so that no text is on both sides of a validation split.
    /// </summary>
    /// <param name="paths">
    /// Files, directories, and patterns with <c>*</c> and <c>**</c>, at least one. Their order is the order of the documents.
    /// </param>
    /// <param name="options">How documents are found and read.</param>
    /// <exception cref="ArgumentException">There are no paths, or a path or pattern is empty.</exception>
    /// <exception cref="FileNotFoundException">A path does not exist, or a pattern matches no file.</exception>
    /// <exception cref="InvalidDataException">A named file is empty or has an unknown extension, or a directory holds no text.</exception>
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
    /// Reads the documents in order. Every enumeration reads the files again. Empty documents are skipped.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// A file does not have the expected encoding, is binary, or has damaged compressed data. A JSON line is malformed or lacks the text field. A
    /// file that the caller named holds no text. The message names the file, and the byte or line if known.
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
                throw new InvalidDataException($"{path} contains no text");
        }
    }

    private IEnumerable<TextChunk> ReadFile(string path)
    {
        IDocumentFormat format = FormatOf(path) ?? PlainText; // null only for a file of an unknown format that a pattern matches
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
            throw new InvalidDataException($"{path}: unknown extension {Path.GetExtension(Compression.NameWithout(path))}; supported: {string.Join(", ", KnownExtensions())}, each also with {Compression.Endings}");
        if (new FileInfo(path) is { Length: 0, LinkTarget: null })
            throw new InvalidDataException($"{path} is empty");
        _named.Add(path);
        if (_seen.Add(Path.GetFullPath(path)))
            _files.Add(path);
    }

    /// <summary>Adds the files of a directory or pattern that hold text.</summary>
    /// <param name="given">The directory or pattern as the caller named it.</param>
    /// <param name="root">The directory to which patterns of files are relative.</param>
    /// <param name="all">The files of the directory or pattern.</param>
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
            throw new InvalidDataException($"{(Directory.Exists(given) ? "directory " : "")}{given} contains no text: there is no non-empty file with one of {string.Join(", ", KnownExtensions())}, each also with {Compression.Endings}{LeftOut(before)}");
    }

    /// <summary>Describes the skipped files that have known formats. The missing text is probably in one of them.</summary>
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

    /// <summary>
    /// Checks whether a file begins with bytes that no text has. A file that cannot be decompressed is reported later, when it is read.
    /// </summary>
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

    /// <summary>
    /// Checks whether the first row of a table has the text field. A table with another error counts as having it, so that reading it reports the
    /// error.
    /// </summary>
    private bool HasTextField(string path)
    {
        try
        {
            _ = ReadFile(path).FirstOrDefault();
            return true;
        }
        catch (InvalidDataException problem)
        {
            return !MissingColumnException.Caused(problem);
        }
    }

    private static IDocumentFormat? FormatOf(string path)
    {
        string extension = Path.GetExtension(Compression.NameWithout(path)).ToLowerInvariant();
        return Formats.FirstOrDefault(format => format.Extensions.Contains(extension));
    }

    private static IEnumerable<string> KnownExtensions() => Formats.SelectMany(format => format.Extensions).Select(extension => extension.Length > 0 ? extension : "no extension");

    /// <summary>Returns the files that match a pattern, in ordinal order. Names that begin with a dot are skipped.</summary>
    private static IEnumerable<string> FilesLike(string pattern)
    {
        string root = RootOf(pattern);
        if (!Directory.Exists(root))
            throw new FileNotFoundException($"{pattern} matches nothing: there is no directory {root}", pattern);
        Matcher matcher = new(StringComparison.Ordinal);
        matcher.AddInclude(Path.GetRelativePath(root, pattern));
        string[] files = [.. matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(root))).Files
            .Select(match => match.Path).Where(file => !file.Split('/').Any(part => part.StartsWith('.')))
            .Order(StringComparer.Ordinal).Select(file => root == "." ? file : Path.Combine(root, file))];
        return files.Length > 0 ? files : throw new FileNotFoundException($"{pattern} matches no file", pattern);
    }

    /// <summary>Returns the directory before a pattern's first asterisk.</summary>
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
            else if (entry.LinkTarget is null) // a link may lead back to a parent directory
            {
                foreach (string file in FilesUnder(path))
                    yield return file;
            }
        }
    }
}
