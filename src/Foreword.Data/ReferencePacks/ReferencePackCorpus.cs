using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Foreword.Data.Decoding;
using Foreword.Data.Preparing;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.ReferencePacks;

/// <summary>
/// A corpus of English prose that every machine with a .NET SDK has: the documentation of the class library, in the XML files of its reference pack.
/// Each member is a document: its name, then its summary, parameters, return value and remarks. A text that occurred before is dropped, and so is a
/// member with no text left. Members that stand for one processor instruction are left out, because their text is the instruction and not English.
/// </summary>
internal sealed partial class ReferencePackCorpus
{
    private const string Pack = "Microsoft.NETCore.App.Ref";

    private ReferencePackCorpus(string directory, IReadOnlyList<string> documents, long proseBytes)
    {
        Directory = directory;
        Documents = documents;
        ProseBytes = proseBytes;
        DocumentBytes = documents.Sum(document => (long)Encoding.UTF8.GetByteCount(document));
    }

    /// <summary>Gets the directory of the XML files.</summary>
    public string Directory { get; }

    /// <summary>Gets one text per member, in ordinal order of the files and in the order within each file.</summary>
    public IReadOnlyList<string> Documents { get; }

    /// <summary>Gets the number of UTF-8 bytes of all summaries, parameters, return values and remarks, including repetitions.</summary>
    public long ProseBytes { get; }

    /// <summary>Gets the number of UTF-8 bytes of <see cref="Documents"/>.</summary>
    public long DocumentBytes { get; }

    /// <summary>Gets the documents in the form that <see cref="CorpusPreparer"/> takes.</summary>
    public IEnumerable<TextChunk> Chunks => Documents.Select(document => new TextChunk(document, EndsDocument: true));

    /// <summary>Finds the newest reference pack of the .NET installation that runs this program, and reads it.</summary>
    /// <exception cref="DirectoryNotFoundException">
    /// There is no reference pack with documentation; the message names the searched directories.
    /// </exception>
    /// <exception cref="InvalidDataException">A file is not well-formed XML.</exception>
    public static ReferencePackCorpus Load() => Read(Find());

    /// <summary>Finds the newest reference pack of the .NET installation that runs this program.</summary>
    internal static string Find() => Find(Installations());

    /// <summary>
    /// Finds the newest <c>packs/Microsoft.NETCore.App.Ref/VERSION/ref/FRAMEWORK</c> with XML files, under the first root that has one.
    /// </summary>
    internal static string Find(IEnumerable<string> roots)
    {
        List<string> looked = [];
        foreach (string root in roots.Distinct())
        {
            string versions = Path.Combine(root, "packs", Pack);
            looked.Add(versions);
            if (!System.IO.Directory.Exists(versions))
                continue;
            string? newest = System.IO.Directory.GetDirectories(versions)
                .OrderByDescending(directory => VersionOf(Path.GetFileName(directory)))
                .ThenByDescending(directory => directory, StringComparer.Ordinal)
                .SelectMany(FrameworksWithXml)
                .FirstOrDefault();
            if (newest is not null)
                return newest;
        }

        throw new DirectoryNotFoundException(
            $"no reference pack with XML documentation was found in {string.Join(" or ", looked)}; use your own text instead");
    }

    /// <summary>Reads the XML files of one directory.</summary>
    internal static ReferencePackCorpus Read(string directory)
    {
        HashSet<string> seen = [];
        List<string> documents = [];
        long proseBytes = 0;
        foreach ((string id, XElement member) in AllMembers(directory))
        {
            if (DocumentOf(id, member, seen, ref proseBytes) is { } document)
                documents.Add(document);
        }

        return new ReferencePackCorpus(directory, documents, proseBytes);
    }

    /// <summary>
    /// Reads the members of a directory's XML files with their ids, in ordinal order of the files and in the order within each file. Processor
    /// instructions are left out.
    /// </summary>
    internal static IEnumerable<(string Id, XElement Member)> AllMembers(string directory)
    {
        string[] files = System.IO.Directory.GetFiles(directory, "*.xml");
        Array.Sort(files, StringComparer.Ordinal);
        return files.SelectMany(Members).Select(member => (Id: member.Attribute("name")?.Value ?? "", member)).Where(member => !Instruction.IsMatch(member.Id));
    }

    /// <summary>Returns the roots of .NET installations, beginning with that of the running program.</summary>
    private static IEnumerable<string> Installations()
    {
        // The runtime is in ROOT/shared/Microsoft.NETCore.App/VERSION.
        yield return Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root)
            yield return root;
        string host = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        IEnumerable<string> onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(Path.IsPathRooted).Select(p => Path.Combine(p, host));
        foreach (string program in onPath.Prepend(Environment.ProcessPath ?? ""))
        {
            if (Path.GetFileName(program) == host && File.Exists(program))
                yield return Path.GetDirectoryName(File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? program)!;
        }
    }

    private static Version VersionOf(string name) => Version.TryParse(name.Split('-')[0], out Version? version) ? version : new Version();

    private static IEnumerable<string> FrameworksWithXml(string pack)
    {
        string frameworks = Path.Combine(pack, "ref");
        return System.IO.Directory.Exists(frameworks)
            ? System.IO.Directory.GetDirectories(frameworks)
                .Where(directory => System.IO.Directory.EnumerateFiles(directory, "*.xml").Any())
                .OrderDescending(StringComparer.Ordinal)
            : [];
    }

    private static IEnumerable<XElement> Members(string file)
    {
        using XmlReader reader = XmlReader.Create(file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
        while (NextMember(reader, file) is { } member)
            yield return member;
    }

    private static XElement? NextMember(XmlReader reader, string file)
    {
        try
        {
            while (!reader.EOF)
            {
                if (reader is { NodeType: XmlNodeType.Element, Name: "member" })
                    return (XElement)XNode.ReadFrom(reader);
                reader.Read();
            }

            return null;
        }
        catch (XmlException problem)
        {
            throw XmlFault.Create(file, problem);
        }
    }

    /// <summary>Returns the member's name and its new texts, one per line; null if it has no new text.</summary>
    private static string? DocumentOf(string id, XElement member, HashSet<string> seen, ref long proseBytes)
    {
        StringBuilder document = new();
        foreach (XElement part in member.Elements())
        {
            string? label = part.Name.LocalName switch
            {
                "summary" or "remarks" => "",
                "param" => $"{part.Attribute("name")?.Value}: ",
                "returns" => "Returns: ",
                "value" => "Value: ",
                _ => null,
            };
            if (label is null)
                continue;
            string text = DocumentationText.Plain(part);
            proseBytes += Encoding.UTF8.GetByteCount(text);
            if (text.Length > 0 && seen.Add(text))
                document.Append('\n').Append(label).Append(text);
        }

        return document.Length == 0 ? null : DocumentationText.MemberName(id) + document;
    }

    [GeneratedRegex(@"^.:System\.Runtime\.Intrinsics\.(Arm|Wasm|X86)\.")]
    private static partial Regex Instruction { get; }
}
