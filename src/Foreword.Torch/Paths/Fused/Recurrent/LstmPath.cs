using System.Runtime.Intrinsics;
using Foreword.Models;
using Foreword.Torch.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Paths.Fused.Recurrent;

// B sequences, T positions, M = B T rounded up to a multiple of 32, C channels, H units, V vocabulary.

/// <summary>
/// Computes a whole <see cref="LstmModel"/> with the fused kernels. The products of all positions with the input weights and with the projection, and
/// the gradients of all weights, are one product each. Only the recurrent products run position by position. Rows are in the order of the positions, so
/// that the sequences of a position are neighbors.
/// </summary>
internal sealed unsafe class LstmPath<T> : IModelPath where T : unmanaged, IElement<T>
{
    private readonly LstmModel _model;
    private readonly LstmConfig _config;
    private readonly Workspace _work;
    private readonly FusedHead<T> _head;
    private readonly Parameter _inputWeights, _recurrentWeights, _inputBias, _recurrentBias;
    private readonly Parameter? _projection;
    private Pass? _pass;
    private long _activationBytes;

    public LstmPath(LstmModel model, StepProfile? profile)
    {
        (_model, _config) = (model, model.Config);
        _work = new Workspace(get_num_threads(), profile);
        _head = new FusedHead<T>(_work, model);
        Dictionary<string, Parameter> parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (Parameter parameter in parameters.Values)
            TensorMemory.AdviseHugePages(parameter);
        (_inputWeights, _recurrentWeights) = (parameters["lstm.weight_ih_l0"], parameters["lstm.weight_hh_l0"]);
        (_inputBias, _recurrentBias) = (parameters["lstm.bias_ih_l0"], parameters["lstm.bias_hh_l0"]);
        _projection = parameters.GetValueOrDefault("proj.weight");
    }

    public bool IsFused => true;

    public (long Activations, long Most) Bytes => (_activationBytes, _work.MostBytes);

    public Tensor Forward(Tensor ids, long dropoutSeed, SequencePacking? packing = null)
    {
        RefusePacking(packing);
        _model.train();
        _pass = Begin(ids, dropoutSeed);
        Tensor hidden = Run(_pass);
        _activationBytes = _work.UsedBytes;
        return hidden;
    }

    public void Backward(Tensor gradient)
    {
        Pass pass = _pass ?? throw new InvalidOperationException("a backward pass needs a forward pass before it");
        _pass = null;
        int M = pass.M, C = _config.NEmbd, H = _config.NHidden;
        float* outputGradient = Copy(gradient, pass);
        if (_projection is not null)
            outputGradient = BackwardOfProjection(pass, outputGradient);
        T* gates = _work.Take<T>((long)M * 4 * H);
        RecurrentKernel<T>.Backward(_work, TensorMemory.Float32(_recurrentWeights), pass.Recurrent, outputGradient, pass.OutputDropout, gates);
        new Span<T>(gates + (long)pass.Rows * 4 * H, (M - pass.Rows) * 4 * H).Clear();

        BackwardOfBiases(gates, pass.Rows);
        BackwardOfWeights(_recurrentWeights, gates, 4 * H, pass.Recurrent.FirstOutputs, M, H);
        BackwardOfWeights(_inputWeights, gates, 4 * H, pass.Inputs, M, C);
        Gradient wte = _work.GradientOfSum(_model.TokenEmbedding);
        if (wte.Address is null)
            return;
        float* dx = _work.Take<float>((long)M * C);
        Product<T>.Multiply(_work, M, C, 4 * H, gates, new WeightMatrix<T>(TensorMemory.Float32(_inputWeights), 4 * H, C, transposed: false), dx, add: false);
        fixed (long* ids = pass.Ids)
            EmbeddingKernel.Backward(_work, ids, positions: null, pass.Rows, T: 1, C, dx, pass.EmbeddingDropout, wte.Address, wpe: null);
    }

    public (double Loss, Tensor Gradient) HeadBackward(Tensor hidden, Tensor targets, Tensor weights) => _head.Backward(hidden, targets, weights);

    public Tensor Hidden(Tensor ids, SequencePacking? packing = null)
    {
        RefusePacking(packing);
        _pass = null;
        return Run(Begin(ids, null));
    }

    public double[] Losses(Tensor hidden, Tensor targets) => _head.Losses(hidden, targets);

    public void Dispose() => _work.Dispose();

    private static void RefusePacking(SequencePacking? packing)
    {
        if (packing is not null)
            throw new ArgumentException("an LSTM reads one sequence per row", nameof(packing));
    }

