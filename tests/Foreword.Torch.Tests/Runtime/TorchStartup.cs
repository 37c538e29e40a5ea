using Foreword.Torch.Runtime;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestPipelineStartup(typeof(Foreword.Torch.Tests.Runtime.TorchStartup))]

namespace Foreword.Torch.Tests.Runtime;

/// <summary>
/// Initializes libtorch before the first test. Some tests use TorchSharp before Foreword.Torch, and any of them may run first. A module initializer would
/// also load Foreword.Torch into the process that measures coverage, which leaves out every package that it has loaded itself.
/// </summary>
public sealed class TorchStartup : ITestPipelineStartup
{
    public ValueTask StartAsync(IMessageSink diagnosticMessageSink)
    {
        TorchRuntime.Initialize();
        return ValueTask.CompletedTask;
    }

    public ValueTask StopAsync() => ValueTask.CompletedTask;
}
