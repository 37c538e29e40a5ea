using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Cpu.Matrices;

/// <summary>One of a model's matrices.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="Inputs">K.</param>
/// <param name="Outputs">N.</param>
internal sealed record MatrixShape(string Name, int Inputs, int Outputs)
{
    /// <summary>Whether it is the output layer, which is stored as [V, C]; all others are [in, out].</summary>
    public bool IsHead => Name is GptParameter.TokenEmbedding or GptParameter.SeparateHead;

    /// <summary>Reads it from stored parameters.</summary>
    public PanelReader Reader(IParameters parameters) => new(parameters, Name, Inputs, Outputs, outputsFirst: IsHead);

    /// <summary>A projection of a block.</summary>
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

    /// <summary>The output layer.</summary>
    public static MatrixShape Head(GptConfig config) => new(GptParameter.Head(config), config.NEmbd, config.VocabSize);

    /// <summary>All of a model, the output layer last.</summary>
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
