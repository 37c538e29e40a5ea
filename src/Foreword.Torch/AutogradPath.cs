using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>The plain way: <see cref="GptModel"/> on autograd.</summary>
internal sealed class AutogradPath(GptModel model) : ITrainingPath
{
    private Tensor? _hidden;

    public bool IsFused => false;

    public Tensor Forward(Tensor ids, long dropoutSeed)
    {
        _hidden?.Dispose();
        model.train();
        manual_seed(dropoutSeed);
        _hidden = model.Hidden(ids).DetachFromDisposeScope();
        return _hidden.detach();
    }

    public void Backward(Tensor gradient)
    {
        _hidden!.backward([gradient]);
        _hidden.Dispose();
        _hidden = null;
    }

    public (double Loss, Tensor Gradient) HeadBackward(Tensor hidden, Tensor targets, Tensor weights) => LanguageModelLoss.HeadBackward(model, hidden, targets, weights);

    public Tensor Hidden(Tensor ids)
    {
        using var noGradient = no_grad();
        model.eval();
        return model.Hidden(ids);
    }

    public (double Sum, long Count) Loss(Tensor hidden, Tensor targets) => LanguageModelLoss.Evaluate(model, hidden, targets);

    public void Dispose() => _hidden?.Dispose();
}
