using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Cpu.Matrices;

/// <summary>Describes one weight matrix of a model.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="Inputs">K, the number of inputs.</param>
/// <param name="Outputs">N, the number of outputs.</param>
internal sealed record MatrixShape(string Name, int Inputs, int Outputs)
{
    /// <summary>Gets whether the matrix is the output layer. It is stored as [V, C]; all other matrices are [in, out].</summary>
    public bool IsHead => Name is GptParameter.TokenEmbedding or GptParameter.SeparateHead;

    /// <summary>Creates a reader of this matrix from stored parameters.</summary>
    public PanelReader Reader(IParameters parameters) => new(parameters, Name, Inputs, Outputs, outputsFirst: IsHead);

    /// <summary>Returns the shape of one projection of a block.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="layer">The block, from 0.</param>
    /// <param name="projection">The projection's name, such as <c>attn.c_attn</c>.</param>
    public static MatrixShape Of(GptConfig config, int layer, string projection)
    {
        int C = config.NEmbd, F = config.FeedForward;
        (int inputs, int outputs) = projection switch
        {
            "attn.c_attn" => (C, 3 * C),
            "attn.c_proj" => (C, C),
            "mlp.c_fc" => (C, F),
            _ => (F, C), // mlp.c_proj
        };
        return new MatrixShape($"h.{layer}.{projection}.weight", inputs, outputs);
    }

    /// <summary>Returns the shape of the output layer.</summary>
    public static MatrixShape Head(GptConfig config) => new(GptParameter.Head(config), config.NEmbd, config.VocabSize);

    /// <summary>Returns the shapes of all matrices of a model; the output layer is last.</summary>
    public static IEnumerable<MatrixShape> Of(GptConfig config)
    {
        for (int layer = 0; layer < config.NLayer; layer++)
        {
            foreach (string projection in (string[])["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"])
                yield return Of(config, layer, projection);
        }

        yield return Head(config);
    }
}
