using System.CommandLine;
using Foreword.Cli.Output;
using Foreword.Data.Decoding;
using Foreword.Data.Reading;

namespace Foreword.Cli.Options;

/// <summary>The options of commands that read documents: what a document is, its encoding, and which files of a directory are read.</summary>
internal sealed class DocumentArguments
{
    private static readonly Dictionary<string, DocumentUnit> Units = new() { ["file"] = DocumentUnit.File, ["line"] = DocumentUnit.Line, ["blank-line"] = DocumentUnit.BlankLine };

    private readonly Option<string> _textField = new("--text-field") { Description = "The field of a JSON line, or the column of a table, that holds the text.", DefaultValueFactory = _ => "text" };
    private readonly Option<string?> _document = new("--document") { Description = "What a document is in a text file: file, line, or blank-line (the lines up to a blank one).", DefaultValueFactory = _ => "file" };
    private readonly Option<string?> _encoding = EncodingOption();
    private readonly Option<string[]> _include = new("--include") { Description = "In directories, read only the files that match, such as '*.txt' or 'poems/**'; may be repeated. Files of other kinds are then read as text.", DefaultValueFactory = _ => [] };
    private readonly Option<string[]> _exclude = new("--exclude") { Description = "In directories, skip the files that match; may be repeated.", DefaultValueFactory = _ => [] };

    public DocumentArguments() => _document.AcceptOnly([.. Units.Keys]);

    /// <summary>Creates the option that names an encoding.</summary>
    public static Option<string?> EncodingOption() => new("--encoding") { Description = "Encoding of text without a byte order mark, such as gb18030, big5, utf-16 or latin1; default: utf-8." };

    /// <summary>Returns the encoding that the option names; null if the option is not given.</summary>
    public static TextEncoding? Encoding(string? name) => name is null ? null : UsageException.For(() => TextEncoding.Find(name));

    /// <summary>Adds all options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_textField, _document, _encoding, _include, _exclude])
            command.Add(option);
    }

    /// <summary>Returns the values of the options.</summary>
    public DocumentOptions Read(ParseResult parsed) => new()
    {
        TextField = parsed.GetValue(_textField)!,
        Document = Units[parsed.GetValue(_document)!],
        Encoding = Encoding(parsed.GetValue(_encoding)),
        Include = parsed.GetValue(_include)!,
        Exclude = parsed.GetValue(_exclude)!,
    };

    /// <summary>Reports the files of directories that are skipped.</summary>
    public static void SaySkipped(IReadOnlyList<SkippedFile> skipped, string textField, Terminal terminal)
    {
        if (skipped.Count > 0)
            terminal.SayWrapped($"left out {SkippedFiles.Describe(skipped, textField)}");
    }
}
