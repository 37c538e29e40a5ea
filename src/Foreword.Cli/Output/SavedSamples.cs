using System.Text;

namespace Foreword.Cli.Output;

/// <summary>Writes generated texts to files in the layouts of GPT2-Chinese (Morizeyao/GPT2-Chinese, generate.py and generate_texts.py).</summary>
internal static class SavedSamples
{
    private const string FileName = "samples.txt";

    /// <summary>
    /// Returns the file for a path that a user gives: the path itself if it ends in <c>.txt</c>; otherwise, <c>samples.txt</c> in that directory.
    /// </summary>
    public static string FileFor(string path) =>
        !Directory.Exists(path) && Path.GetExtension(path).Equals(".txt", StringComparison.OrdinalIgnoreCase) ? path : Path.Combine(path, FileName);

    /// <summary>Returns the name of an article's file: the number of its title and its own number, both from 0.</summary>
    public static string ArticleName(int title, int article) => $"{title}-{article}.txt";

    /// <summary>Checks that no file exists that samples would replace. Call it before generating anything.</summary>
    /// <exception cref="IOException">A file exists.</exception>
    public static void CheckNew(IEnumerable<string> files)
    {
        if (files.FirstOrDefault(File.Exists) is { } existing)
            throw new IOException($"{existing} exists; move it away, or choose another place for the texts");
    }

    /// <summary>Creates the directory of a file, and checks that the file can be written.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Prepare(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        OutputFile.Check(path);
    }

    /// <summary>Writes all samples to one file. The number of each is on a line of its own before it.</summary>
    /// <param name="path">The file, in an existing directory.</param>
    /// <param name="texts">The texts. White space around them is not written.</param>
    public static void WriteAll(string path, IEnumerable<string> texts) => Write(path, writer =>
    {
        foreach ((int index, string text) in texts.Index())
            writer.Write($"{new string('=', 40)} SAMPLE {index + 1} {new string('=', 40)}\n{text.Trim()}\n{new string('=', 90)}\n\n");
    });

    /// <summary>Writes one article to a file, with a line break after it.</summary>
    /// <param name="path">The file. Its directory is created.</param>
    /// <param name="text">The article. White space around it is not written.</param>
    public static void WriteArticle(string path, string text)
    {
        Prepare(path);
        Write(path, writer => writer.Write(text.Trim() + "\n"));
    }

    private static void Write(string path, Action<StreamWriter> write) => OutputFile.Write(path, stream =>
    {
        using StreamWriter writer = new(stream, new UTF8Encoding(false), leaveOpen: true);
        write(writer);
    });
}
