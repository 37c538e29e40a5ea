using Foreword.Models;
using Foreword.Tests.Contracts;
using Foreword.Torch.Inference;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Inference;

public sealed class TorchLanguageModelTests : LanguageModelContract
{
    protected override float RecordedTolerance => 1e-4f;

    protected override float RepeatedTolerance => 1e-5f;

    protected override TorchLanguageModel Load(string path) => new(ModelFiles.Load(path, Precision.Fp32, CPU));

    [Fact]
    public void DecodersLeaveNoTensorsBehind()
    {
        using TorchLanguageModel model = new(Golden.Model("gpt2-tiny"));
        Run(); // allocates what the process keeps in any case
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Run()
        {
            using IDecoder decoder = model.CreateDecoder();
            decoder.Append(new int[40]);
            using IDecoder shares = decoder.Fork();
            model.AppendEach([decoder, shares], [1, 2], new float[600]);
            using IDecoder copies = shares.Fork();
            model.AppendEach([copies, shares], [1, 2], new float[600]);
        }
    }
}
