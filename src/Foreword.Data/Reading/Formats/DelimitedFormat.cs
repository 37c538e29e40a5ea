using Foreword.Data.Decoding;
using Foreword.Data.Tables;

namespace Foreword.Data.Reading.Formats;

/// <summary>Reads CSV and TSV (RFC 4180). Each row is a document, in the column with the given name. Empty texts are skipped.</summary>
internal sealed class DelimitedFormat(string extension, TableFormat format) : IDocumentFormat
{
    public IReadOnlyList<string> Extensions { get; } = [extension];

    public IEnumerable<TextChunk> Read(Stream stream, string path, string textField)
    {
        TableOptions options = new() { Format = format, Header = true };
        foreach (TableRow row in TableReader.Read(stream, Compression.NameWithout(path), [textField], options))
        {
            if (row.Cells[0][0].Length > 0)
                yield return new TextChunk(row.Cells[0][0], EndsDocument: true);
        }
    }
}
