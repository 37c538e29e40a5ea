using System.Xml;
using System.Xml.Linq;

namespace Foreword.Data.Tables;

/// <summary>
/// COPA's XML: a row is an <c>item</c>, its columns are the elements in it (<c>p</c>, <c>a1</c>, <c>a2</c>) and its attributes
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
            Dictionary<string, string> fields = new(StringComparer.Ordinal);
            foreach (XAttribute attribute in item.Attributes())
                fields[attribute.Name.LocalName] = attribute.Value;
            foreach (XElement element in item.Elements())
                fields[element.Name.LocalName] = element.Value;
            string[] names = [.. fields.Keys];
            yield return new TableRow(name, line, [.. TableColumns.Places(columns, names, $"{name}:{line}").Select(place => new[] { fields[names[place]] })]);
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
            throw new InvalidDataException($"{name}:{problem.LineNumber}: the XML is broken: {problem.Message}", problem);
        }
    }
}
