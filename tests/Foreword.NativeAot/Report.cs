using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Foreword.NativeAot;

/// <summary>Writes down results so that two runs can be compared: texts as they are, numbers and files as hashes, paths without what differs from run to run.</summary>
internal sealed class Report(string fixtures, TextWriter output) : IDisposable
{
    private readonly TemporaryDirectory _work = new();

    /// <summary>A file or directory of the tests.</summary>
    public string Fixture(string path) => Path.Combine(fixtures, path);

    /// <summary>A place to write to.</summary>
    public string Work(string name) => _work.File(name);

    /// <summary>A new, empty directory.</summary>
    public string NewDirectory(string name) => Directory.CreateDirectory(Work(name)).FullName;

    /// <summary>Writes a text file.</summary>
    public string Write(string name, string text) => _work.Write(name, text);

    public void Say(string what, string result) => output.WriteLine(Shown($"{what}: {result}"));

    /// <summary>Reports a result as <see cref="Say(string, string)"/> does, within a query.</summary>
    public string Said(string what, string result)
    {
        Say(what, result);
        return result;
    }

    public void Say(string what, IEnumerable<float> numbers) =>
        Say(what, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(numbers.ToArray()))));

    public void Say(string what, IEnumerable<int> ids) => Say(what, string.Join(' ', ids));

    public void Say(string what, IEnumerable<double> numbers) => Say(what, string.Join(' ', numbers.Select(number => number.ToString("R", CultureInfo.InvariantCulture))));

    /// <summary>Reports the names of a directory's files, and a hash of their contents.</summary>
    public void SayFiles(string what, string path)
    {
        string[] files = File.Exists(path) ? [path] : [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        foreach (string file in files)
            Say($"{what}: {Path.GetFileName(file)}", Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))));
    }

    /// <summary>Reports the sentence with which something is refused, at the latest when it has been read to the end.</summary>
    public void SayRefusal<T>(string what, Func<IEnumerable<T>> read) => SayRefusal(what, () =>
    {
        foreach (T _ in read())
        {
            // reading is what matters
        }
    });

    /// <summary>Reports the sentence with which something is refused.</summary>
    public void SayRefusal(string what, Action action)
    {
        try
        {
            action();
            Say(what, "is not refused");
        }
        catch (Exception refusal)
        {
            Say(what, $"{refusal.GetType().Name}: {refusal.Message}");
        }
    }

    public void Dispose() => _work.Dispose();

    private string Shown(string text) => text.Replace(_work.Path, "WORK", StringComparison.Ordinal).Replace(fixtures, "FIXTURES", StringComparison.Ordinal).ReplaceLineEndings("\\n");
}
