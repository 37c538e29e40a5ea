using System.Text.Json;
using Foreword.Data.Recipes;
using Foreword.Tasks;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch.Tests.FineTuning;

/// <summary>Compares losses, logits, gradients and optimizer steps with the recorded tasks (tests/fixtures/golden/gpt1-tiny/finetune).</summary>
public class FineTuningGoldenTests
{
    private const string Folder = "gpt1-tiny/finetune";
    private static readonly TaskTokens Tokens = TaskTokens.After(300);

    public static TheoryData<string, string, TargetKind, int> Tasks => new()
    {
        { "classification", "classification", TargetKind.Classes, 3 },
        { "multiple_choice", "multiple-choice", TargetKind.Choice, 2 },
        { "similarity", "similarity", TargetKind.Classes, 2 },
        { "similarity_regression", "similarity", TargetKind.Score, 0 },
    };

    [Theory, MemberData(nameof(Tasks))]
    public void LossesLogitsAndGradientsEqualTheReference(string folder, string kind, TargetKind target, int labels)
    {
        using var scope = NewDisposeScope();
        (GptModel body, TaskHead head, EncodedExample[] examples, TaskDescription task) = Open(folder, kind, target, labels);
        TaskBatch batch = new(examples);
        var expected = Golden.Tensors(Folder, $"{folder}/expected.safetensors");

        Tensor outputs = head.Outputs(body.Hidden(batch.Ids(CPU)), batch);
        Assert.InRange(Golden.Difference(outputs, expected["clf_logits"].reshape(outputs.shape)), 0, 1e-4f);
        Assert.InRange(Golden.Difference(head.Losses(outputs, batch), expected["clf_losses"]), 0, 1e-4f);
        AssertLanguageModelLosses(body, batch, expected["lm_losses.tokens"]);

        using FineTunedModel model = FineTunedModel.Create(body, head, task);
        using FineTuner tuner = new(model, new BaseModelSection(), examples, new FineTuneConfig());
        TaskLosses losses = tuner.Backward(batch, 1);
        using JsonDocument scalars = JsonDocument.Parse(File.ReadAllText(Fixtures.Path($"golden/{Folder}/{folder}/expected.json")));
        Assert.Equal(scalars.RootElement.GetProperty("total.tokens").GetDouble(), losses.Joint, 1e-4);
        Assert.Equal(scalars.RootElement.GetProperty("clf_loss_mean").GetDouble(), losses.Task, 1e-4);
        Assert.Equal(scalars.RootElement.GetProperty("lm_loss_mean.tokens").GetDouble(), losses.LanguageModel, 1e-4);
        Dictionary<string, Tensor> gradients = Golden.Tensors(Folder, $"{folder}/grads.tokens.safetensors");
        Assert.Equal(gradients.Count, tuner.Trainable.Count);
        foreach (var (name, parameter) in tuner.Trainable)
        {
            float tolerance = Math.Max(2e-4f, 1e-4f * gradients[name].abs().max().item<float>());
            Assert.InRange(Golden.Difference(parameter.grad!, gradients[name]), 0, tolerance);
        }
    }

    [Theory, MemberData(nameof(Tasks))]
    public void TheLossThatIsReportedEqualsTheOneThatIsTrained(string folder, string kind, TargetKind target, int labels)
    {
        using var scope = NewDisposeScope();
        (GptModel body, TaskHead head, EncodedExample[] examples, TaskDescription task) = Open(folder, kind, target, labels);
        using FineTunedModel model = FineTunedModel.Create(body, head, task);
        Tensor expected = Golden.Tensors(Folder, $"{folder}/expected.safetensors")["clf_losses"];
        float[][] outputs = model.Outputs(examples);
        for (int i = 0; i < examples.Length; i++)
            Assert.Equal(expected[i].item<float>(), task.Loss(outputs[i], examples[i].Target), 1e-4);
    }

    /// <summary>
    /// The recorded steps follow the objective of the original code, whose softmax also includes the position rows. The test computes that
    /// objective in a simple way, so that the optimizer and the schedule can be compared.
    /// </summary>
    [Fact]
    public void FiveStepsOfTheOriginalOptimizerEqualTheReference()
    {
        using var scope = NewDisposeScope();
        (GptModel body, TaskHead head, EncodedExample[] examples, _) = Open("classification", "classification", TargetKind.Classes, 3);
        using JsonDocument trace = JsonDocument.Parse(File.ReadAllText(Fixtures.Path($"golden/{Folder}/optimizer/trace.json")));
        JsonElement recorded = trace.RootElement.GetProperty("openai");
        TaskBatch batch = new(examples);
        (string Name, Parameter Value)[] parameters = [.. body.named_parameters(), .. head.named_parameters()];
        using Optimizer optimizer = Optimizer.Create(OptimizerKind.OpenAiAdam, parameters, new AdamWOptions(0.9, 0.999, 1e-8, 0.01), Precision.Fp32);
        LearningRate schedule = new(LearningRateSchedule.Linear, 1e-3, 0, 0.2 * 10, 10);
        for (int step = 0; step < 5; step++)
        {
            using var inner = NewDisposeScope();
            Tensor loss = OriginalObjective(body, head, batch);
            loss.backward();
            Assert.Equal(recorded.GetProperty("loss")[step].GetDouble(), loss.ToDouble(), 1e-4);
            Assert.Equal(recorded.GetProperty("scheduled_lr")[step].GetDouble(), schedule.At(step), 1e-12);
            double norm = optimizer.Step(schedule.At(step), 1);
            Assert.Equal(recorded.GetProperty("grad_norm_before_clip")[step].GetDouble(), norm, 1e-3);
            if (step is 0 or 2 or 4)
                AssertParameters(parameters, Golden.Tensors(Folder, $"optimizer/openai_adam_step{step + 1}.safetensors"));
        }
    }

