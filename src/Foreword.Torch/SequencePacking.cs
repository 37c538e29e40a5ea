using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>
/// A context and several continuations of it in one row: every continuation's positions go on where the context ends, and it sees
/// the context and itself but none of the others. So ten continuations cost one context, and all of it is one large product.
/// </summary>
/// <param name="Positions">Position of each token, int64 [B, T].</param>
/// <param name="Mask">0 where a token (third axis) sees another (fourth), minus infinity where not, float32 [B, 1, T, T].</param>
public sealed record SequencePacking(Tensor Positions, Tensor Mask);
