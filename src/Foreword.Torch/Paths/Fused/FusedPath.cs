using Foreword.Models;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths.Fused.Recurrent;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using BFloat16 = Foreword.Torch.Kernels.BFloat16;

namespace Foreword.Torch.Paths.Fused;

// B sequences, T tokens, M = B T rounded up to a multiple of 32, C channels, V vocabulary.

/// <summary>Checks whether the fused kernels can run a model, and creates a path that uses them.</summary>
internal static class FusedPath
{
    /// <summary>Channels are processed in vectors of this many floats.</summary>
    private const int Lanes = 16;

    /// <summary>Units of an LSTM are packed in strips of this many.</summary>
    private const int LstmLanes = 32;

    /// <summary>
    /// Returns why the fused kernels cannot run a model, or null if they can. Reasons that concern the model come before those that concern the
    /// processor.
    /// </summary>
    public static string? WhyNot(LanguageModule model)
    {
        if (model.TokenEmbedding.device_type != DeviceType.CPU)
            return $"the model is on {model.TokenEmbedding.device}";
        if (model.Config.NEmbd % Lanes != 0)
            return $"n_embd is {model.Config.NEmbd}, not a multiple of {Lanes}";
        if (model is GptModel gpt && (gpt.Config with { WithoutFinalNorm = false }).Deviations.FirstOrDefault() is { } deviation)
            return deviation;
        if (model is LstmModel lstm && lstm.Config.NHidden % LstmLanes != 0)
            return $"n_hidden is {lstm.Config.NHidden}, not a multiple of {LstmLanes}";
        if (model.OutputBias is not null)
            return "the output layer has a bias";
        if (model.AdapterParameters.Any())
            return "the model has adapters";
        return MicroKernel.Has(model.Precision) ? null : $"there is no micro-kernel for {model.Precision.Name()} on this processor with libtorch {__version__}";
    }

    /// <summary>Creates a fused path for a model for which <see cref="WhyNot"/> returns null.</summary>
    /// <param name="model">The model.</param>
    /// <param name="recompute">
    /// Whether the activations of a GPT's blocks are computed again in the backward pass. An LSTM has one layer, whose activations are always kept.
    /// </param>
    /// <param name="profile">Receives the kernels' times; null to measure nothing.</param>
    public static IModelPath Create(LanguageModule model, bool recompute, StepProfile? profile = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        bool isBf16 = model.Precision == Precision.Bf16;
        return model switch
        {
            LstmModel lstm => isBf16 ? new LstmPath<BFloat16>(lstm, profile) : new LstmPath<Float32>(lstm, profile),
            GptModel gpt => isBf16 ? new FusedPath<BFloat16>(gpt, recompute, profile) : new FusedPath<Float32>(gpt, recompute, profile),
            _ => throw new ArgumentException($"{model.GetName()} has no fused path", nameof(model)),
        };
    }
}

/// <summary>
/// Computes the whole model with the fused kernels. It corresponds to <see cref="GptModel.Hidden"/> and <see cref="LanguageModelLoss"/>, but is written
/// by hand. Weights are read from the model's parameters in every call, so the path needs no notification when they change. The kernels need a
/// processor with AVX-512, or for float32 one with AVX2; see <see cref="MicroKernel"/>.
/// </summary>
internal sealed unsafe class FusedPath<T> : IModelPath where T : unmanaged, IElement<T>
{
    private readonly GptModel _model;
    private readonly GptConfig _config;
    private readonly bool _recompute;
    private readonly Workspace _work;
    private readonly Parameter _wte;
    private readonly Parameter _wpe;
    private readonly FusedHead<T> _head;
    private readonly WeightPair? _finalNorm;
    private readonly FusedBlock<T>[] _blocks;
    private Pass? _pass;
    private long _activationBytes;

