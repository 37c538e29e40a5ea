using System.Xml;
using System.Xml.Linq;
using Foreword.Data.Decoding;

namespace Foreword.Data.Tables;

/// <summary>
/// Reads the XML of COPA. Each <c>item</c> is a row. Its columns are its elements (<c>p</c>, <c>a1</c>, <c>a2</c>) and its attributes
/// (<c>asks-for</c>, <c>most-plausible-alternative</c>).
/// </summary>
internal sealed class CopaTable : ITableFormat
{
    public IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options)
    {
        XDocument document = Load(stream, name);
        XElement[] items = [.. document.Descendants("item")];
        if (items.Length == 0)
            throw new InvalidDataException($"{name}: there is no <item>; expected COPA's XML");
        foreach (XElement item in items)
        {
            long line = ((IXmlLineInfo)item).LineNumber;
            KeyValuePair<string, string>[] fields =
            [
                .. item.Attributes().Select(attribute => KeyValuePair.Create(attribute.Name.LocalName, attribute.Value)),
                .. item.Elements().Select(element => KeyValuePair.Create(element.Name.LocalName, element.Value)),
            ];
            yield return Row(fields, name, line, columns) with { Input = options.KeepsInput ? fields : [] };
        }
    }

    private static TableRow Row(KeyValuePair<string, string>[] fields, string name, long line, IReadOnlyList<string> columns)
    {
        try
        {
            int[][] places = TableColumns.Places(columns, [.. fields.Select(field => field.Key)], $"{name}:{line}");
            return new TableRow(name, line, [.. places.Select(joined => new[] { TableColumns.Join([.. joined.Select(place => fields[place].Value)]) })]);
        }
        catch (InvalidDataException problem)
        {
            return new TableRow(name, line, [.. columns.Select(_ => Array.Empty<string>())]) { Fault = problem.Message };
        }
    }

    private static XDocument Load(Stream stream, string name)
    {
        try
        {
            using XmlReader reader = XmlReader.Create(stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return XDocument.Load(reader, LoadOptions.SetLineInfo);
        }
        catch (XmlException problem)
        {
            throw XmlFault.Create(name, problem);
        }
    }
}
