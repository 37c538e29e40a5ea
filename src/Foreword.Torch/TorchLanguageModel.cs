using System.Runtime.InteropServices;
using Foreword.Torch.Kernels;
using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>A <see cref="GptModel"/> as a language model for scoring and generation. Not safe for use from two threads at once.</summary>
public sealed class TorchLanguageModel : ILanguageModel
{
    private readonly GptModel _model;
    private readonly Device _device;
    private readonly bool _ownsModel;
    private ITrainingPath? _path; // for whole batches; made by the first that asks for scores

    /// <summary>Wraps a model.</summary>
    /// <param name="model">The model; every call puts it into evaluation mode for its own duration.</param>
    /// <param name="ownsModel">Whether <see cref="Dispose"/> disposes it too.</param>
    public TorchLanguageModel(GptModel model, bool ownsModel = true)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _device = model.TokenEmbedding.device;
        _ownsModel = ownsModel;
    }

    /// <inheritdoc/>
    public GptConfig Config => _model.Config;

    /// <inheritdoc/>
    public float[][] LogProbs(IReadOnlyList<int[]> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        foreach (int[] sequence in sequences)
            Check(sequence, past: 0);

        TokenScore[][][] scores = Score([.. sequences.Select(sequence => new ScoringRequest(sequence[..1], [sequence[1..]]))]);
        return [.. scores.Select(request => request[0].Select(token => token.LogProb).ToArray())];
    }

    /// <inheritdoc/>
    public TokenScore[][][] Score(IReadOnlyList<ScoringRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        foreach (ScoringRequest request in requests)
        {
            Check(request.Context, past: 0);
            foreach (int[] continuation in request.Continuations.Where(c => c.Length > 0))
                CheckContinuation(request.Context, continuation);
        }

        using var evaluation = Evaluation();
        _path ??= TrainingPath.Of(_model);
        return new SequenceScorer(_model, _path, _device).Score(requests);
    }

    /// <inheritdoc/>
    public IDecoder NewDecoder() => new Decoder(this, new KvCache(Config, _model.Precision, _device));

    /// <inheritdoc/>
    public void AppendEach(IReadOnlyList<IDecoder> decoders, ReadOnlySpan<int> tokens, Span<float> logits)
    {
        ArgumentNullException.ThrowIfNull(decoders);
        int n = decoders.Count;
        if (n == 0 || tokens.Length != n)
            throw new ArgumentException($"{tokens.Length} tokens for {n} decoders; each takes one");
        if (logits.Length != (long)n * Config.VocabSize)
            throw new ArgumentException($"room for {logits.Length} logits; {n} decoders have {n} x {Config.VocabSize}");
        KvCache[] caches = new KvCache[n];
        for (int i = 0; i < n; i++)
        {
            if (decoders[i] is not Decoder decoder || decoder.Owner != this)
                throw new ArgumentException($"decoder {i} is not this model's");
            Check(tokens.Slice(i, 1), decoder.Position);
            caches[i] = decoder.Cache;
        }

        if (caches.Distinct().Count() < n)
            throw new ArgumentException("a decoder is listed twice; it can read one token at a time");
        Read(tokens, [n, 1], new KvBatch(caches), logits);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _path?.Dispose();
        if (_ownsModel)
            _model.Dispose();
    }

    /// <summary>Reads tokens [n, T], row after row, and writes the logits [n, V] of the token after each row's last.</summary>
    private void Read(ReadOnlySpan<int> tokens, long[] shape, KvBatch batch, Span<float> logits)
    {
        using var scope = NewDisposeScope();
        using var evaluation = Evaluation();
        long[] ids = new long[tokens.Length];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = tokens[i];
        Tensor hidden = _model.Hidden(tensor(ids, shape, device: _device), batch);
        Copy(_model.Head(hidden[.., -1]), logits);
    }

    private void Check(ReadOnlySpan<int> tokens, int past)
    {
        if (tokens.IsEmpty)
            throw new ArgumentException("a sequence without tokens cannot be read");
        if (past + tokens.Length > Config.ContextLength)
            throw new ArgumentException($"sequence has {past + tokens.Length} tokens; the context length is {Config.ContextLength}");
        CheckIds(tokens);
    }

    private void CheckIds(ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)Config.VocabSize)
                throw new ArgumentException($"token id {token} is outside the vocabulary of {Config.VocabSize}");
        }
    }

    private void CheckContinuation(int[] context, int[] tokens)
    {
        int read = context.Length + tokens.Length - 1;
        if (read > Config.ContextLength)
            throw new ArgumentException($"context and continuation have {read + 1} tokens, of which the last is not read; the context length is {Config.ContextLength}");
        CheckIds(tokens);
    }

    private static float[] Floats(Tensor values)
    {
        float[] floats = new float[values.NumberOfElements];
        Copy(values, floats);
        return floats;
    }

    private static void Copy(Tensor values, Span<float> to)
    {
        using var scope = NewDisposeScope();
        MemoryMarshal.Cast<byte, float>(TensorMemory.Bytes(values.cpu().contiguous())).CopyTo(to);
    }

    /// <summary>No gradients and no dropout until disposed.</summary>
    private EvaluationMode Evaluation() => new(_model);

    private sealed class EvaluationMode : IDisposable
    {
        private readonly GptModel _model;
        private readonly bool _wasTraining;
        private readonly IDisposable _noGradient = no_grad();

        public EvaluationMode(GptModel model)
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

    private sealed class Decoder(TorchLanguageModel owner, KvCache cache) : IDecoder
    {
        private float[] _logits = [];

        public TorchLanguageModel Owner => owner;

        public KvCache Cache => cache;

        public int Position => (int)cache.Length;

        public ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens)
        {
            owner.Check(tokens, Position);
            if (_logits.Length == 0)
                _logits = new float[owner.Config.VocabSize];
            owner.Read(tokens, [1, tokens.Length], new KvBatch(cache), _logits);
            return _logits;
        }

        public IDecoder Fork() => new Decoder(owner, cache.Fork());

        public void Dispose() => cache.Dispose();
    }
}
