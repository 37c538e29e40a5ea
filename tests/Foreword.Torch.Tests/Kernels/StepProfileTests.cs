using Foreword.Torch.Kernels;

namespace Foreword.Torch.Tests.Kernels;

public sealed class StepProfileTests
{
    [Fact]
    public void AnInnerOperationCountsForItselfAlone()
    {
        StepProfile profile = new();
        using (profile.Time("outer"))
        {
            for (int i = 0; i < 2; i++)
            {
                using (profile.Time("inner", 100))
                    Thread.Sleep(20);
            }
        }

        ProfiledOperation inner = profile.Operations[0], outer = profile.Operations[1];
        Assert.Equal(("inner", 2, 200), (inner.Name, inner.Calls, inner.Flops));
        Assert.Equal(("outer", 1, 0), (outer.Name, outer.Calls, outer.Flops));
        Assert.True(outer.Seconds < inner.Seconds);
    }
}
