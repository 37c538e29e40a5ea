using System.Text;

namespace Foreword.Cli.Output;

/// <summary>Prints texts that are written at the same time one after the other: the first streams, the others wait. Each begins with a heading and ends with a line break.</summary>
internal sealed class OrderedText(TextWriter output, string[] headings)
{
    private readonly StringBuilder[] _waiting = [.. headings.Select(heading => new StringBuilder(heading))];

    /// <summary>The next piece of a text.</summary>
    public void Append(int text, string chunk)
    {
        _waiting[text].Append(chunk);
        if (text == 0)
            Print(0);
    }

    /// <summary>All texts are whole.</summary>
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
