using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace Foreword.Data.Reading.Formats;

/// <summary>
/// Reads the visible text of HTML, with each block on its own line. A file is one document. Scripts, styles and form controls are skipped.
/// </summary>
internal sealed class HtmlFormat : IDocumentFormat
{
    private static readonly HashSet<string> Unseen = ["head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "button", "select", "textarea", "input"];

    private static readonly HashSet<string> Blocks =
    [
        "address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tr", "ul",
    ];

    public IReadOnlyList<string> Extensions { get; } = [".html", ".htm", ".xhtml"];

    public IEnumerable<TextChunk> Read(Stream stream, string path, string textField)
    {
        Utf8Characters source = new(stream, path);
        StringBuilder html = new();
        char[] buffer = new char[1 << 16];
        while (!source.AtEnd)
            html.Append(buffer, 0, source.Fill(buffer));
        using IDocument document = new HtmlParser().ParseDocument(html.ToString());
        Text text = new();
        if (document.DocumentElement is { } root)
            text.Add(root, preformatted: false);
        if (text.ToString() is { Length: > 0 } seen)
            yield return new TextChunk(seen, EndsDocument: true);
    }

    /// <summary>Builds the text. White space between words becomes one space, and between blocks one line feed.</summary>
    private sealed class Text
    {
        private readonly StringBuilder _text = new();
        private bool _space;
        private bool _line;

        public void Add(INode node, bool preformatted)
        {
            if (node is IText text)
                Add(text.Data, preformatted);
            if (node is not IElement element)
                return;
            string name = element.LocalName;
            if (Unseen.Contains(name) || element.HasAttribute("hidden"))
                return;
            bool block = Blocks.Contains(name) || name == "br";
            _line |= block;
            foreach (INode child in element.ChildNodes)
                Add(child, preformatted || name == "pre");
            _line |= block;
            _space |= name is "td" or "th";
        }

        public override string ToString() => _text.ToString();

        private void Add(string text, bool preformatted)
        {
            foreach (char character in text)
            {
                if (preformatted && character == '\n')
                {
                    _line = true;
                }
                else if (char.IsWhiteSpace(character) && character != '\u00A0' && !preformatted)
                {
                    _space = true;
                }
                else
                {
                    Separate();
                    _text.Append(character == '\u00A0' ? ' ' : character);
                }
            }
        }

        private void Separate()
        {
            if (_text.Length > 0 && (_line || _space))
                _text.Append(_line ? '\n' : ' ');
            (_line, _space) = (false, false);
        }
    }
}
