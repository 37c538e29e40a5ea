using Foreword.Cpu.Cache;

namespace Foreword.Cpu.Forward;

/// <summary>A run of consecutive rows of a pass that are tokens of one sequence.</summary>
/// <param name="Cache">The sequence's cache. The rows are its last positions.</param>
/// <param name="FirstRow">The first row.</param>
/// <param name="Count">Number of rows.</param>
internal readonly record struct Segment(KvCache Cache, int FirstRow, int Count)
{
    /// <summary>Gets the position of the first row in its sequence.</summary>
    public int FirstPosition => Cache.Length - Count;
}
