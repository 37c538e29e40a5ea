using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tasks;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.FineTuning;

public class FineTunerTests
{
    private static readonly TaskDescription Task = new()
    {
        Kind = "classification",
        Target = TargetKind.Classes,
        Labels = ["even", "odd"],
        Tokens = TaskTokens.After(300),
        ContextLength = 64,
    };

    [Theory]
    [InlineData(ModelArchitecture.Gpt1)]
    [InlineData(ModelArchitecture.Gpt2)]
    public void ASmallSetIsLearnedByHeart(ModelArchitecture architecture)
    {
        using FineTunedModel model = Model(architecture);
        EncodedExample[] examples = Examples(24);
        using FineTuner tuner = new(model, new BaseModelSection(), examples, new FineTuneConfig { Epochs = 30, BatchSize = 8, Lr = 3e-3 });
        double first = 0, last = 0;
        while (tuner.StepsMade < tuner.Steps)
        {
            last = tuner.Step().Loss;
            first = first == 0 ? last : first;
        }

        Assert.True(last < first);
        Assert.Equal(examples.Select(IsOdd), model.Outputs(examples).Select(outputs => Task.Answer(outputs).Index));
    }

    /// <summary>Compares the loss that libtorch computes for a batch with the definition in plain C#, for targets with several values.</summary>
    [Theory]
    [InlineData("multi-label", TargetKind.ClassSet)]
    [InlineData("token-labels", TargetKind.WordClasses)]
    [InlineData("span", TargetKind.Span)]
    public void TheLossIsThatOfTheTask(string kind, TargetKind target)
    {
        using var scope = NewDisposeScope();
        TaskDescription task = Task with { Kind = kind, Target = target, Labels = target == TargetKind.Span ? [] : ["a", "b", "c"] };
        EncodedExample[] examples = [Of(3), Of(5)];
        using FineTunedModel model = FineTunedModel.Create(
            LanguageModule.Create(new GptConfig { NLayer = 1, NHead = 2, NEmbd = 16, ContextLength = 64, VocabSize = 303 }, seed: 3), new TaskHead(task, 16, 0, seed: 1), task);
        float[][] outputs = model.Outputs(examples);
        TaskBatch batch = new(examples);
        using var noGradient = no_grad();
        float[] losses = model.Head.Losses(model.Head.Outputs(Hidden(model, batch), batch), batch).data<float>().ToArray();
        Assert.Equal(examples.Select((example, i) => task.Loss(example, outputs[i])), losses.Select(loss => (double)loss), (a, b) => Math.Abs(a - b) < 1e-5);

        EncodedExample Of(int words)
        {
            int[] sequence = [300, .. Enumerable.Range(7, words), 302];
            TaskPlace[] places = [.. Enumerable.Range(1, words + 1).Select(p => new TaskPlace(p, p - 1, p))];
            float[] values = target switch
            {
                TargetKind.ClassSet => [1, 0, 1],
                TargetKind.WordClasses => [.. Enumerable.Range(0, words + 1).Select(p => (float)(p % 3))],
                _ => [0, 1, 2, .. Enumerable.Repeat(0f, words - 2)],
            };
            return new EncodedExample(new TaskSequences([sequence], false) { Places = target == TargetKind.ClassSet ? null : [places], Text = "the text" }, values, 1);
        }
    }

    private static Tensor Hidden(FineTunedModel model, TaskBatch batch)
    {
        using Foreword.Torch.Paths.IModelPath path = Foreword.Torch.Paths.ModelPath.Create(model.Model);
        return path.Hidden(batch.Ids(model.Device));
    }