    public FusedPath(GptModel model, bool recompute, StepProfile? profile)
    {
        (_model, _config, _recompute) = (model, model.Config, recompute);
        _work = new Workspace(get_num_threads(), profile);
        Dictionary<string, Parameter> parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (Parameter parameter in parameters.Values)
            TensorMemory.AdviseHugePages(parameter);
        (_wte, _wpe, _head) = (parameters["wte.weight"], parameters["wpe.weight"], new FusedHead<T>(_work, model));
        _finalNorm = _config.HasFinalNorm ? WeightPair.Create(parameters, "ln_f") : null;
        _blocks = [.. Enumerable.Range(0, _config.NLayer).Select(layer => new FusedBlock<T>(_work, _config, new BlockWeights(parameters, layer)))];
    }

    public bool IsFused => true;

    public (long Activations, long Most) Bytes => (_activationBytes, _work.MostBytes);

    public Tensor Forward(Tensor ids, long dropoutSeed, SequencePacking? packing = null)
    {
        _model.train();
        _pass = Begin(ids, dropoutSeed, keepInputs: true, keepMemory: !_recompute, packing);
        Tensor hidden = Run(_pass);
        _activationBytes = _work.UsedBytes;
        return hidden;
    }

    public void Backward(Tensor gradient)
    {
        Pass pass = _pass ?? throw new InvalidOperationException("a backward pass needs a forward pass before it");
        _pass = null;
        int M = pass.M, C = _config.NEmbd;
        long count = (long)pass.B * pass.T * C;
        float* dx = _work.Take<float>((long)M * C);
        using Tensor rows = gradient.contiguous();
        Buffer.MemoryCopy(TensorMemory.Float32(rows), dx, (long)M * C * sizeof(float), count * sizeof(float));
        new Span<float>(dx + count, (int)((long)M * C - count)).Clear();
        if (_finalNorm is not null)
            LayerNormKernel<T>.Backward(_work, pass.X(_config.NLayer), _finalNorm.Norm(_config.LayerNormEpsilon, _work), pass.FinalStatistics, dx, M, C, dx, add: false, null, default);
        for (int layer = _config.NLayer - 1; layer >= 0; layer--)
        {
            if (_recompute)
                _blocks[layer].Forward(pass.Batch(layer), pass.X(layer), pass.Memory(layer), pass.Scratch);
            _blocks[layer].Backward(pass.Batch(layer), pass.X(layer), pass.Memory(layer), dx);
        }

        Gradient wte = _work.GradientOfSum(_wte), wpe = _work.GradientOfSum(_wpe);
        fixed (long* ids = pass.Ids)
        fixed (int* positions = pass.Packing is null ? default : pass.Packing.Positions)
            EmbeddingKernel.Backward(_work, ids, positions, pass.B * pass.T, pass.T, C, dx, pass.EmbeddingDropout, wte.Address, wpe.Address);
    }

    public (double Loss, Tensor Gradient) HeadBackward(Tensor hidden, Tensor targets, Tensor weights) => _head.Backward(hidden, targets, weights);

    public Tensor Hidden(Tensor ids, SequencePacking? packing = null)
    {
        _pass = null;
        return Run(Begin(ids, null, keepInputs: false, keepMemory: false, packing));
    }

    public double[] Losses(Tensor hidden, Tensor targets) => _head.Losses(hidden, targets);

    public void Dispose() => _work.Dispose();

    /// <summary>Allocates the memory of a forward pass. The memory of all earlier passes is reused.</summary>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="seed">Seed of the dropout masks; null for no dropout.</param>
    /// <param name="keepInputs">Whether each block's input is kept.</param>
    /// <param name="keepMemory">Whether the activations of each block are kept.</param>
    /// <param name="packing">The position of each token and the tokens that it can attend to. Null: each row is one sequence.</param>
    private Pass Begin(Tensor ids, long? seed, bool keepInputs, bool keepMemory, SequencePacking? packing = null)
    {
        int B = (int)ids.shape[0], T = (int)ids.shape[1];
        ModelInput.CheckLength(_config, packing?.Longest ?? T, nameof(ids));
        using Tensor flat = ids.contiguous();
        long[] values = new ReadOnlySpan<long>(TensorMemory.Int64(flat), B * T).ToArray();
        if (values.AsSpan().ContainsAnyExceptInRange(0, _config.VocabSize - 1))
            throw new ArgumentException($"a token id is outside the vocabulary of {_config.VocabSize}", nameof(ids));
        _work.Reset();
        return new Pass(_work, _config, values, B, T, seed, keepInputs, keepMemory, packing);
    }

