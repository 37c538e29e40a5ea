using Foreword.IO;

namespace Foreword.Tests.IO;

public sealed class StagedDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ADirectoryTakesThePlaceOfNothingOrOfAnEmptyOne()
    {
        string target = _directory.File("target");
        Write(target, staged => staged.Commit());
        Directory.Delete(target, recursive: true);
        Directory.CreateDirectory(target);
        Write(target, staged => staged.Commit());
        Assert.Equal(["target"], Directory.GetFileSystemEntries(_directory.Path).Select(Path.GetFileName));
        Assert.Equal("new", File.ReadAllText(Path.Combine(target, "file")));
    }

    /// <summary>The target may appear after the staged directory was begun, possibly hours later.</summary>
    [Theory]
    [InlineData("target/file")]
    [InlineData("target")]
    public void WhatHasAppearedAtTheTargetStays(string file)
    {
        string target = _directory.File("target");
        Assert.Equal($"{target} already exists", Assert.Throws<IOException>(() => Write(target, staged =>
        {
            _directory.Write(file, "somebody's");
            staged.Commit();
        })).Message);
        Assert.Equal(["target"], Directory.GetFileSystemEntries(_directory.Path).Select(Path.GetFileName));
        Assert.Equal("somebody's", File.ReadAllText(_directory.File(file)));
    }

    [Fact]
    public void OnlyWhoSaysSoReplacesWhatIsThere()
    {
        _directory.Write("target/old", "old");
        Write(_directory.File("target"), staged => staged.Replace());
        Assert.Equal(["file"], Directory.GetFileSystemEntries(_directory.File("target")).Select(Path.GetFileName));
        Write(_directory.File("another"), staged => staged.Replace());
        Assert.Equal(["another", "target"], Directory.GetFileSystemEntries(_directory.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void ADirectoryThatCannotBeMovedLeavesWhatWasThere()
    {
        _directory.Write("target/old", "old");
        Assert.ThrowsAny<IOException>(() => Write(_directory.File("target"), staged =>
        {
            Directory.Delete(staged.Path, recursive: true);
            staged.Replace();
        }));
        Assert.Equal("old", File.ReadAllText(_directory.File("target/old")));
        Assert.Equal(["target"], Directory.GetFileSystemEntries(_directory.Path).Select(Path.GetFileName));
    }

    private static void Write(string target, Action<StagedDirectory> end)
    {
        using StagedDirectory staged = StagedDirectory.Start(target);
        File.WriteAllText(Path.Combine(staged.Path, "file"), "new");
        end(staged);
    }
}
