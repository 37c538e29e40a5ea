using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;
using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Cpu.Forward;

/// <summary>All weights of a model: matrices in the format that they are multiplied in, embeddings where they are stored.</summary>
internal sealed unsafe class NetworkWeights : IDisposable
{
    /// <summary>Rows are padded to whole vectors, and 31 bits count their elements.</summary>
    private const int LongestRow = int.MaxValue / AttentionKernels.ValueTile * AttentionKernels.ValueTile;

    private readonly IParameters _parameters;

    /// <summary>Reads what is to be in memory.</summary>
    /// <param name="parameters">The model, which this object disposes.</param>
    /// <param name="matrix">Makes a matrix.</param>
    /// <exception cref="ArgumentException">The model has rows of more than 2^31 - 64 elements.</exception>
    public NetworkWeights(IParameters parameters, Func<MatrixShape, PanelMatrix> matrix)
    {
        _parameters = parameters;
        GptConfig config = parameters.Config;
        int C = config.NEmbd;
        foreach ((string name, int value, int most) in ((string, int, int)[])[("n_embd", C, LongestRow / 4), ("n_inner", config.FeedForward, LongestRow), ("context_length", config.ContextLength, LongestRow), ("vocab_size", config.VocabSize, LongestRow)])
        {
            if (value > most)
                throw new ArgumentException($"{name} is {value}; plain C# computes models with at most {most}");
        }

        Blocks = [.. Enumerable.Range(0, config.NLayer).Select(i => new Block(
            Norm($"h.{i}.ln_1"), Projection(i, "attn.c_attn"), Projection(i, "attn.c_proj"),
            Norm($"h.{i}.ln_2"), Projection(i, "mlp.c_fc"), Projection(i, "mlp.c_proj")))];
        FinalNorm = config.Architecture == GptArchitecture.Gpt2 ? Norm("ln_f") : null;
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

    /// <summary>The architecture.</summary>
    public GptConfig Config => _parameters.Config;

    /// <summary>The blocks from the bottom.</summary>
    public Block[] Blocks { get; }

    /// <summary><c>ln_f</c>; GPT-1 has none.</summary>
    public Norm? FinalNorm { get; }

    /// <summary>The output layer.</summary>
    public PanelMatrix Head { get; }

    /// <summary>Every matrix, the output layer last.</summary>
    public IEnumerable<PanelMatrix> Matrices => Blocks.SelectMany(block => (PanelMatrix[])[block.CAttn.Weight, block.AttnCProj.Weight, block.CFc.Weight, block.MlpCProj.Weight]).Append(Head);

    /// <summary>x = wte[token] + wpe[position].</summary>
    /// <param name="token">A token id.</param>
    /// <param name="position">Its position.</param>
    /// <param name="x">[C].</param>
    /// <param name="other">[C] to work in.</param>
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