    private Tensor Run(Pass pass)
    {
        int M = pass.M, C = _config.NEmbd, rows = pass.B * pass.T;
        fixed (long* ids = pass.Ids)
        fixed (int* positions = pass.Packing is null ? default : pass.Packing.Positions)
            EmbeddingKernel.Forward(_work, ids, positions, rows, pass.T, C, TensorMemory.Float32(_wte), TensorMemory.Float32(_wpe), pass.EmbeddingDropout, pass.X(0));
        new Span<float>(pass.X(0) + (long)rows * C, (M - rows) * C).Clear();
        for (int layer = 0; layer < _config.NLayer; layer++)
            _blocks[layer].Forward(pass.Batch(layer), pass.X(layer), pass.Memory(layer), pass.X(layer + 1));

        using var noGradient = no_grad();
        Tensor hidden = empty([pass.B, pass.T, C], ScalarType.Float32);
        float* final = pass.X(_config.NLayer);
        if (_finalNorm is not null)
        {
            LayerNormKernel<T>.Forward(_work, final, _finalNorm.Norm(_config.LayerNormEpsilon), M, C, pass.Scratch, null, pass.FinalStatistics);
            final = pass.Scratch;
        }

        Buffer.MemoryCopy(final, TensorMemory.Float32(hidden), (long)rows * C * sizeof(float), (long)rows * C * sizeof(float));
        return hidden;
    }

    /// <summary>One batch in progress: sizes, dropout, and the memory of every block.</summary>
    private sealed class Pass
    {
        private readonly nint[] _x;
        private readonly BlockMemory<T>[] _memory;
        private readonly BlockBatch[] _batches;

        public Pass(Workspace work, GptConfig config, long[] ids, int B, int T, long? seed, bool keepInputs, bool keepMemory, SequencePacking? packing)
        {
            Packing = packing;
            (Ids, this.B, this.T, M) = (ids, B, T, BlockBatch.Rows(B, T));
            EmbeddingDropout = seed is { } value ? new DropoutMask(config.EmbdDropout, value, 0) : default;
            _batches = [.. Enumerable.Range(0, config.NLayer).Select(layer => BlockBatch.Create(config, B, T, layer, seed)).Select(batch => batch with { Attention = batch.Attention with { Packed = packing } })];
            long size = (long)M * config.NEmbd;
            // Without a backward pass, two buffers alternate.
            _x = [.. Enumerable.Range(0, keepInputs ? config.NLayer + 1 : 2).Select(_ => (nint)work.Take<float>(size))];
            _memory = [.. Enumerable.Range(0, keepMemory ? config.NLayer : 1).Select(_ => new BlockMemory<T>(work, config, _batches[0]))];
            Scratch = work.Take<float>(size);
            FinalStatistics = work.Take<float>(2 * M);
        }

        public long[] Ids { get; }

        /// <summary>Gets the position of each token and the tokens that it can attend to; null if each row is one sequence.</summary>
        public SequencePacking? Packing { get; }

        public int B { get; }

        public int T { get; }

        /// <summary>Gets B T rounded up to a multiple of 32.</summary>
        public int M { get; }

        public DropoutMask EmbeddingDropout { get; }

        /// <summary>Gets temporary memory, [M, C].</summary>
        public float* Scratch { get; }

        /// <summary>Gets the mean and 1 / standard deviation of each row of the input of ln_f, [M, 2].</summary>
        public float* FinalStatistics { get; }

        /// <summary>Returns the residual stream before a layer, [M, C].</summary>
        public float* X(int layer) => (float*)_x[layer % _x.Length];

        public BlockMemory<T> Memory(int layer) => _memory[layer % _memory.Length];

        public BlockBatch Batch(int layer) => _batches[layer];
    }
}
