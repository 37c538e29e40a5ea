using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Torch.Inference;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch;

/// <summary>
/// A language model as a module: <see cref="GptModel"/> or <see cref="LstmModel"/>. Code that trains, scores, generates, reads or writes models uses
/// only this type. A model is an embedding, layers that run one after another, and a final step whose output the output layer reads.
/// </summary>
public abstract class LanguageModule : Module<Tensor, Tensor>
{
    private protected LanguageModule(string name, Precision precision) : base(name) => Precision = precision;

    /// <summary>Gets the architecture.</summary>
    public abstract ModelConfig Config { get; }

    /// <summary>Gets or sets the number format of the matrix products. It may be changed between two calls.</summary>
    public Precision Precision { get; set; }

    /// <summary>Gets the token embedding [V, C].</summary>
    public abstract Parameter TokenEmbedding { get; }

    /// <summary>Gets the output layer: the token embedding if the two are tied (GPT-1 paper, equation 2), otherwise a separate matrix.</summary>
    public abstract Parameter OutputLayer { get; }

    /// <summary>Gets the bias [V] of the output layer; null if it has none.</summary>
    public virtual Parameter? OutputBias => null;

    /// <summary>Creates a model with new random weights.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="seed">Seed of the weights. The same seed produces the same weights.</param>
    /// <param name="precision">Number format of the matrix products.</param>
    /// <param name="init">How the weights are drawn; null selects the initialization of the architecture.</param>
    /// <exception cref="ArgumentException">The configuration is impossible.</exception>
    public static LanguageModule Create(ModelConfig config, long seed = 0, Precision precision = Precision.Fp32, WeightInit? init = null) => config switch
    {
        GptConfig gpt => new GptModel(gpt, seed, precision, init),
        LstmConfig lstm => new LstmModel(lstm, seed, precision, init),
        _ => throw new ArgumentNullException(nameof(config)),
    };

    /// <summary>Computes the logits of the token after each position.</summary>
    /// <param name="ids">Token ids, int64 [B, T], with T at most the context length.</param>
    /// <returns>Logits, float32 [B, T, V].</returns>
    /// <exception cref="ArgumentException">The sequences are longer than the context length.</exception>
    public override Tensor forward(Tensor ids)
    {
        using var scope = NewDisposeScope();
        return Head(Hidden(ids)).MoveToOuterDisposeScope();
    }

    /// <summary>Computes logits from hidden states.</summary>
    /// <param name="hidden">Final hidden states [..., C].</param>
    /// <returns>Logits, float32 [..., V].</returns>
    public Tensor Head(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        ScalarType compute = Precision.ScalarType();
        return F.linear(hidden.to(compute), OutputLayer.to(compute), OutputBias?.to(compute)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the final hidden states.</summary>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="past">
    /// What the model has kept of the preceding tokens of each sequence, or null. The caller calls <see cref="StateBatch.Extend"/> if it keeps the result.
    /// </param>
    /// <param name="residual">If not null, receives the embedding and the output of every layer. The caller disposes them.</param>
    /// <param name="packing">The position of each token and the tokens that it attends to; null if each row is one sequence.</param>
    /// <returns>Hidden states, float32 [B, T, <see cref="ModelConfig.HiddenWidth"/>].</returns>
    /// <exception cref="ArgumentException">A sequence is longer than the context length. A row with <paramref name="packing"/> may be longer.</exception>
    internal abstract Tensor Hidden(Tensor ids, StateBatch? past = null, ICollection<Tensor>? residual = null, SequencePacking? packing = null);

    /// <summary>Gets whether a row can hold several continuations of one context (<see cref="SequencePacking"/>).</summary>
    internal abstract bool SupportsPacking { get; }

    /// <summary>Computes the input of the first layer [B, T, C].</summary>
    internal abstract Tensor Embed(Tensor ids, Tensor positions);

    /// <summary>Computes the output of a layer from its input.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="x">The input [B, T, C].</param>
    /// <param name="mask">The attention mask of a <see cref="SequencePacking"/>; null if each row is one sequence.</param>
    internal abstract Tensor RunLayer(int layer, Tensor x, Tensor? mask);

    /// <summary>Computes the final hidden states from the output of the last layer.</summary>
    internal abstract Tensor Final(Tensor x);

    /// <summary>Creates the state of a sequence of which no token has been read.</summary>
    /// <param name="device">The model's device.</param>
    internal abstract DecoderState CreateState(Device device);

    /// <summary>Joins the states of several sequences, which this model created, for one pass.</summary>
    internal abstract StateBatch Join(IReadOnlyList<DecoderState> states);

    /// <summary>Adds low-rank adapters (Hu et al. 2022) to projections of every layer.</summary>
    /// <param name="rank">Rank of the adapters, 1 or more.</param>
    /// <param name="alpha">The product of an adapter is multiplied by alpha / rank.</param>
    /// <param name="targets">Names from <see cref="TrainedPart.AdapterTargets"/>.</param>
    /// <param name="seed">Seed of the adapters' weights.</param>
    /// <exception cref="ArgumentException">The architecture has no such projections, or the rank is less than 1.</exception>
    internal virtual void AddAdapters(int rank, double alpha, IReadOnlyList<string> targets, long seed) =>
        throw new ArgumentException($"model.lora_rank is {rank}; low-rank adapters need the projections of a GPT's blocks", nameof(rank));

    /// <summary>
    /// Returns a parameter with the product of its adapter added, if it has an adapter. This is the parameter of an equivalent model without
    /// adapters.
    /// </summary>
    /// <param name="name">The parameter's name, such as <c>h.0.attn.c_attn.weight</c>.</param>
    /// <returns>A tensor with the shape of the parameter. The caller disposes it.</returns>
    internal virtual Tensor Merged(string name) => get_parameter(name)!.detach();

    /// <summary>Gets the weights of the adapters by name, such as <c>h.0.attn.c_attn.lora_a</c>. The module's own parameters do not include them.</summary>
    internal virtual IEnumerable<(string Name, Parameter Value)> AdapterParameters => [];

    private protected static Tensor Dropout(Tensor x, double rate, bool training) => training && rate > 0 ? F.dropout(x, rate, training: true) : x;
}
