using System.Runtime.InteropServices;
using Foreword.Tasks;
using Foreword.Torch.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// The linear layer that fine-tuning adds (GPT-1 paper, equation 3). Its input is the hidden state at the extract token, with dropout. Its
/// initial weights are N(0, 0.02) and its initial bias is 0. It computes in float32.
/// </summary>
internal sealed class TaskHead : nn.Module
{
    private const double Deviation = 0.02;

    /// <summary>The logit of a choice that an example does not have. It is finite, so that 0 times it is 0.</summary>
    private const float NoChoice = -1e30f;

    private readonly Linear clf;
    private readonly HeadInput _input;
    private readonly TargetKind _target;
    private readonly double _dropout;

    /// <summary>Creates a head with new weights.</summary>
    /// <param name="task">The task, which determines the number of outputs, the input and the loss.</param>
    /// <param name="width">C, the width of the hidden states.</param>
    /// <param name="dropout">Dropout rate of the input, 0 or more and less than 1.</param>
    /// <param name="seed">Seed of the weights.</param>
    public TaskHead(TaskDescription task, int width, double dropout, long seed) : base(nameof(TaskHead))
    {
        ArgumentNullException.ThrowIfNull(task);
        (_input, _target, _dropout) = (task.Definition.HeadInput, task.Target, dropout);
        clf = nn.Linear(width, task.Outputs);
        RegisterComponents();
        using var noGradient = no_grad();
        using Generator generator = new((ulong)seed);
        clf.weight!.normal_(0, Deviation, generator);
        nn.init.zeros_(clf.bias!);
    }

    /// <summary>Computes the outputs of a batch in float32: [B, n], the scores [B, K] of the choices, or [P, n] for the places.</summary>
    /// <param name="hidden">Final hidden states [S, T, C].</param>
    /// <param name="batch">The batch of these hidden states.</param>
    internal Tensor Outputs(Tensor hidden, TaskBatch batch)
    {
        using var scope = NewDisposeScope();
        long C = hidden.shape[2];
        Device device = hidden.device;
        Tensor states = hidden.reshape(-1, C).index_select(0, _input == HeadInput.Places ? batch.PlaceRows(device) : batch.ExtractRows(device)); // (S, T, C) -> (S, C), or (P, C)
        if (_input == HeadInput.Sum)
            states = states.view(batch.Examples, -1, C).sum(1); // (B, C)
        if (training && _dropout > 0)
            states = _input == HeadInput.Places ? F.dropout(states, _dropout, training: true) : states * Mask(batch, C, device);
        Tensor outputs = clf.call(states);
        if (_input != HeadInput.Each)
            return outputs.MoveToOuterDisposeScope(); // (B, n), or (P, n)
        int most = batch.Counts.Max();
        return full([batch.Examples * most], NoChoice, ScalarType.Float32, device)
            .scatter(0, batch.ScorePlaces(most, device), outputs.squeeze(1)) // (S) -> (B K)
            .view(batch.Examples, most).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the unweighted loss of each example [B]: the cross entropy with the target distribution, the mean binary cross entropy of a set of classes, or the squared error of a score.</summary>
    internal Tensor Losses(Tensor outputs, TaskBatch batch)
    {
        using var scope = NewDisposeScope();
        if (_input == HeadInput.Places)
            return PlaceLosses(outputs, batch).MoveToOuterDisposeScope();
        Tensor targets = batch.Targets((int)outputs.shape[1], outputs.device);
        Tensor losses = _target switch
        {
            TargetKind.Score => (outputs - targets).square().squeeze(1),
            TargetKind.ClassSet => (outputs.clamp_min(0) - outputs * targets + (-outputs.abs()).exp().log1p()).mean([-1]),
            _ => -(targets * F.log_softmax(outputs, -1)).sum(-1),
        };
        return losses.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Computes the losses [B] of examples whose places have their own outputs: the mean cross entropy over the places, or that of the first and the
    /// last place of an answer.
    /// </summary>
    private Tensor PlaceLosses(Tensor outputs, TaskBatch batch)
    {
        Device device = outputs.device;
        if (_target == TargetKind.Span)
            return (EndLosses(outputs, 0, batch) + EndLosses(outputs, 1, batch)) / 2;
        Tensor classes = batch.PlaceTargets(device).to(ScalarType.Int64).unsqueeze(1); // (P, 1)
        Tensor losses = -F.log_softmax(outputs, -1).gather(1, classes).squeeze(1) * batch.PlaceWeights(device); // (P)
        return zeros([batch.Examples], ScalarType.Float32, device).index_add(0, batch.ExampleOfPlaces(device), losses, 1);
    }

    /// <summary>Computes the cross entropy [B] of the softmax over the places of an example with the first (end 0) or the last (end 1) place of the answer.</summary>
    private static Tensor EndLosses(Tensor outputs, int end, TaskBatch batch)
    {
        Device device = outputs.device;
        int most = batch.PlaceCounts.Max();
        Tensor among = batch.PlacesAmong(most, device), values = batch.PlaceTargets(device); // (P); 1 is the first place, 2 the last one, 3 both
        Tensor logits = full([batch.Examples * most], NoChoice, ScalarType.Float32, device).scatter(0, among, outputs.select(1, end)).view(batch.Examples, most); // (B, K)
        Tensor marks = (values.eq(1 + end) | values.eq(3)).to(ScalarType.Float32);
        Tensor target = zeros([batch.Examples * most], ScalarType.Float32, device).scatter(0, among, marks).view(batch.Examples, most); // (B, K)
        return -(target * F.log_softmax(logits, -1)).sum(-1);
    }

    /// <summary>Writes the file of the head into an existing directory.</summary>
    public void Save(string directory) => new TaskHeadWeights(Values(clf.weight!), Values(clf.bias!)).Save(directory);

    /// <summary>Overwrites the weights with those of a directory.</summary>
    /// <param name="directory">The directory of a fine-tuned model.</param>
    /// <param name="task">The task of the model.</param>
    /// <exception cref="InvalidDataException">The file is missing or does not fit the task.</exception>
    public void Load(string directory, TaskDescription task)
    {
        TaskHeadWeights read = TaskHeadWeights.Read(directory, task, (int)clf.weight!.shape[1]);
        using var noGradient = no_grad();
        using Tensor weight = tensor(read.Weight, clf.weight.shape), bias = tensor(read.Bias);
        clf.weight.copy_(weight);
        clf.bias!.copy_(bias);
    }

    private static float[] Values(Tensor parameter)
    {
        using Tensor values = parameter.detach().cpu().contiguous();
        return MemoryMarshal.Cast<byte, float>(TensorMemory.Bytes(values)).ToArray();
    }

    /// <summary>Creates one dropout mask for each example. Its choices share the mask (openai/finetune-transformer-lm, train.py).</summary>
    private Tensor Mask(TaskBatch batch, long C, Device device)
    {
        Tensor mask = F.dropout(ones([batch.Examples, C], ScalarType.Float32, device), _dropout, training: true); // (B, C)
        return _input == HeadInput.Each ? mask.index_select(0, batch.ExampleOf(device)) : mask;
    }
}
