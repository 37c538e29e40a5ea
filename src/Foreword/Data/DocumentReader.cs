using Foreword.Data.Tables;
using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace Foreword.Data;

/// <summary>
/// Streams documents from files, directories and globs: text (<c>.txt</c>, <c>.md</c>, <c>.raw</c> or no extension) and HTML, of which a
/// file is a document; JSON Lines (<c>.jsonl</c>, <c>.ndjson</c>), CSV, TSV and Parquet, of which a row is one; each also compressed
/// (<c>.gz</c>, <c>.zst</c>). UTF-8 is read strictly.
/// </summary>
public sealed class DocumentReader
{
    private static readonly IDocumentFormat[] Formats =
    [
        new PlainTextFormat(), new HtmlFormat(), new JsonLinesFormat(),
        new DelimitedFormat(".csv", TableFormat.Csv), new DelimitedFormat(".tsv", TableFormat.Tsv), new ParquetFormat(),
    ];

    private readonly string _textField;
    private readonly HashSet<string> _named;

    private DocumentReader(List<string> files, List<string> skipped, HashSet<string> named, string textField)
    {
        Files = files;
        Skipped = skipped;
        _named = named;
        _textField = textField;
    }

    /// <summary>The files that hold the documents, in reading order.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Files inside the given directories that are left out because their extension is not that of a text format.</summary>
    public IReadOnlyList<string> Skipped { get; }

    /// <summary>
    /// Lists what the paths hold, without reading it. Directories are searched to any depth, in ordinal order of
    /// names, leaving out what begins with a dot and links to directories. A file reached twice is read once, so
    /// that no text lands on both sides of a validation split.
    /// </summary>
    /// <param name="paths">Files, directories, and patterns with <c>*</c> and <c>**</c>, at least one; their order is the order of the documents.</param>
    /// <param name="textField">The field or column that holds the document, where a format has such.</param>
    /// <exception cref="ArgumentException">No paths, or a path is empty.</exception>
    /// <exception cref="FileNotFoundException">A path does not exist.</exception>
    /// <exception cref="InvalidDataException">A named file is empty or of unknown extension, or a directory holds no text.</exception>
    public static DocumentReader Open(IEnumerable<string> paths, string textField = "text")
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentException.ThrowIfNullOrEmpty(textField);
        List<string> files = [];
        List<string> skipped = [];
        HashSet<string> seen = [];
        HashSet<string> named = [];
        bool any = false;
        foreach (string path in paths)
        {
            ArgumentException.ThrowIfNullOrEmpty(path, nameof(paths));
            any = true;
            if (Directory.Exists(path))
                AddDirectory(path, FilesUnder(path));
            else if (!File.Exists(path) && path.Contains('*', StringComparison.Ordinal))
                AddDirectory(path, FilesLike(path));
            else
                AddFile(path);
        }

        return any ? new DocumentReader(files, skipped, named, textField) : throw new ArgumentException("no input was given", nameof(paths));

        void AddFile(string path)
        {
            if (!File.Exists(path))
                throw new FileNotFoundException($"{path} does not exist", path);
            if (FormatOf(path) is null)
                throw new InvalidDataException($"{path}: unknown extension {Path.GetExtension(Compression.NameWithout(path))}; known are {string.Join(", ", KnownExtensions())}, each also with {Compression.Endings}");
            if (new FileInfo(path) is { Length: 0, LinkTarget: null })
                throw new InvalidDataException($"{path} is empty");
            named.Add(path);
            if (seen.Add(Path.GetFullPath(path)))
                files.Add(path);
        }

        void AddDirectory(string directory, IEnumerable<string> all)
        {
            bool found = false;
            foreach (string file in all)
            {
                if (FormatOf(file) is null)
                {
                    skipped.Add(file);
                    continue;
                }

                found |= new FileInfo(file) is not { Length: 0, LinkTarget: null };
                if (seen.Add(Path.GetFullPath(file)))
                    files.Add(file);
            }

            if (!found)
                throw new InvalidDataException($"{(Directory.Exists(directory) ? "directory " : "")}{directory} holds no text: no file that is not empty with one of {string.Join(", ", KnownExtensions())}, each also with {Compression.Endings}");
        }
    }

    /// <summary>
    /// The documents in order, read anew at every enumeration. Empty documents are left out.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// A file is not UTF-8, is binary, has a damaged gzip stream, or a JSON line is broken or lacks the text field:
    /// the message names the file and the byte or line.
    /// </exception>
    public IEnumerable<TextPiece> Read()
    {
        foreach (string path in Files)
        {
            using Stream file = new FileStream(path, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 1 << 16 });
            using Stream? content = Compression.Open(file, path);
            bool any = false;
            foreach (TextPiece piece in Compression.Named(FormatOf(path)!.Read(content ?? file, path, _textField), path))
            {
                any = true;
                yield return piece;
            }

            if (!any && _named.Contains(path))
                throw new InvalidDataException($"{path} holds no text");
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
        string fixedPart = pattern[..pattern.IndexOf('*', StringComparison.Ordinal)];
        string root = Path.GetDirectoryName(fixedPart) is { Length: > 0 } directory ? directory : fixedPart.StartsWith('/') ? "/" : ".";
        if (!Directory.Exists(root))
            throw new FileNotFoundException($"{pattern} fits nothing: there is no directory {root}", pattern);
        Matcher matcher = new(StringComparison.Ordinal);
        matcher.AddInclude(Path.GetRelativePath(root, pattern));
        string[] files = [.. matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(root))).Files
            .Select(match => match.Path).Where(file => !file.Split('/').Any(part => part.StartsWith('.')))
            .Order(StringComparer.Ordinal).Select(file => root == "." ? file : Path.Combine(root, file))];
        return files.Length > 0 ? files : throw new FileNotFoundException($"{pattern} fits no file", pattern);
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
