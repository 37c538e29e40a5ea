using static TorchSharp.torch;

namespace Foreword.Tests;

public sealed class TorchLoadsTests
{
    [Fact]
    public void LibtorchComputes()
    {
        using var sum = ones(3).sum();
        Assert.Equal(3f, sum.item<float>());
    }
}