    [Fact]
    public void AccumulatedMicroBatchesEqualOneLargeBatch()
    {
        EncodedExample[] examples = Examples(16);
        using FineTunedModel whole = Model(ModelArchitecture.Gpt2), parts = Model(ModelArchitecture.Gpt2);
        using FineTuner one = new(whole, new BaseModelSection(), examples, new FineTuneConfig { BatchSize = 16, Epochs = 1 });
        using FineTuner four = new(parts, new BaseModelSection(), examples, new FineTuneConfig { BatchSize = 4, GradientAccumulation = 4, Epochs = 1 });
        (StepResult a, StepResult b) = (one.Step(), four.Step());
        Assert.Equal(a.Loss, b.Loss, 1e-5);
        Assert.Equal(a.GradNorm, b.GradNorm, 1e-4);
        Assert.Equal((1, 1), (one.Steps, four.Steps));
    }

    [Fact]
    public void PaddingChangesNoGradient()
    {
        using var scope = NewDisposeScope();
        EncodedExample[] examples = [Example(1, 4), Example(2, 20)];
        using FineTunedModel together = Model(ModelArchitecture.Gpt2), apart = Model(ModelArchitecture.Gpt2);
        using FineTuner padded = new(together, new BaseModelSection(), examples, new FineTuneConfig()), plain = new(apart, new BaseModelSection(), examples, new FineTuneConfig());
        double loss = padded.Backward(new TaskBatch(examples), 1).Joint;
        Assert.Equal(loss, examples.Sum(example => plain.Backward(new TaskBatch([example]), 0.5).Joint), 1e-5);
        foreach (var ((name, a), (_, b)) in padded.Trainable.Zip(plain.Trainable))
            Assert.True(Golden.Difference(a.grad!, b.grad!) < 1e-5, name);
    }

    [Fact]
    public void OnlyTheTaskTokensAreTargetsWhereTheRecipeSaysSo()
    {
        using var scope = NewDisposeScope();
        TaskTokens tokens = Task.Tokens!;
        EncodedExample example = new(new TaskSequences([[tokens.Start, 5, tokens.Delimiter, 6, 7, tokens.Extract]], false), [1, 0], 1);
        TaskBatch batch = new([example]);
        (Tensor rows, Tensor targets, Tensor weights) = batch.LanguageModelPositions(LanguageModelOn.TaskTokens, tokens, CPU);
        Assert.Equal([1L, 4], rows.data<long>().ToArray());
        Assert.Equal([(long)tokens.Delimiter, tokens.Extract], targets.data<long>().ToArray());
        Assert.Equal([0.5f, 0.5f], weights.data<float>().ToArray());
        Assert.Equal([5L, tokens.Delimiter, 6, 7, tokens.Extract], batch.LanguageModelPositions(LanguageModelOn.All, tokens, CPU).Targets.data<long>().ToArray());
    }

    [Fact]
    public void WithoutTheAuxiliaryLossTheOutputLayerGetsNoGradientOfItsOwn()
    {
        using var scope = NewDisposeScope();
        using FineTunedModel model = Model(ModelArchitecture.Gpt2);
        using FineTuner tuner = new(model, new BaseModelSection(), Examples(4), new FineTuneConfig { LmCoefficient = 0 });
        tuner.Backward(new TaskBatch([Example(1, 4)]), 1);
        // Only the rows of tokens in the input have a gradient.
        Assert.Equal(0, model.Model.TokenEmbedding.grad!.narrow(0, 250, 40).abs().max().item<float>());
    }

    [Fact]
    public void FrozenBlocksAndEmbeddingsStayWhileTheTaskTokensLearn()
    {
        using var scope = NewDisposeScope();
        using FineTunedModel model = Model(ModelArchitecture.Gpt2);
        Dictionary<string, Tensor> before = Snapshot(model);
        using FineTuner tuner = new(model, new BaseModelSection { Freeze = 1 }, Examples(16), new FineTuneConfig { BatchSize = 8, Lr = 1e-2 });
        tuner.Step(); // the first step has rate 0
        tuner.Step();
        Assert.True(model.Model.TokenEmbedding[..300].equal(before["wte.weight"][..300]).all().ToBoolean());
        Assert.False(model.Model.TokenEmbedding[300..].equal(before["wte.weight"][300..]).all().ToBoolean());
        foreach (var (name, value) in model.Model.named_parameters().Where(p => p.name != "wte.weight"))
            Assert.Equal(name.StartsWith("h.0.", StringComparison.Ordinal) || name == "wpe.weight", value.equal(before[name]).all().ToBoolean());
    }

