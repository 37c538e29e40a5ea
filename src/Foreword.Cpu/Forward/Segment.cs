using Foreword.Cpu.Cache;

namespace Foreword.Cpu.Forward;

/// <summary>Neighbouring rows of a pass that are tokens of one sequence.</summary>
/// <param name="Cache">What the sequence has read; the rows' positions are its last ones.</param>
/// <param name="FirstRow">The first row.</param>
/// <param name="Count">How many.</param>
internal readonly record struct Segment(KvCache Cache, int FirstRow, int Count)
{
    /// <summary>Position of the first row in its sequence.</summary>
    public int FirstPosition => Cache.Length - Count;
}