    private static Tensor OriginalObjective(GptModel body, TaskHead head, TaskBatch batch)
    {
        Tensor hidden = body.Hidden(batch.Ids(CPU)); // (S, T, C)
        Tensor table = cat([body.TokenEmbedding, body.get_parameter("wpe.weight")!.narrow(0, 0, batch.Length)], 0);
        (Tensor rows, Tensor targets, Tensor weights) = batch.LanguageModelPositions(LanguageModelOn.All, Tokens, CPU);
        Tensor logits = F.linear(hidden.reshape(-1, body.Config.NEmbd).index_select(0, rows), table);
        Tensor auxiliary = (F.cross_entropy(logits, targets, reduction: nn.Reduction.None) * weights).sum();
        return head.Losses(head.Outputs(hidden, batch), batch).mean() + auxiliary * 0.5;
    }

    private static void AssertParameters(IEnumerable<(string Name, Parameter Value)> parameters, Dictionary<string, Tensor> expected)
    {
        long entries = 0, near = 0;
        foreach (var (name, parameter) in parameters)
        {
            Tensor value = parameter.detach();
            if (name == "wpe.weight")
                value = value.narrow(0, 0, expected[name].shape[0]);
            Tensor difference = (value - expected[name].reshape(value.shape)).abs();
            if (name.EndsWith("c_attn.bias", StringComparison.Ordinal)) // the gradient of the keys' third is exactly 0 in theory, see the fixtures' README
                difference = cat([difference.narrow(0, 0, 32), difference.narrow(0, 64, 32)]);
            Assert.InRange(difference.max().item<float>(), 0, 1e-4f);
            entries += difference.NumberOfElements;
            near += difference.le(5e-6).sum().ToInt64();
        }

        Assert.True(near >= 0.999 * entries, $"{entries - near} of {entries} entries differ by more than 5e-6");
    }

    private static void AssertLanguageModelLosses(GptModel body, TaskBatch batch, Tensor expected)
    {
        (Tensor rows, Tensor targets, Tensor weights) = batch.LanguageModelPositions(LanguageModelOn.All, Tokens, CPU);
        Tensor states = body.Hidden(batch.Ids(CPU)).reshape(-1, body.Config.NEmbd);
        Tensor nll = F.cross_entropy(body.Head(states.index_select(0, rows)), targets, reduction: nn.Reduction.None);
        Tensor sequenceOf = rows.div(batch.Length, RoundingMode.floor).to(int64);
        Tensor losses = zeros(batch.Sequences).index_add(0, sequenceOf, nll * weights * batch.Sequences, 1);
        Assert.InRange(Golden.Difference(losses, expected.reshape(-1)), 0, 1e-4f);
    }

    private static (GptModel Body, TaskHead Head, EncodedExample[] Examples, TaskDescription Task) Open(string folder, string kind, TargetKind target, int labels)
    {
        GptModel body = new(Golden.Config("gpt1-tiny") with { VocabSize = 303 });
        Overwrite(body.named_parameters(), Golden.Tensors(Folder, "model.safetensors"));
        TaskDescription task = new() { Kind = kind, Target = target, Labels = [.. Enumerable.Range(0, labels).Select(i => $"{i}")], Tokens = Tokens, ContextLength = 64 };
        TaskHead head = new(task, 32, 0, 0);
        Overwrite(head.named_parameters(), Golden.Tensors(Folder, $"{folder}/head.safetensors"));
        return (body, head, Examples(Golden.Tensors(Folder, $"{folder}/inputs.safetensors"), task), task);
    }

    private static void Overwrite(IEnumerable<(string name, Parameter parameter)> parameters, Dictionary<string, Tensor> values)
    {
        using var noGradient = no_grad();
        foreach (var (name, parameter) in parameters)
            parameter.copy_(values[name]);
    }

    private static EncodedExample[] Examples(Dictionary<string, Tensor> inputs, TaskDescription task)
    {
        Tensor ids = inputs["input_ids"], mask = inputs["mask"], labels = inputs["labels"];
        if (ids.dim() == 2)
            (ids, mask) = (ids.unsqueeze(1), mask.unsqueeze(1));
        return [.. Enumerable.Range(0, (int)ids.shape[0]).Select(b =>
        {
            int[][] sequences = [.. Enumerable.Range(0, (int)ids.shape[1]).Select(s => ids[b, s].narrow(0, 0, (long)mask[b, s].sum().item<float>()).data<long>().ToArray().Select(id => (int)id).ToArray())];
            float[] target = task.Target == TargetKind.Score ? [labels[b].item<float>()] : [.. Enumerable.Range(0, task.Labels.Count).Select(c => c == labels[b].item<long>() ? 1f : 0f)];
            return new EncodedExample(new TaskSequences(sequences, false), target, 1);
        })];
    }
}
