using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Foreword.Data.ReferencePacks;

/// <summary>Makes C# documentation comments readable: references become names, and list items become sentences.</summary>
internal static partial class DocumentationText
{
    /// <summary>Returns the text of an element, with single spaces between words.</summary>
    public static string Plain(XElement element)
    {
        StringBuilder text = new();
        Append(element, text);
        return WhiteSpace.Replace(text.ToString(), " ").Trim();
    }

    /// <summary>
    /// Returns a documentation id in the form that a reader would write. For example, <c>M:System.IO.Stream.Read(System.Byte[],System.Int32)</c>
    /// becomes System.IO.Stream.Read(Byte[], Int32). Ids contain only numbers for type parameters. They become T, T2 ... for the type and U, U2 ...
    /// for the method.
    /// </summary>
    public static string MemberName(string id)
    {
        string name = KindPrefix.Replace(id, "");
        int parenthesis = name.IndexOf('(', StringComparison.Ordinal);
        if (parenthesis < 0)
            return Names(name);
        // In op_Explicit(System.Decimal)~System.Byte, the result's type follows the tilde.
        string[] parameters = WithoutNamespaces(name[parenthesis..]).Split('~');
        string list = Comma.Replace(Names(parameters[0]), ", ");
        return Names(name[..parenthesis]) + list + (parameters.Length > 1 ? $" to {Names(parameters[1])}" : "");
    }

    /// <summary>Returns a reference inside a sentence: a type without its namespace, or another member with its type.</summary>
    private static string Reference(string id)
    {
        string name = MemberName(id);
        int parenthesis = name.IndexOf('(', StringComparison.Ordinal);
        string[] parts = (parenthesis < 0 ? name : name[..parenthesis]).Split('.');
        bool isType = id.StartsWith("T:", StringComparison.Ordinal) || id.Contains("#ctor", StringComparison.Ordinal);
        return string.Join('.', parts[^Math.Min(parts.Length, isType ? 1 : 2)..]);
    }

    private static void Append(XElement element, StringBuilder text)
    {
        foreach (XNode node in element.Nodes())
        {
            if (node is XText words)
                text.Append(words.Value);
            else if (node is XElement inner)
                AppendElement(inner, text);
        }
    }

    private static void AppendElement(XElement element, StringBuilder text)
    {
        switch (element.Name.LocalName)
        {
            case "see" or "xref" or "paramref" or "typeparamref" when element.IsEmpty || element.Value.Length == 0:
                text.Append(ReferenceOf(element));
                break;
            case "seealso" or "listheader":
                break;
            case "para" or "p" or "br" or "list" or "ul" or "ol":
                text.Append(' ');
                Append(element, text);
                text.Append(' ');
                break;
            case "term":
                Append(element, text);
                text.Append(": ");
                break;
            case "item" or "li":
                text.Append(' ');
                Append(element, text);
                EndSentence(text);
                break;
            default: // c, code, see with its own text, emphasis
                Append(element, text);
                break;
        }
    }

    private static string ReferenceOf(XElement element)
    {
        if (element.Attribute("cref") is { } cref)
            return Reference(cref.Value);
        if (element.Attribute("uid") is { } uid)
            return Reference("T:" + uid.Value);
        return (element.Attribute("langword") ?? element.Attribute("name") ?? element.Attribute("href"))?.Value ?? "";
    }

    private static void EndSentence(StringBuilder text)
    {
        int length = text.Length;
        while (length > 0 && char.IsWhiteSpace(text[length - 1]))
            length--;
        text.Length = length;
        text.Append(length > 0 && char.IsPunctuation(text[length - 1]) ? " " : ". ");
    }

    private static string WithoutNamespaces(string types) => Namespace.Replace(types, "");

    private static string Names(string id)
    {
        string name = id.Replace(".#ctor", "", StringComparison.Ordinal).Replace('#', '.').Replace('{', '<').Replace('}', '>');
        name = Arity.Replace(name, match => $"<{string.Join(", ", Enumerable.Range(0, int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)).Select(i => TypeParameter(match.Groups[1].Length, i)))}>");
        name = TypeParameterNumber.Replace(name, match => TypeParameter(match.Groups[1].Length, int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)));
        return ArrayBounds.Replace(name, "").Replace("@", "", StringComparison.Ordinal);
    }

    /// <summary>Returns the name of a type parameter. One backtick means a parameter of the type, two mean one of the method.</summary>
    private static string TypeParameter(int ticks, int index) => (ticks == 1 ? "T" : "U") + (index == 0 ? "" : (index + 1).ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace { get; }

    [GeneratedRegex("^(.|Overload):")]
    private static partial Regex KindPrefix { get; }

    [GeneratedRegex(@"(?:\w+\.)+(?=\w)")]
    private static partial Regex Namespace { get; }

    /// <summary>Matches the number of type parameters after a name.</summary>
    [GeneratedRegex(@"(?<=\w)(`{1,2})(\d+)")]
    private static partial Regex Arity { get; }

    /// <summary>Matches the number of a type parameter in a list of parameters.</summary>
    [GeneratedRegex(@"(?<!\w)(`{1,2})(\d+)")]
    private static partial Regex TypeParameterNumber { get; }

    /// <summary>Matches a comma between names, but not one of [,].</summary>
    [GeneratedRegex(@",(?=[\w<])")]
    private static partial Regex Comma { get; }

    /// <summary>Matches the lower bounds of a multidimensional array: [0:,0:].</summary>
    [GeneratedRegex(@"0:")]
    private static partial Regex ArrayBounds { get; }
}
