using Foreword.Models;
using Foreword.Torch.Inference;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch;

// Legend: B batch, T time, C channels (n_embd), V vocabulary, nh heads, hs head size, S tokens in the cache.
// Weights have the layout of the published checkpoints: Conv1D weights are [in, out], so y = x W + b. Field names are checkpoint keys.

/// <summary>
/// A complete GPT-1 or GPT-2 model. The two architectures differ in the position of LayerNorm. GPT-1 normalizes after each residual sum
/// (Radford et al. 2018, section 3.1). GPT-2 normalizes before each branch and once more at the end (Radford et al. 2019, section 2.3).
/// </summary>
public sealed class GptModel : LanguageModule
{
    /// <summary>Longest sequence for plain attention. In longer ones a head's scores [T, T] exceed the CPU cache, and flash attention is faster.</summary>
    private const long LongestPlainAttention = 512;

    private readonly Embedding wte;
    private readonly Embedding wpe;
    private readonly ModuleList<Block> h;
    private readonly LayerNorm? ln_f;
    private readonly Linear? lm_head; // registered only if it is separate: registered as a second name of wte, it would be trained twice

    /// <summary>Creates a model with new random weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="seed">Seed of the weights. The same seed produces the same weights.</param>
    /// <param name="precision">Number format of the matrix products.</param>
    /// <param name="init">How the weights are drawn; null selects the initialization in the architecture's paper.</param>
    /// <exception cref="ArgumentException">The configuration is impossible.</exception>
    public GptModel(GptConfig config, long seed = 0, Precision precision = Precision.Fp32, WeightInit? init = null) : base(nameof(GptModel), precision)
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config.Validate();
        wte = nn.Embedding(config.VocabSize, config.NEmbd);
        wpe = nn.Embedding(config.ContextLength, config.NEmbd);
        h = new ModuleList<Block>([.. Enumerable.Range(0, config.NLayer).Select(_ => new Block(config))]);
        ln_f = config.HasFinalNorm ? nn.LayerNorm(config.NEmbd, config.LayerNormEpsilon) : null;
        lm_head = config.TieWordEmbeddings ? null : nn.Linear(config.NEmbd, config.VocabSize, hasBias: false);
        RegisterComponents();
        if (init == WeightInit.Uniform)
            throw new ArgumentException("init is uniform; only an LSTM has this initialization", nameof(init));
        Initialize(seed, init ?? (config.Architecture == ModelArchitecture.Gpt2 ? WeightInit.ScaledResidual : WeightInit.Normal));
    }

    /// <inheritdoc/>
    public override GptConfig Config { get; }

    /// <inheritdoc/>
    public override Parameter TokenEmbedding => wte.weight!;

    /// <inheritdoc/>
    public override Parameter OutputLayer => lm_head?.weight ?? wte.weight!;

    /// <inheritdoc/>
    internal override bool SupportsPacking => true;

    /// <summary>Computes the final hidden states: the output of <c>ln_f</c> if there is one, otherwise of the last block.</summary>
    /// <inheritdoc/>
    internal override Tensor Hidden(Tensor ids, StateBatch? past = null, ICollection<Tensor>? residual = null, SequencePacking? packing = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var scope = NewDisposeScope();
        KvBatch? cache = (KvBatch?)past;
        long T = ids.shape[1];
        ModelInput.CheckLength(Config, packing?.Longest ?? (cache?.Longest ?? 0) + T, nameof(ids));

        Tensor x = Embed(ids, packing?.PositionIds(ids.device) ?? cache?.Positions(T, ids.device) ?? arange(T, int64, ids.device)); // (B, T, C)
        residual?.Add(x.alias().DetachFromDisposeScope());
        Tensor? mask = packing?.Mask(ids.device).to(Precision.ScalarType());
        for (int layer = 0; layer < Config.NLayer; layer++)
        {
            x = h[layer].Forward(x, Precision, cache, layer, mask);
            residual?.Add(x.alias().DetachFromDisposeScope());
        }

        return Final(x).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the residual stream before the first block [B, T, C].</summary>
    internal override Tensor Embed(Tensor ids, Tensor positions) => Dropout(wte.call(ids) + wpe.call(positions), Config.EmbdDropout, training);

    /// <summary>Computes the residual stream after a block [B, T, C] from the residual stream before it.</summary>
    internal override Tensor RunLayer(int layer, Tensor x, Tensor? mask) => h[layer].Forward(x, Precision, null, layer, mask);

    /// <summary>Computes the final hidden states from the residual stream after the last block.</summary>
    internal override Tensor Final(Tensor x) => ln_f is null ? x : ln_f.call(x);

    /// <inheritdoc/>
    internal override DecoderState CreateState(Device device) => new KvCache(Config, Precision, device);

    /// <inheritdoc/>
    internal override StateBatch Join(IReadOnlyList<DecoderState> states) => new KvBatch([.. states.Cast<KvCache>()]);

    /// <summary>Converts the output of a branch to float32, the format of the residual stream, and applies dropout.</summary>
    private static Tensor ToResidual(Tensor branch, GptConfig config, bool training) => Dropout(branch.to(ScalarType.Float32), config.ResidDropout, training);

    /// <summary>
    /// Initializes weights from N(0, 0.02) and biases with 0. GPT-2 draws position embeddings from N(0, 0.01) (openai/gpt-2, model.py). It also
    /// divides the residual projections by the square root of the number of residual branches, 2 n_layer (GPT-2 paper, section 2.3).
    /// </summary>
    private void Initialize(long seed, WeightInit form)
    {
        using var noGradient = no_grad();
        using Generator generator = new((ulong)seed);
        bool gpt2 = form == WeightInit.ScaledResidual;
        double std = Config.InitializerRange;
        foreach ((string name, Parameter weight) in named_parameters())
        {
            if (name.EndsWith(".bias", StringComparison.Ordinal))
                init.zeros_(weight);
            else if (name.Contains("ln_", StringComparison.Ordinal))
                init.ones_(weight);
            else if (gpt2 && name == "wpe.weight")
                weight.normal_(0, std / 2, generator);
            else if (gpt2 && name.EndsWith(".c_proj.weight", StringComparison.Ordinal))
                weight.normal_(0, std / Math.Sqrt(2.0 * Config.NLayer), generator);
            else
                weight.normal_(0, std, generator);
        }
    }

    /// <summary>
    /// Adds low-rank adapters (Hu et al. 2022) to projections of every block. Their product is 0 at the start, so the model's outputs do not
    /// change.
    /// </summary>
    /// <inheritdoc/>
    internal override void AddAdapters(int rank, double alpha, IReadOnlyList<string> targets, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        using Generator generator = new((ulong)seed);
        foreach (Conv1D projection in Projections(targets))
            projection.Adapt(rank, alpha / rank, generator);
    }

    /// <inheritdoc/>
    internal override Tensor Merged(string name)
    {
        using var noGradient = no_grad();
        Tensor merged = get_parameter(name)!.detach();
        LowRankAdapter? adapter = h.SelectMany((block, layer) => block.Projections.Where(p => $"h.{layer}.{p.Path}.weight" == name)).FirstOrDefault().Module?.Adapter;
        return adapter is null ? merged : adapter.AddedTo(merged);
    }

    /// <inheritdoc/>
    internal override IEnumerable<(string Name, Parameter Value)> AdapterParameters =>
        h.SelectMany((block, layer) => block.Projections.Where(p => p.Module.Adapter is not null).SelectMany(p => p.Module.Adapter!.Parameters($"h.{layer}.{p.Path}")));

    private IEnumerable<Conv1D> Projections(IReadOnlyList<string> names) =>
        h.SelectMany(block => block.Projections).Where(projection => names.Contains(projection.Name)).Select(projection => projection.Module);

    /// <summary>One block: attention and feed-forward network on the residual stream.</summary>
    private sealed class Block : Module
    {
        private readonly bool preNorm;
        private readonly LayerNorm ln_1;
        private readonly Attention attn;
        private readonly LayerNorm ln_2;
        private readonly Mlp mlp;

        public Block(GptConfig config) : base(nameof(Block))
        {
            preNorm = config.Architecture == ModelArchitecture.Gpt2;
            ln_1 = nn.LayerNorm(config.NEmbd, config.LayerNormEpsilon);
            attn = new Attention(config);
            ln_2 = nn.LayerNorm(config.NEmbd, config.LayerNormEpsilon);
            mlp = new Mlp(config);
            RegisterComponents();
        }

        public IEnumerable<(string Name, string Path, Conv1D Module)> Projections =>
        [
            ("c_attn", "attn.c_attn", attn.c_attn), ("attn.c_proj", "attn.c_proj", attn.c_proj),
            ("c_fc", "mlp.c_fc", mlp.c_fc), ("mlp.c_proj", "mlp.c_proj", mlp.c_proj),
        ];

        public Tensor Forward(Tensor x, Precision precision, KvBatch? cache, int layer, Tensor? mask)
        {
            using var scope = NewDisposeScope();
            if (preNorm)
            {
                x = x + attn.Forward(ln_1.call(x), precision, cache, layer, mask);
                x = x + mlp.Forward(ln_2.call(x), precision);
            }
            else
            {
                x = ln_1.call(x + attn.Forward(x, precision, cache, layer, mask));
                x = ln_2.call(x + mlp.Forward(x, precision));
            }

            return x.MoveToOuterDisposeScope();
        }
    }

    /// <summary>The causal multi-head self-attention. Scores are divided by sqrt(hs), unless the configuration sets another factor.</summary>
    private sealed class Attention : Module
    {
        private readonly GptConfig _config;
        public readonly Conv1D c_attn;
        public readonly Conv1D c_proj;

        public Attention(GptConfig config) : base(nameof(Attention))
        {
            this._config = config;
            c_attn = new Conv1D(config.NEmbd, 3 * config.NEmbd);
            c_proj = new Conv1D(config.NEmbd, config.NEmbd);
            RegisterComponents();
        }

        public Tensor Forward(Tensor x, Precision precision, KvBatch? cache, int layer, Tensor? mask)
        {
            using var scope = NewDisposeScope();
            long B = x.shape[0], T = x.shape[1];
            Tensor qkv = c_attn.Forward(x, precision).view(B, T, 3, _config.NHead, _config.HeadSize).permute(2, 0, 3, 1, 4); // (3, B, nh, T, hs)
            Tensor[] parts = qkv.unbind(0); // not qkv[0]: its backward pass fills a whole qkv with zeros for each of the three
            Tensor q = parts[0], k = parts[1], v = parts[2];
            if (_config.AttentionFactor(layer) is not 1 and var factor)
                q = q * factor; // the products below divide by sqrt(hs)
            double dropout = training ? _config.AttnDropout : 0;
            Tensor y = cache is not null ? Cached(q, k, v, cache, layer)
                : mask is not null ? F.scaled_dot_product_attention(q, k, v, mask, dropout)
                : PlainIsFaster(x.device, precision, T) ? Plain(q, k, v, dropout) : Fused(q, k, v, dropout);
            y = y.transpose(1, 2).reshape(B, T, _config.NEmbd); // (B, nh, T, hs) -> (B, T, C)
            return ToResidual(c_proj.Forward(y, precision), _config, training).MoveToOuterDisposeScope();
        }

        /// <summary>
        /// Returns whether plain attention is faster than libtorch's flash attention, which saves memory. On the CPU, flash attention takes 2.5 to
        /// 3 times as long as the three products and the softmax for forward and backward of short bfloat16 sequences (docs/numerics.md).
        /// </summary>
        private static bool PlainIsFaster(Device device, Precision precision, long T) =>
            device.type == TorchSharp.DeviceType.CPU && precision == Precision.Bf16 && T <= LongestPlainAttention;

        /// <summary>Computes softmax(q kᵀ / sqrt(hs)) v step by step, with the softmax in float32 (Vaswani et al. 2017, equation 1).</summary>
        private static Tensor Plain(Tensor q, Tensor k, Tensor v, double dropout)
        {
            long T = q.shape[2], hs = q.shape[3];
            Tensor future = full([T, T], float.NegativeInfinity, ScalarType.Float32, q.device).triu(1);
            Tensor scores = q.mul(1 / Math.Sqrt(hs)).matmul(k.transpose(-2, -1)); // (B, nh, T, hs) x (B, nh, hs, T) -> (B, nh, T, T)
            Tensor probabilities = (scores.to(ScalarType.Float32) + future).softmax(-1).to(v.dtype);
            return Dropout(probabilities, dropout, training: true).matmul(v); // (B, nh, T, hs)
        }

        /// <summary>Computes attention over the cached tokens of each sequence and the new ones.</summary>
        private static Tensor Cached(Tensor q, Tensor k, Tensor v, KvBatch cache, int layer)
        {
            if (q.shape[2] == 1)
                return cache.AttendNext(layer, q, k, v);
            Tensor[] rows = [.. Enumerable.Range(0, cache.Count).Select(b =>
            {
                (Tensor keys, Tensor values) = cache.Store(b, layer, k, v); // (1, nh, S + T, hs)
                return Fused(q[b..(b + 1)], keys, values, 0);
            })];
            return rows.Length == 1 ? rows[0] : cat(rows, 0);
        }

        /// <summary>Computes attention with libtorch's single operator. The queries belong to the last tokens of the keys.</summary>
        private static Tensor Fused(Tensor q, Tensor k, Tensor v, double dropout)
        {
            long T = q.shape[2], S = k.shape[2] - T;
            // If several tokens follow cached ones, the operator needs an explicit mask.
            Tensor? mask = S > 0 ? ones(T, S + T, @bool, q.device).tril(S) : null;
            return F.scaled_dot_product_attention(q, k, v, mask, dropout, is_casual: T > 1 && mask is null);
        }
    }

    /// <summary>The position-wise feed-forward network with inner width F. The published models use F = 4 C and the tanh form of GELU.</summary>
    private sealed class Mlp : Module
    {
        private readonly GptConfig _config;
        public readonly Conv1D c_fc;
        public readonly Conv1D c_proj;

        public Mlp(GptConfig config) : base(nameof(Mlp))
        {
            this._config = config;
            c_fc = new Conv1D(config.NEmbd, config.FeedForward);
            c_proj = new Conv1D(config.FeedForward, config.NEmbd);
            RegisterComponents();
        }

        public Tensor Forward(Tensor x, Precision precision)
        {
            using var scope = NewDisposeScope();
            Tensor y = Activate(c_fc.Forward(x, precision)); // (B, T, F)
            return ToResidual(c_proj.Forward(y, precision), _config, training).MoveToOuterDisposeScope();
        }

        private Tensor Activate(Tensor x) => _config.Activation switch
        {
            Activation.GeluTanh => F.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh),
            Activation.Gelu => F.gelu(x),
            Activation.Relu => F.relu(x),
            Activation.Silu => F.silu(x),
            Activation.QuickGelu => x * (1.702 * x).sigmoid(),
            _ => throw new InvalidOperationException($"{_config.Activation} is not supported"),
        };
    }

    /// <summary>The linear layer of the published code: y = x W + b with W [in, out].</summary>
    private sealed class Conv1D : Module
    {
        private readonly Parameter weight;
        private readonly Parameter bias;
        private LowRankAdapter? _lora; // not a registered submodule: model files do not contain it

        public Conv1D(long inputs, long outputs) : base(nameof(Conv1D))
        {
            weight = new Parameter(empty(inputs, outputs));
            bias = new Parameter(zeros(outputs));
            RegisterComponents();
        }

        /// <summary>Maps [B, T, in] to [B, T, out] in the number format of the precision.</summary>
        public Tensor Forward(Tensor x, Precision precision)
        {
            using var scope = NewDisposeScope();
            ScalarType compute = precision.ScalarType();
            long B = x.shape[0], T = x.shape[1];
            Tensor rows = x.to(compute).view(B * T, -1);
            Tensor y = addmm(bias.to(compute), rows, weight.to(compute), beta: 1, alpha: 1);
            if (_lora is not null)
                y = y + _lora.Forward(rows);
            return y.view(B, T, -1).MoveToOuterDisposeScope();
        }

        public LowRankAdapter? Adapter => _lora;

        public void Adapt(int rank, double scale, Generator generator)
        {
            _lora?.Dispose();
            _lora = new LowRankAdapter(weight, rank, scale, generator);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _lora?.Dispose();
            base.Dispose(disposing);
        }
    }
}
