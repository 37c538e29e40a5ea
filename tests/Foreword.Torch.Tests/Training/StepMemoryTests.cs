using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Paths;
using Foreword.Torch.Training;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Training;

/// <summary>Tests that a step keeps no tensors. Memory that grows with every step ends a run after hours.</summary>
public sealed class StepMemoryTests
{
    [Theory]
    [InlineData(false, FusedChoice.Auto)]
    [InlineData(false, FusedChoice.Off)]
    [InlineData(true, FusedChoice.Auto)]
    [InlineData(true, FusedChoice.Off)]
    public void TheNumberOfTensorsStaysTheSame(bool isLstm, FusedChoice choice)
    {
        ModelConfig config = isLstm ? new LstmConfig { NEmbd = 32, NHidden = 32, ContextLength = 24, VocabSize = 65 } : new GptConfig { NLayer = 2, NHead = 2, NEmbd = 32, ContextLength = 24, VocabSize = 65 };
        using LanguageModule model = LanguageModule.Create(config, 3, Precision.Fp32);
        using IModelPath path = ModelPath.Create(model, choice);
        using TrainedWeights trained = TrainedWeights.All(model);
        using Optimizer optimizer = Optimizer.Create(OptimizerKind.AdamW, trained.Parameters, new(0.9, 0.95, 1e-8, 0.1), Precision.Fp32);
        Step();
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 5; i++)
            Step();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Step()
        {
            using (NewDisposeScope())
                path.Backward(zeros([2, 24], int64), zeros([2, 24], int64), 1);
            trained.TakeRowGradients();
            optimizer.Step(1e-3, 1);
        }
    }
}
