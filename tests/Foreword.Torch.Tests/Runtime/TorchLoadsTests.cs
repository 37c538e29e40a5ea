using Foreword.Torch.Runtime;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Runtime;

public sealed class TorchLoadsTests
{
    private static readonly string Library = Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).FirstOrDefault("");

    [Fact]
    public void LibtorchComputes()
    {
        using var sum = ones(3).sum();
        Assert.Equal(3f, sum.item<float>());
    }

    [Fact]
    public void AnOlderLibstdcxxIsEnoughForThePatchedLibrary()
    {
        Assert.SkipWhen(Library.Length == 0, "libLibTorchSharp.so belongs to Linux");
        byte[] library = File.ReadAllBytes(Library), original = [.. library];
        Assert.True(LibstdcxxVersions.Lower(library));

        // Only the hash and the name of two entries changed: the needs of GLIBCXX_3.4.30 and GLIBCXX_3.4.32, as readelf -V lists them.
        int[] changed = [.. Enumerable.Range(0, library.Length).Where(i => library[i] != original[i])];
        Assert.InRange(changed.Length, 2, 16);
        Assert.True(changed[^1] - changed[0] < 1024, "only the table of version needs changes");
        Assert.False(LibstdcxxVersions.Lower(library), "nothing newer is left");
    }

    [Fact]
    public void WhatIsNoWholeLibraryStaysAsItIs()
    {
        Assert.False(LibstdcxxVersions.Lower([]));
        Assert.False(LibstdcxxVersions.Lower(new byte[100]));
        Assert.SkipWhen(Library.Length == 0, "libLibTorchSharp.so belongs to Linux");
        byte[] cut = File.ReadAllBytes(Library)[..^1000];
        Assert.False(LibstdcxxVersions.Lower(cut));
    }
}
