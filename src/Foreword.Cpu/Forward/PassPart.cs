using Foreword.Cpu.Cache;

namespace Foreword.Cpu.Forward;

/// <summary>Describes what one sequence reads in a pass.</summary>
/// <param name="Cache">The sequence's cache, which does not count these tokens yet.</param>
/// <param name="Tokens">The tokens, at least one.</param>
/// <param name="Wanted">The number of last tokens whose results are wanted, from 0 to all.</param>
/// <param name="WantsStates">Whether the results are final hidden states [C] instead of logits [V].</param>
internal readonly record struct PassPart(KvCache Cache, ReadOnlyMemory<int> Tokens, int Wanted, bool WantsStates = false);

/// <summary>Receives one row of a pass.</summary>
/// <param name="part">Index of the part.</param>
/// <param name="row">Index of the token in the part.</param>
/// <param name="values">The logits or the state, valid during the call.</param>
internal delegate void PassRow(int part, int row, ReadOnlySpan<float> values);
