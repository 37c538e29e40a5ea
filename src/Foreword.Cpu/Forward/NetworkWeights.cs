using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;
using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Cpu.Forward;

/// <summary>The weights of a model: matrices in the format in which they are multiplied, and embeddings where they are stored.</summary>
internal sealed unsafe class NetworkWeights : IDisposable
{
    /// <summary>The longest row. Rows are padded to whole vectors, and their elements are counted in 31 bits.</summary>
    private const int LongestRow = int.MaxValue / AttentionKernels.ValueTile * AttentionKernels.ValueTile;

    private readonly IParameters _parameters;

    /// <summary>Reads the weights that are kept in memory.</summary>
    /// <param name="parameters">The model's parameters; disposed with this object.</param>
    /// <param name="matrix">Creates the matrix of a shape.</param>
    /// <exception cref="ArgumentException">
    /// The width, feed-forward width, context length or vocabulary needs rows of more than 2^31 - 64 elements.
    /// </exception>
    public NetworkWeights(IParameters parameters, Func<MatrixShape, PanelMatrix> matrix)
    {
        _parameters = parameters;
        GptConfig config = parameters.Config;
        int C = config.NEmbd;
        foreach ((string name, int value, int most) in ((string, int, int)[])[("n_embd", C, LongestRow / 4), ("n_inner", config.FeedForward, LongestRow), ("context_length", config.ContextLength, LongestRow), ("vocab_size", config.VocabSize, LongestRow)])
        {
            if (value > most)
                throw new ArgumentException($"{name} is {value}; the CPU engine supports at most {most}");
        }

        Blocks = [.. Enumerable.Range(0, config.NLayer).Select(i => new Block(
            Norm($"h.{i}.ln_1"), Projection(i, "attn.c_attn"), Projection(i, "attn.c_proj"),
            Norm($"h.{i}.ln_2"), Projection(i, "mlp.c_fc"), Projection(i, "mlp.c_proj")))];
        FinalNorm = config.HasFinalNorm ? Norm("ln_f") : null;
        Head = matrix(MatrixShape.Head(config));

        Norm Norm(string name) => new(Vector($"{name}.weight", C), Vector($"{name}.bias", C));

        Projection Projection(int layer, string name)
        {
            MatrixShape shape = MatrixShape.Of(config, layer, name);
            return new Projection(matrix(shape), Vector($"h.{layer}.{name}.bias", shape.Outputs));
        }

        NativeBuffer<float> Vector(string name, int length)
        {
            NativeBuffer<float> vector = new(Panels.RoundUp(length, Panels.Width));
            vector.Clear();
            parameters.Read(name, 0, new Span<float>(vector.Pointer, length));
            return vector;
        }
    }

    /// <summary>Gets the architecture.</summary>
    public GptConfig Config => _parameters.Config;

    /// <summary>Gets the blocks, starting with the first.</summary>
    public Block[] Blocks { get; }

    /// <summary>Gets the final norm, <c>ln_f</c>; null without one, as in GPT-1.</summary>
    public Norm? FinalNorm { get; }

    /// <summary>Gets the output layer.</summary>
    public PanelMatrix Head { get; }

    /// <summary>Gets all matrices; the output layer is last.</summary>
    public IEnumerable<PanelMatrix> Matrices => Blocks.SelectMany(block => (PanelMatrix[])[block.CAttn.Weight, block.AttnCProj.Weight, block.CFc.Weight, block.MlpCProj.Weight]).Append(Head);

    /// <summary>Computes x = wte[token] + wpe[position].</summary>
    /// <param name="token">The token id.</param>
    /// <param name="position">The token's position.</param>
    /// <param name="x">Receives [C].</param>
    /// <param name="other">Scratch memory, [C].</param>
    public void Embed(int token, int position, float* x, float* other)
    {
        int C = Config.NEmbd;
        _parameters.Read(GptParameter.TokenEmbedding, (long)token * C, new Span<float>(x, C));
        _parameters.Read(GptParameter.PositionEmbedding, (long)position * C, new Span<float>(other, C));
        for (int c = 0; c < C; c++)
            x[c] += other[c];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Block block in Blocks)
            block.Dispose();
        FinalNorm?.Dispose();
        Head.Dispose();
        _parameters.Dispose();
    }
}