    /// <summary>Allocates the memory of a forward pass. The memory of all earlier passes is reused.</summary>
    private Pass Begin(Tensor ids, long? seed)
    {
        int B = (int)ids.shape[0], T = (int)ids.shape[1];
        ModelInput.CheckLength(_config, T, nameof(ids));
        using Tensor ordered = ids.t().contiguous(); // (B, T) -> (T, B)
        long[] values = new ReadOnlySpan<long>(TensorMemory.Int64(ordered), B * T).ToArray();
        if (values.AsSpan().ContainsAnyExceptInRange(0, _config.VocabSize - 1))
            throw new ArgumentException($"a token id is outside the vocabulary of {_config.VocabSize}", nameof(ids));
        _work.Reset();
        return new Pass(_work, _config, values, B, T, seed);
    }

    private Tensor Run(Pass pass)
    {
        int M = pass.M, C = _config.NEmbd, H = _config.NHidden, width = _config.HiddenWidth;
        Embed(pass);
        Product<T>.Multiply(_work, M, 4 * H, C, pass.Inputs, new WeightMatrix<T>(TensorMemory.Float32(_inputWeights), 4 * H, C, transposed: true), pass.Recurrent.Gates, add: false);
        var mark = _work.Mark();
        float* bias = _work.Take<float>(4 * H), inputBias = TensorMemory.Float32(_inputBias), recurrentBias = TensorMemory.Float32(_recurrentBias);
        for (int i = 0; i < 4 * H; i++)
            bias[i] = inputBias[i] + recurrentBias[i];
        RecurrentKernel<T>.Forward(_work, TensorMemory.Float32(_recurrentWeights), bias, pass.Recurrent);
        _work.Release(mark);
        DropOutputs(pass);

        using var noGradient = no_grad();
        Tensor hidden = empty([pass.B, pass.T, width], ScalarType.Float32);
        mark = _work.Mark();
        float* rows = _work.Take<float>((long)M * width);
        if (_projection is not null)
            Product<T>.Multiply(_work, M, C, H, pass.Dropped, new WeightMatrix<T>(TensorMemory.Float32(_projection), C, H, transposed: true), rows, add: false);
        else
            Widen(pass.Dropped, (long)M * width, rows);
        float* result = TensorMemory.Float32(hidden);
        for (int row = 0; row < pass.Rows; row++)
            new ReadOnlySpan<float>(rows + (long)row * width, width).CopyTo(new Span<float>(result + pass.PlaceOf(row) * width, width));
        _work.Release(mark);
        return hidden;
    }

    /// <summary>Computes the rounded embeddings of all rows.</summary>
    private void Embed(Pass pass)
    {
        int C = _config.NEmbd;
        var mark = _work.Mark();
        float* x = _work.Take<float>((long)pass.M * C), noPosition = _work.Take<float>(C);
        new Span<float>(noPosition, C).Clear();
        fixed (long* ids = pass.Ids)
            EmbeddingKernel.Forward(_work, ids, positions: null, pass.Rows, T: 1, C, TensorMemory.Float32(_model.TokenEmbedding), noPosition, pass.EmbeddingDropout, x);
        new Span<float>(x + (long)pass.Rows * C, (pass.M - pass.Rows) * C).Clear();
        for (long i = 0; i < (long)pass.M * C; i += Vector512<float>.Count)
            T.Store(Vector512.Load(x + i), pass.Inputs + i);
        _work.Release(mark);
    }

    /// <summary>Applies dropout to the outputs. Without dropout, the outputs themselves are used.</summary>
    private void DropOutputs(Pass pass)
    {
        if (pass.Dropped == pass.Recurrent.Outputs)
            return;
        int H = _config.NHidden;
        DropoutMask dropout = pass.OutputDropout;
        _work.Workers.ForEach(pass.M, (_, row) =>
        {
            uint key = dropout.RowKey(row);
            for (int n = 0; n < H; n += Vector512<float>.Count)
                T.Store(dropout.Apply(T.Load(pass.Recurrent.Outputs + (long)row * H + n), key, n), pass.Dropped + (long)row * H + n);
        });
    }

    /// <summary>Copies the gradient of the hidden states, [B, T, width], to rows in the order of the positions. The rows after B T are 0.</summary>
    private float* Copy(Tensor gradient, Pass pass)
    {
        int width = _config.HiddenWidth;
        float* rows = _work.Take<float>((long)pass.M * width);
        using Tensor contiguous = gradient.contiguous();
        float* source = TensorMemory.Float32(contiguous);
        for (int row = 0; row < pass.Rows; row++)
            new ReadOnlySpan<float>(source + pass.PlaceOf(row) * width, width).CopyTo(new Span<float>(rows + (long)row * width, width));
        new Span<float>(rows + (long)pass.Rows * width, (pass.M - pass.Rows) * width).Clear();
        return rows;
    }

