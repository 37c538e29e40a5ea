namespace Foreword.Tests;

/// <summary>Files under tests/fixtures, copied beside the test assembly, and throw-away directories.</summary>
internal static class Fixtures
{
    public static string Path(string relative)
    {
        string path = System.IO.Path.Combine(AppContext.BaseDirectory, "fixtures", relative);
        Assert.True(File.Exists(path) || Directory.Exists(path), $"fixture {relative} is missing");
        return path;
    }

    public static TemporaryDirectory NewDirectory() => new();
}

/// <summary>A directory that is gone when the test ends.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("foreword-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        string path = File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