    [Fact]
    public void AdaptersLearnWhileTheWeightsStayAndAreMergedWhenSaved()
    {
        using var scope = NewDisposeScope();
        using FineTunedModel model = Model(ModelArchitecture.Gpt2), plain = Model(ModelArchitecture.Gpt2);
        model.Model.AddAdapters(2, 4, ["c_attn", "mlp.c_proj"], 5);
        EncodedExample[] examples = Examples(16);
        Assert.All(plain.Outputs(examples)[3].Zip(model.Outputs(examples)[3]), pair => Assert.Equal(pair.First, pair.Second, 1e-6f)); // a model with adapters uses autograd
        Dictionary<string, Tensor> before = Snapshot(model);
        using FineTuner tuner = new(model, new BaseModelSection { LoraRank = 2 }, examples, new FineTuneConfig { BatchSize = 8, Lr = 1e-2, Epochs = 4 });
        Assert.Equal(
            ["task_tokens", "h.0.attn.c_attn.lora_a", "h.0.attn.c_attn.lora_b", "h.0.mlp.c_proj.lora_a", "h.0.mlp.c_proj.lora_b"],
            tuner.Trainable.Take(5).Select(p => p.Name));
        for (int i = 0; i < 4; i++)
            tuner.Step();
        foreach (var (name, value) in model.Model.named_parameters().Where(p => p.name != "wte.weight"))
            Assert.True(value.equal(before[name]).all().ToBoolean(), name);
        foreach (var (name, value) in plain.Model.named_parameters())
        {
            using var noGradient = no_grad();
            value.copy_(model.Model.Merged(name));
        }

        plain.Head.load_state_dict(model.Head.state_dict());
        float[] adapted = model.Outputs(examples)[3], merged = plain.Outputs(examples)[3];
        Assert.NotEqual(0, adapted[0]);
        Assert.Equal(adapted[0], merged[0], 1e-5f);
        Assert.Equal(adapted[1], merged[1], 1e-5f);
    }

    [Fact]
    public void AStepLeavesNoTensorsBehind()
    {
        using FineTunedModel model = Model(ModelArchitecture.Gpt1);
        using FineTuner tuner = new(model, new BaseModelSection(), Examples(16), new FineTuneConfig { BatchSize = 8, Epochs = 3 });
        tuner.Step();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        tuner.Step();
        tuner.Step();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Dictionary<string, Tensor> Snapshot(FineTunedModel model) => model.Model.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach().clone());

    private static FineTunedModel Model(ModelArchitecture architecture)
    {
        GptConfig config = Golden.Config("gpt2-tiny") with { Architecture = architecture, NLayer = 2, VocabSize = 303 };
        return FineTunedModel.Create(new GptModel(config, seed: 3), new TaskHead(Task, config.NEmbd, 0, 4), Task);
    }

    private static EncodedExample[] Examples(int count) => [.. Enumerable.Range(0, count).Select(i => Example(i, 3 + i % 5))];

    /// <summary>Creates a text that begins with one of two words. The label states which one.</summary>
    private static EncodedExample Example(int number, int length) => new(
        new TaskSequences([[Task.Tokens!.Start, 10 + number % 2, .. Enumerable.Range(0, length).Select(t => 20 + (number * 7 + t) % 200), Task.Tokens!.Extract]], false),
        number % 2 == 0 ? [1, 0] : [0, 1], 1);

    private static int IsOdd(EncodedExample example) => example.Target[1] == 1 ? 1 : 0;
}
