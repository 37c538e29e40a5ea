using System.Text;

namespace Foreword.Cli.Output;

/// <summary>
/// Prints texts that are generated at the same time one after the other. The first is printed while it is generated; the others wait. Each
/// begins with a heading and ends with a line break.
/// </summary>
internal sealed class OrderedText(TextWriter output, string[] headings)
{
    private readonly StringBuilder[] _waiting = [.. headings.Select(heading => new StringBuilder(heading))];

    /// <summary>Appends a part to a text.</summary>
    public void Append(int text, string chunk)
    {
        _waiting[text].Append(chunk);
        if (text == 0)
            Print(0);
    }

    /// <summary>Prints the remaining texts when all of them are complete.</summary>
    public void Finish()
    {
        for (int text = 0; text < headings.Length; text++)
        {
            Print(text);
            output.WriteLine();
        }
    }

    private void Print(int text)
    {
        output.Write(_waiting[text]);
        _waiting[text].Clear();
    }
}