    /// <summary>Computes the gradient of the projection. Returns the gradient with respect to the outputs after dropout, [M, H].</summary>
    private float* BackwardOfProjection(Pass pass, float* gradient)
    {
        int M = pass.M, C = _config.NEmbd, H = _config.NHidden;
        T* rounded = _work.Take<T>((long)M * C);
        for (long i = 0; i < (long)M * C; i += Vector512<float>.Count)
            T.Store(Vector512.Load(gradient + i), rounded + i);
        float* result = _work.Take<float>((long)M * H);
        Product<T>.Multiply(_work, M, H, C, rounded, new WeightMatrix<T>(TensorMemory.Float32(_projection!), C, H, transposed: false), result, add: false);
        BackwardOfWeights(_projection!, rounded, C, pass.Dropped, M, H);
        return result;
    }

    /// <summary>Computes the gradient [K, N] of weights from the gradients [M, K] of their products and the rows [M, N] that they were multiplied with.</summary>
    private void BackwardOfWeights(Parameter weights, T* gradients, int K, T* rows, int M, int N)
    {
        Gradient gradient = _work.GradientOf(weights);
        if (gradient.Address is null)
            return;
        var mark = _work.Mark();
        T* packed = _work.Take<T>(Product<T>.PackedSize(M, N));
        Product<T>.PackRows(_work, rows, M, N, packed, null, add: false);
        Product<T>.MultiplyTransposed(_work, M, K, N, gradients, K, packed, gradient.Address, gradient.Adds);
        _work.Release(mark);
    }

    /// <summary>Sums the gradients of the gates, [M, 4H], over the rows. Both biases have the same gradient.</summary>
    private void BackwardOfBiases(T* gates, int rows)
    {
        using StepProfile.Lap lap = _work.Time("bias gradients");
        Gradient input = _work.GradientOf(_inputBias), recurrent = _work.GradientOf(_recurrentBias);
        int N = 4 * _config.NHidden, lanes = Vector512<float>.Count;
        _work.Workers.ForEach(N / lanes, (_, item) =>
        {
            Vector512<float> sum = Vector512<float>.Zero;
            for (int row = 0; row < rows; row++)
                sum += T.Load(gates + (long)row * N + item * lanes);
            foreach (Gradient gradient in (ReadOnlySpan<Gradient>)[input, recurrent])
            {
                if (gradient.Address is not null)
                    (gradient.Adds ? Vector512.Load(gradient.Address + item * lanes) + sum : sum).Store(gradient.Address + item * lanes);
            }
        });
    }

    private static void Widen(T* source, long count, float* destination)
    {
        for (long i = 0; i < count; i += Vector512<float>.Count)
            T.Load(source + i).Store(destination + i);
    }

    /// <summary>One batch in progress: sizes, dropout and activations.</summary>
    private sealed class Pass
    {
        public Pass(Workspace work, LstmConfig config, long[] ids, int B, int T, long? seed)
        {
            (Ids, this.B, this.T, M) = (ids, B, T, BlockBatch.Rows(B, T));
            if (seed is { } value)
                (EmbeddingDropout, OutputDropout) = (new DropoutMask(config.EmbdDropout, value, 0), new DropoutMask(config.HiddenDropout, value, 1));
            Inputs = work.Take<T>((long)M * config.NEmbd);
            Recurrent = new RecurrentMemory<T>(work, B, T, M, config.NHidden);
            Dropped = OutputDropout.IsOn ? work.Take<T>((long)M * config.NHidden) : Recurrent.Outputs;
        }

        /// <summary>Gets the token ids in the order of the positions, [T, B].</summary>
        public long[] Ids { get; }

        public int B { get; }

        public int T { get; }

        /// <summary>Gets B T.</summary>
        public int Rows => B * T;

        /// <summary>Gets B T rounded up to a multiple of 32.</summary>
        public int M { get; }

        public DropoutMask EmbeddingDropout { get; }

        public DropoutMask OutputDropout { get; }

        /// <summary>Gets the rounded embeddings, [M, C].</summary>
        public T* Inputs { get; }

        public RecurrentMemory<T> Recurrent { get; }

        /// <summary>Gets the outputs after dropout, rounded, [M, H].</summary>
        public T* Dropped { get; }

        /// <summary>Returns the place of a row in a tensor [B, T].</summary>
        public long PlaceOf(int row) => (long)(row % B) * T + row / B;
    }
}
