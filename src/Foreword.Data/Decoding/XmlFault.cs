using System.Xml;

namespace Foreword.Data.Decoding;

/// <summary>Describes XML that cannot be parsed.</summary>
internal static class XmlFault
{
    /// <summary>Creates the exception for text that is not XML. Its message names the file, the line and the parser's reason, without the parser's position.</summary>
    /// <param name="name">The name of the file.</param>
    /// <param name="problem">The exception of the parser.</param>
    public static InvalidDataException Create(string name, XmlException problem)
    {
        int position = problem.Message.LastIndexOf(" Line ", StringComparison.Ordinal);
        string reason = (position < 0 ? problem.Message : problem.Message[..position]).TrimEnd('.');
        return new InvalidDataException($"{name}{(problem.LineNumber > 0 ? $":{problem.LineNumber}" : "")}: the XML is broken: {reason}", problem);
    }
}
