using Foreword.Models;
using Foreword.Torch.Inference;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch;

// Legend: B batch, T time, C channels (n_embd), V vocabulary, H units (n_hidden).
// Weights have the layout of PyTorch's nn.LSTM: [out, in], with the rows of the four gates in the order input, forget, cell, output.
// Field names are Foreword's parameter names.

/// <summary>
/// A complete LSTM language model (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000). It has a token embedding, one LSTM layer,
/// a projection to the width of the embedding, and an output layer that is tied to the embedding. With a separate output layer, there is no projection.
/// The GPT-1 paper compares the Transformer with such a model (Radford et al. 2018, section 5).
/// </summary>
public sealed class LstmModel : LanguageModule
{
    private readonly Embedding wte;
    private readonly Lstm lstm;
    private readonly Linear? proj;
    private readonly Linear? lm_head;

    /// <summary>Creates a model with new random weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="seed">Seed of the weights. The same seed produces the same weights.</param>
    /// <param name="precision">Number format of the matrix products.</param>
    /// <param name="init">
    /// Null or <see cref="WeightInit.Uniform"/>, the only initialization of an LSTM. Biases are 0, but those of the forget gate are 1.
    /// </param>
    /// <exception cref="ArgumentException">The configuration is impossible, or the initialization is one for residual branches.</exception>
    public LstmModel(LstmConfig config, long seed = 0, Precision precision = Precision.Fp32, WeightInit? init = null) : base(nameof(LstmModel), precision)
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config.Validate();
        if (init is not (null or WeightInit.Uniform))
            throw new ArgumentException($"init is {init}; the only initialization of an LSTM is {WeightInit.Uniform}", nameof(init));
        wte = nn.Embedding(config.VocabSize, config.NEmbd);
        lstm = new Lstm(config);
        proj = config.HasProjection ? nn.Linear(config.NHidden, config.NEmbd, hasBias: false) : null;
        lm_head = config.TieWordEmbeddings ? null : nn.Linear(config.NHidden, config.VocabSize, hasBias: config.DecoderBias);
        RegisterComponents();
        Initialize(seed);
    }

    /// <inheritdoc/>
    public override LstmConfig Config { get; }

    /// <inheritdoc/>
    public override Parameter TokenEmbedding => wte.weight!;

    /// <inheritdoc/>
    public override Parameter OutputLayer => lm_head?.weight ?? wte.weight!;

    /// <inheritdoc/>
    public override Parameter? OutputBias => lm_head?.bias;

    /// <inheritdoc/>
    internal override bool SupportsPacking => false;

    /// <inheritdoc/>
    internal override Tensor Hidden(Tensor ids, StateBatch? past = null, ICollection<Tensor>? residual = null, SequencePacking? packing = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (packing is not null)
            throw new ArgumentException("an LSTM reads one sequence per row", nameof(packing));
        using var scope = NewDisposeScope();
        LstmBatch? batch = (LstmBatch?)past;
        ModelInput.CheckLength(Config, (batch?.Longest ?? 0) + ids.shape[1], nameof(ids));

        Tensor x = Embed(ids, ids); // (B, T, C)
        residual?.Add(x.alias().DetachFromDisposeScope());
        (Tensor outputs, Tensor h, Tensor c) = lstm.Forward(x, Precision, batch?.Current()); // (B, T, H)
        residual?.Add(outputs.alias().DetachFromDisposeScope());
        batch?.Store(h, c);
        return Final(outputs).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the embedding [B, T, C]. An LSTM learns positions from the order of the tokens, so it has no position embedding.</summary>
    internal override Tensor Embed(Tensor ids, Tensor positions) => Dropout(wte.call(ids), Config.EmbdDropout, training);

    /// <inheritdoc/>
    internal override Tensor RunLayer(int layer, Tensor x, Tensor? mask) => lstm.Forward(x, Precision, null).Outputs;

    /// <summary>Projects the outputs of the LSTM (B, T, H) to the width that the output layer reads.</summary>
    internal override Tensor Final(Tensor x)
    {
        Tensor outputs = Dropout(x, Config.HiddenDropout, training);
        if (proj is null)
            return outputs;
        ScalarType compute = Precision.ScalarType();
        return F.linear(outputs.to(compute), proj.weight!.to(compute)).to(ScalarType.Float32); // (B, T, H) -> (B, T, C)
    }

    /// <inheritdoc/>
    internal override DecoderState CreateState(Device device) => new LstmState(Config, device);

    /// <inheritdoc/>
    internal override StateBatch Join(IReadOnlyList<DecoderState> states) => new LstmBatch([.. states.Cast<LstmState>()]);

    /// <summary>
    /// Initializes weights and biases. A forget gate that starts open keeps what the cell holds, so that gradients reach distant tokens from the first
    /// step (Gers et al. 2000; Jozefowicz et al. 2015, section 5).
    /// </summary>
    private void Initialize(long seed)
    {
        using var noGradient = no_grad();
        using Generator generator = new((ulong)seed);
        double bound = 1 / Math.Sqrt(Config.NHidden);
        foreach ((string name, Parameter parameter) in named_parameters())
        {
            if (parameter.Dimensions == 1)
                init.zeros_(parameter);
            else if (name is "wte.weight" or "lm_head.weight")
                parameter.normal_(0, Config.InitializerRange, generator);
            else
                parameter.uniform_(-bound, bound, generator);
        }

        using Tensor forget = lstm.bias_ih_l0.narrow(0, Config.NHidden, Config.NHidden);
        forget.fill_(1);
    }

    /// <summary>The LSTM layer. Gates and cell are float32.</summary>
    private sealed class Lstm : Module
    {
        private readonly Parameter weight_ih_l0;
        private readonly Parameter weight_hh_l0;
        public readonly Parameter bias_ih_l0;
        private readonly Parameter bias_hh_l0;

        public Lstm(LstmConfig config) : base(nameof(Lstm))
        {
            long H = config.NHidden;
            weight_ih_l0 = new Parameter(empty(4 * H, config.NEmbd));
            weight_hh_l0 = new Parameter(empty(4 * H, H));
            bias_ih_l0 = new Parameter(empty(4 * H));
            bias_hh_l0 = new Parameter(empty(4 * H)); // adds to the other one; PyTorch and cuDNN have both, and so have stored models
            RegisterComponents();
        }

        /// <summary>Computes the outputs of all positions, and the state after the last one.</summary>
        /// <param name="x">Embeddings, float32 [B, T, C].</param>
        /// <param name="precision">Number format of the products.</param>
        /// <param name="start">The state before the first position, [B, H] each; null for 0.</param>
        /// <returns>Outputs: [B, T, H]. Output, Cell: h and c after the last position, [B, H] each.</returns>
        public (Tensor Outputs, Tensor Output, Tensor Cell) Forward(Tensor x, Precision precision, (Tensor Output, Tensor Cell)? start)
        {
            using var scope = NewDisposeScope();
            ScalarType compute = precision.ScalarType();
            // The products with the inputs do not depend on the state, so one product serves all positions.
            Tensor inputs = F.linear(x.to(compute), weight_ih_l0.to(compute)).to(ScalarType.Float32) + (bias_ih_l0 + bias_hh_l0); // (B, T, C) -> (B, T, 4H)
            Tensor recurrent = weight_hh_l0.to(compute).t(); // (H, 4H)
            (Tensor h, Tensor c) = start ?? (zeros([x.shape[0], recurrent.shape[0]], ScalarType.Float32, x.device), zeros([x.shape[0], recurrent.shape[0]], ScalarType.Float32, x.device));
            List<Tensor> outputs = [];
            foreach (Tensor input in inputs.unbind(1)) // T of (B, 4H)
            {
                (h, c) = Step(input + h.to(compute).matmul(recurrent).to(ScalarType.Float32), c);
                outputs.Add(h);
            }

            return (stack(outputs, 1).MoveToOuterDisposeScope(), h.MoveToOuterDisposeScope(), c.MoveToOuterDisposeScope());
        }

        /// <summary>Computes output and cell (B, H) of a position from its gates before their activation functions (B, 4H) and the cell before it.</summary>
        private static (Tensor Output, Tensor Cell) Step(Tensor gates, Tensor cell)
        {
            Tensor[] parts = gates.chunk(4, 1);
            Tensor input = parts[0].sigmoid(), forget = parts[1].sigmoid(), candidate = parts[2].tanh(), output = parts[3].sigmoid();
            Tensor next = forget * cell + input * candidate;
            return (output * next.tanh(), next);
        }
    }
}
