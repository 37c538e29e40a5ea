using Foreword.Models;
using static TorchSharp.torch;

namespace Foreword.Torch.Paths;

/// <summary>
/// Computes the forward and backward pass with <see cref="LanguageModule"/> and libtorch's autograd. This is the plain path; it supports every model and
/// device.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="recompute">Whether each layer is computed again in the backward pass, so that only the layers' inputs are kept (Chen et al. 2016).</param>
internal sealed class AutogradPath(LanguageModule model, bool recompute = false) : IModelPath
{
    private readonly List<Tensor> _inputs = []; // the input of each layer and the output of the last one; with recompute only
    private Tensor? _ids;
    private Tensor? _hidden;
    private SequencePacking? _packing;
    private Tensor? _mask;
    private long _seed;

    public bool IsFused => false;

    public (long Activations, long Most) Bytes => default;

    public Tensor Forward(Tensor ids, long dropoutSeed, SequencePacking? packing = null)
    {
        Release();
        model.train();
        (_ids, _seed, _packing) = (ids.alias().DetachFromDisposeScope(), dropoutSeed, packing);
        manual_seed(_seed);
        _hidden = (recompute ? ForwardKeepingInputs(ids) : model.Hidden(ids, packing: packing)).DetachFromDisposeScope();
        return _hidden.detach();
    }

    public void Backward(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        if (recompute)
            BackwardFromInputs(gradient);
        else
            _hidden!.backward([gradient]);
        Release();
    }

    public (double Loss, Tensor Gradient) HeadBackward(Tensor hidden, Tensor targets, Tensor weights) => LanguageModelLoss.HeadBackward(model, hidden, targets, weights);

    public Tensor Hidden(Tensor ids, SequencePacking? packing = null)
    {
        using var noGradient = no_grad();
        model.eval();
        return model.Hidden(ids, packing: packing);
    }

    public double[] Losses(Tensor hidden, Tensor targets) => LanguageModelLoss.Losses(model, hidden, targets);

    public void Dispose() => Release();

    private Tensor ForwardKeepingInputs(Tensor ids)
    {
        ModelInput.CheckLength(model.Config, _packing?.Longest ?? ids.shape[1], nameof(ids));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        _mask = _packing?.Mask(ids.device).to(model.Precision.ScalarType()).DetachFromDisposeScope();
        Tensor x = Embed(ids);
        for (int layer = 0; layer < model.Config.LayerCount; layer++)
        {
            _inputs.Add(x.alias().DetachFromDisposeScope());
            x = Layer(layer, x);
        }

        _inputs.Add(x.alias().DetachFromDisposeScope());
        return model.Final(x).MoveToOuterDisposeScope();
    }

    private void BackwardFromInputs(Tensor gradient)
    {
        for (int layer = model.Config.LayerCount; layer >= 0; layer--)
        {
            using var scope = NewDisposeScope();
            Tensor x = _inputs[layer].detach().requires_grad_();
            Tensor y = layer == model.Config.LayerCount ? model.Final(x) : Layer(layer, x);
            y.backward([gradient]);
            gradient = x.grad!.MoveToOuterDisposeScope();
        }

        Tensor embedded = Embed(_ids!);
        if (embedded.requires_grad) // false if the embeddings are frozen
            embedded.backward([gradient]);
    }

    private Tensor Embed(Tensor ids)
    {
        manual_seed(_seed);
        using Tensor positions = _packing?.PositionIds(ids.device) ?? arange(ids.shape[1], int64, ids.device);
        return model.Embed(ids, positions);
    }

    /// <summary>Runs a layer after setting a seed that depends only on the pass and the layer. A second run therefore draws the same dropout masks.</summary>
    private Tensor Layer(int layer, Tensor x)
    {
        manual_seed(_seed ^ (layer + 1L));
        return model.RunLayer(layer, x, _mask);
    }

    private void Release()
    {
        _inputs.ForEach(input => input.Dispose());
        _inputs.Clear();
        _hidden?.Dispose();
        _ids?.Dispose();
        _mask?.Dispose();
        (_hidden, _ids, _mask) = (null, null, null);
    }
}
