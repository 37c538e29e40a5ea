using Foreword.Settings;

namespace Foreword.Models;

/// <summary>The distribution of the initial random weights.</summary>
[FormerChoice(nameof(WeightInit.Normal), "gpt1", "to continue training from the weights of a model, set model.path")]
[FormerChoice(nameof(WeightInit.ScaledResidual), "gpt2", "to continue training from the weights of a model, set model.path")]
public enum WeightInit
{
    /// <summary>Draws every weight from N(0, initializer_range), as GPT-1 does (Radford et al. 2018, section 4.1).</summary>
    Normal,

    /// <summary>
    /// Draws weights as <see cref="Normal"/> does, but scales the projections into the residual stream by 1/sqrt(2 n_layer), as GPT-2 does (Radford
    /// et al. 2019, section 2.3).
    /// </summary>
    ScaledResidual,

    /// <summary>
    /// Draws the embedding of an LSTM from N(0, initializer_range), and the weights of the LSTM and of its projection from U(-1/sqrt(H), 1/sqrt(H)), as
    /// PyTorch does. H is the number of units.
    /// </summary>
    Uniform,
}
