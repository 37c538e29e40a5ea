using System.Runtime.InteropServices;
using Foreword.Models;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using static TorchSharp.torch;

namespace Foreword.Torch.Inference;

/// <summary>Computes scores and texts with a <see cref="LanguageModule"/>: the engine on libtorch. Not safe for concurrent use by several threads.</summary>
public sealed class TorchLanguageModel : ILanguageModel
{
    private readonly LanguageModule _model;
    private readonly Device _device;
    private readonly bool _ownsModel;
    private IModelPath? _path; // for whole batches; created when scores are first requested

    /// <summary>Creates an engine that uses a model.</summary>
    /// <param name="model">The model. Every call puts it into evaluation mode and restores its mode afterwards.</param>
    /// <param name="ownsModel">Whether <see cref="Dispose"/> disposes the model too.</param>
    public TorchLanguageModel(LanguageModule model, bool ownsModel = true)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _device = model.TokenEmbedding.device;
        _ownsModel = ownsModel;
    }

    /// <inheritdoc/>
    public ModelConfig Config => _model.Config;

    /// <inheritdoc/>
    public float[][] LogProbs(IReadOnlyList<int[]> sequences, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        foreach (int[] sequence in sequences)
            ModelInput.Check(Config, sequence);

        TokenScore[][][] scores = Score([.. sequences.Select(sequence => new ScoringRequest(sequence[..1], [sequence[1..]]))], cancellationToken);
        return [.. scores.Select(request => request[0].Select(token => token.LogProb).ToArray())];
    }

    /// <inheritdoc/>
    public TokenScore[][][] Score(IReadOnlyList<ScoringRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        foreach (ScoringRequest request in requests)
            ModelInput.Check(Config, request);

        using var evaluation = Evaluation();
        _path ??= ModelPath.Create(_model);
        return ModelOutput.Checked(new SequenceScorer(_model, _path, _device).Score(requests, cancellationToken));
    }

    /// <inheritdoc/>
    public IDecoder CreateDecoder() => new Decoder(this, _model.CreateState(_device));

    /// <inheritdoc/>
    public void AppendEach(IReadOnlyList<IDecoder> decoders, ReadOnlySpan<int> tokens, Span<float> logits)
    {
        DecoderState[] states = Array.ConvertAll(
            ModelInput.CheckEach<Decoder>(Config, decoders, tokens, logits.Length, decoder => decoder.Owner == this), decoder => decoder.State);
        Read(tokens, [states.Length, 1], _model.Join(states), logits);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _path?.Dispose();
        if (_ownsModel)
            _model.Dispose();
    }

    /// <summary>Reads tokens [n, T], row by row, and writes the logits [n, V] of the token after the last token of each row.</summary>
    private void Read(ReadOnlySpan<int> tokens, long[] shape, StateBatch batch, Span<float> logits)
    {
        using var scope = NewDisposeScope();
        using var evaluation = Evaluation();
        long[] ids = new long[tokens.Length];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = tokens[i];
        Tensor hidden = _model.Hidden(tensor(ids, shape, device: _device), batch);
        Copy(_model.Head(hidden[.., -1]), logits);
        batch.Extend(shape[1]); // only now, so that a pass that failed changes nothing
    }

    private static void Copy(Tensor values, Span<float> to)
    {
        using var scope = NewDisposeScope();
        MemoryMarshal.Cast<byte, float>(TensorMemory.Bytes(values.cpu().contiguous())).CopyTo(to);
    }

    /// <summary>Disables gradients and dropout until the returned object is disposed.</summary>
    private EvaluationMode Evaluation() => new(_model);

    private sealed class EvaluationMode : IDisposable
    {
        private readonly LanguageModule _model;
        private readonly bool _wasTraining;
        private readonly IDisposable _noGradient = no_grad();

        public EvaluationMode(LanguageModule model)
        {
            _model = model;
            _wasTraining = model.training;
            model.eval();
        }

        public void Dispose()
        {
            _noGradient.Dispose();
            _model.train(_wasTraining);
        }
    }

    private sealed class Decoder(TorchLanguageModel owner, DecoderState state) : IDecoder
    {
        private float[] _logits = [];

        public TorchLanguageModel Owner => owner;

        public DecoderState State => state;

        public int Position => (int)state.Length;

        public ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens)
        {
            ModelInput.Check(owner.Config, tokens, Position);
            if (_logits.Length == 0)
                _logits = new float[owner.Config.VocabSize];
            owner.Read(tokens, [1, tokens.Length], owner._model.Join([state]), _logits);
            return _logits;
        }

        public IDecoder Fork() => new Decoder(owner, state.Fork());

        public void Dispose() => state.Dispose();
    }
}
