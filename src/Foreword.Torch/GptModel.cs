using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Torch.Inference;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch;

// B batch, T time, C channels (n_embd), V vocabulary, nh heads, hs head size, S tokens in the cache.
// Weights are kept as the published checkpoints keep them: Conv1D [in, out], so y = x W + b. Field names are their keys.

/// <summary>
/// GPT-1 and GPT-2, whole. The two differ in where LayerNorm stands: after each residual sum (GPT-1, Radford et al. 2018,
/// section 3.1) or before each branch with one more at the end (GPT-2, Radford et al. 2019, section 2.3).
/// </summary>
public sealed class GptModel : Module<Tensor, Tensor>
{
    /// <summary>Where scores of [T, T] a head stop fitting the cache and flash attention wins.</summary>
    private const long LongestPlainAttention = 512;

    private readonly Embedding wte;
    private readonly Embedding wpe;
    private readonly ModuleList<Block> h;
    private readonly LayerNorm? ln_f;
    private readonly Linear? lm_head; // registered only where it is separate: a second name of wte would be trained twice

    /// <summary>A model with fresh random weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="seed">Seed of the weights; the same seed gives the same weights.</param>
    /// <param name="precision">Number format of the products.</param>
    /// <param name="init">How they are drawn; that of the architecture's paper unless given.</param>
    /// <exception cref="ArgumentException">The configuration is impossible.</exception>
    public GptModel(GptConfig config, long seed = 0, Precision precision = Precision.Fp32, WeightInit? init = null) : base(nameof(GptModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config.Validate();
        Precision = precision;
        wte = nn.Embedding(config.VocabSize, config.NEmbd);
        wpe = nn.Embedding(config.ContextLength, config.NEmbd);
        h = new ModuleList<Block>([.. Enumerable.Range(0, config.NLayer).Select(_ => new Block(config))]);
        ln_f = config.Architecture == GptArchitecture.Gpt2 ? nn.LayerNorm(config.NEmbd, config.LayerNormEpsilon) : null;
        lm_head = config.TieWordEmbeddings ? null : nn.Linear(config.NEmbd, config.VocabSize, hasBias: false);
        RegisterComponents();
        Initialize(seed, init ?? (config.Architecture == GptArchitecture.Gpt2 ? WeightInit.ScaledResidual : WeightInit.Normal));
    }

    /// <summary>The architecture.</summary>
    public GptConfig Config { get; }

    /// <summary>Number format of the products; may be changed between two calls.</summary>
    public Precision Precision { get; set; }

    /// <summary>The token embedding [V, C].</summary>
    public Parameter TokenEmbedding => wte.weight!;

    /// <summary>The output layer [V, C]: the token embedding (GPT-1 paper, equation 2), or a separate matrix.</summary>
    public Parameter OutputLayer => lm_head?.weight ?? wte.weight!;

    /// <summary>Logits [B, T, V] in float32 of the token after each position.</summary>
    /// <param name="ids">Token ids, int64 [B, T], T at most the context length.</param>
    public override Tensor forward(Tensor ids)
    {
        using var scope = NewDisposeScope();
        return Head(Hidden(ids)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Final hidden states [B, T, C] in float32: after <c>ln_f</c> (GPT-2) or the last block (GPT-1).
    /// </summary>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="cache">Keys and values of the tokens before these, sequence by sequence; this call appends its own.</param>
    /// <param name="residual">When given, receives the embedding sum and every block's output (the caller disposes them).</param>
    /// <param name="packing">When given, where each token stands and what it sees, in place of one sequence a row.</param>
    public Tensor Hidden(Tensor ids, KvBatch? cache = null, ICollection<Tensor>? residual = null, SequencePacking? packing = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var scope = NewDisposeScope();
        long past = cache?.Longest ?? 0, T = ids.shape[1];
        if (packing is null && past + T > Config.ContextLength)
            throw new ArgumentException($"sequence has {past + T} tokens; the context length is {Config.ContextLength}");

        Tensor x = Embed(ids, packing?.PositionIds(ids.device) ?? cache?.Positions(T, ids.device) ?? arange(T, int64, ids.device)); // (B, T, C)
        residual?.Add(x.alias().DetachFromDisposeScope());
        Tensor? mask = packing?.Mask(ids.device).to(Precision.ScalarType());
        for (int layer = 0; layer < Config.NLayer; layer++)
        {
            x = h[layer].Forward(x, Precision, cache, layer, mask);
            residual?.Add(x.alias().DetachFromDisposeScope());
        }

        cache?.Advance(T);
        return Final(x).MoveToOuterDisposeScope();
    }

    /// <summary>The residual stream before the first block [B, T, C].</summary>
    internal Tensor Embed(Tensor ids, Tensor positions) => Dropout(wte.call(ids) + wpe.call(positions), Config.EmbdDropout, training);

    /// <summary>The residual stream behind a block [B, T, C], of that before it.</summary>
    internal Tensor RunBlock(int layer, Tensor x) => h[layer].Forward(x, Precision, null, layer, null);

    /// <summary>The final hidden states, of the residual stream behind the last block.</summary>
    internal Tensor Final(Tensor x) => ln_f is null ? x : ln_f.call(x);

    /// <summary>Logits [..., V] in float32 of hidden states [..., C].</summary>
    public Tensor Head(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        ScalarType compute = Precision.ScalarType();
        return F.linear(hidden.to(compute), OutputLayer.to(compute)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Mean cross entropy in nats over all positions, on autograd, float32 logits: the plain form that <see cref="LanguageModelLoss"/>
    /// computes in pieces.
    /// </summary>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="targets">The token after each position, int64 [B, T]; -1 leaves a position out.</param>
    public Tensor Loss(Tensor ids, Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        using var scope = NewDisposeScope();
        return F.cross_entropy(forward(ids).view(-1, Config.VocabSize), targets.view(-1), ignore_index: -1).MoveToOuterDisposeScope();
    }

    private static Tensor Dropout(Tensor x, double rate, bool training) => training && rate > 0 ? F.dropout(x, rate, training: true) : x;

    /// <summary>What a branch adds to the residual stream, which is float32.</summary>
    private static Tensor ToResidual(Tensor branch, GptConfig config, bool training) => Dropout(branch.to(ScalarType.Float32), config.ResidDropout, training);

    /// <summary>
    /// Weights N(0, 0.02), biases 0. GPT-2 draws positions from N(0, 0.01) (openai/gpt-2, model.py) and divides the residual
    /// projections by the root of the number of residual branches, 2 n_layer (GPT-2 paper, section 2.3).
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
    /// Adds a low-rank adapter (Hu et al. 2022) to projections of every block. Their product starts at 0, so the model's outputs stay.
    /// </summary>
    /// <param name="rank">Rank of the adapters, at least 1.</param>
    /// <param name="alpha">Their product counts alpha / rank times.</param>
    /// <param name="targets">Names of <see cref="TrainedPart.AdapterTargets"/>.</param>
    /// <param name="seed">Seed of their weights.</param>
    public void AddAdapters(int rank, double alpha, IReadOnlyList<string> targets, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        using Generator generator = new((ulong)seed);
        foreach (Conv1D projection in Projections(targets))
            projection.Adapt(rank, alpha / rank, generator);
    }

    /// <summary>
    /// A parameter with its adapter's product added, where it has an adapter: what a model without adapters would hold. The caller
    /// disposes it.
    /// </summary>
    /// <param name="name">The parameter's name, such as <c>h.0.attn.c_attn.weight</c>.</param>
    public Tensor Merged(string name)
    {
        using var noGradient = no_grad();
        Tensor merged = get_parameter(name)!.detach();
        LowRankAdapter? adapter = h.SelectMany((block, layer) => block.Projections.Where(p => $"h.{layer}.{p.Path}.weight" == name)).FirstOrDefault().Module?.Adapter;
        return adapter is null ? merged : adapter.AddedTo(merged);
    }

    /// <summary>The adapters' weights by name, such as <c>h.0.attn.c_attn.lora_a</c>; they are none of the module's own parameters.</summary>
    public IEnumerable<(string Name, Parameter Value)> AdapterParameters =>
        h.SelectMany((block, layer) => block.Projections.Where(p => p.Module.Adapter is not null).SelectMany(p => p.Module.Adapter!.Parameters($"h.{layer}.{p.Path}")));

    private IEnumerable<Conv1D> Projections(IReadOnlyList<string> names) =>
        h.SelectMany(block => block.Projections).Where(projection => names.Contains(projection.Name)).Select(projection => projection.Module);

    /// <summary>One block: attention and feed-forward on the residual stream.</summary>
    private sealed class Block : Module
    {
        private readonly bool preNorm;
        private readonly LayerNorm ln_1;
        private readonly Attention attn;
        private readonly LayerNorm ln_2;
        private readonly Mlp mlp;

        public Block(GptConfig config) : base(nameof(Block))
        {
            preNorm = config.Architecture == GptArchitecture.Gpt2;
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

    /// <summary>Causal multi-head self-attention; scores are divided by sqrt(hs) unless the configuration says otherwise.</summary>
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
            Tensor[] parts = qkv.unbind(0); // not qkv[0]: its backward fills a whole qkv with zeros for each part
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
        /// libtorch's flash attention saves memory; on the CPU, forward and backward of short bfloat16 sequences take it 2.5 to 3
        /// times as long as the three products and the softmax by themselves (docs/numerics.md has the figures).
        /// </summary>
        private static bool PlainIsFaster(Device device, Precision precision, long T) =>
            device.type == TorchSharp.DeviceType.CPU && precision == Precision.Bf16 && T <= LongestPlainAttention;

        /// <summary>softmax(q kᵀ / sqrt(hs)) v step by step, the softmax in float32 (Vaswani et al. 2017, equation 1).</summary>
        private static Tensor Plain(Tensor q, Tensor k, Tensor v, double dropout)
        {
            long T = q.shape[2], hs = q.shape[3];
            Tensor future = full([T, T], float.NegativeInfinity, ScalarType.Float32, q.device).triu(1);
            Tensor scores = q.mul(1 / Math.Sqrt(hs)).matmul(k.transpose(-2, -1)); // (B, nh, T, hs) x (B, nh, hs, T) -> (B, nh, T, T)
            Tensor probabilities = (scores.to(ScalarType.Float32) + future).softmax(-1).to(v.dtype);
            return Dropout(probabilities, dropout, training: true).matmul(v); // (B, nh, T, hs)
        }

        /// <summary>With the tokens in the cache before them, each sequence with its own.</summary>
        private static Tensor Cached(Tensor q, Tensor k, Tensor v, KvBatch cache, int layer)
        {
            if (q.shape[2] == 1)
                return cache.AttendNext(layer, q, k, v);
            Tensor[] rows = [.. Enumerable.Range(0, cache.Count).Select(b =>
            {
                (Tensor keys, Tensor values) = cache.Append(b, layer, k, v); // (1, nh, S + T, hs)
                return Fused(q[b..(b + 1)], keys, values, 0);
            })];
            return rows.Length == 1 ? rows[0] : cat(rows, 0);
        }

        /// <summary>The same in one operator; the queries are the last tokens of the keys.</summary>
        private static Tensor Fused(Tensor q, Tensor k, Tensor v, double dropout)
        {
            long T = q.shape[2], S = k.shape[2] - T;
            // Several tokens after others in the cache need their mask spelt out.
            Tensor? mask = S > 0 ? ones(T, S + T, @bool, q.device).tril(S) : null;
            return F.scaled_dot_product_attention(q, k, v, mask, dropout, is_casual: T > 1 && mask is null);
        }
    }

    /// <summary>The position-wise feed-forward network, F wide: 4 C, and GELU in its tanh form, in the published models.</summary>
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
            _ => throw new InvalidOperationException($"{_config.Activation} is not computed"),
        };
    }

    /// <summary>The published code's linear layer: y = x W + b with W [in, out].</summary>
    private sealed class Conv1D : Module
    {
        private readonly Parameter _weight;
        private readonly Parameter _bias;
        private LowRankAdapter? _lora; // no module of this one: the files of a model do not know it

        public Conv1D(long inputs, long outputs) : base(nameof(Conv1D))
        {
            _weight = new Parameter(empty(inputs, outputs));
            _bias = new Parameter(zeros(outputs));
            RegisterComponents();
        }

        /// <summary>[B, T, in] -> [B, T, out] in the precision's number format.</summary>
        public Tensor Forward(Tensor x, Precision precision)
        {
            using var scope = NewDisposeScope();
            ScalarType compute = precision.ScalarType();
            long B = x.shape[0], T = x.shape[1];
            Tensor rows = x.to(compute).view(B * T, -1);
            Tensor y = addmm(_bias.to(compute), rows, _weight.to(compute), beta: 1, alpha: 1);
            if (_lora is not null)
                y = y + _lora.Forward(rows);
            return y.view(B, T, -1).MoveToOuterDisposeScope();
        }

        public LowRankAdapter? Adapter => _lora;

        public void Adapt(int rank, double scale, Generator generator)
        {
            _lora?.Dispose();
            _lora = new LowRankAdapter(_weight, rank, scale, generator);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _lora?.Dispose();
            base.Dispose(disposing);
        }
    }
}
