namespace Foreword.Tests;

/// <summary>Finds files of tests/fixtures, which are copied next to the test assembly, and creates temporary directories.</summary>
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
