using System.Numerics;
using System.Runtime.InteropServices;

namespace Foreword.Weights;

/// <summary>
/// Refuses weights that are infinite or not a number (NaN). Every reader of weights calls it on the numbers that it has just read: this
/// takes little beside reading them, and no command can forget it.
/// </summary>
internal static class FiniteNumbers
{
    private const int Magnitude = 0x7FFF_FFFF;

    /// <summary>The bits of infinity; those of a NaN's magnitude are larger, those of every finite number's smaller.</summary>
    private const int Infinity = 0x7F80_0000;

    /// <summary>Whether all numbers are finite.</summary>
    public static bool Are(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<int> bits = MemoryMarshal.Cast<float, int>(values);
        Vector<int> largest = Vector<int>.Zero;
        int i = 0;
        for (; i <= bits.Length - Vector<int>.Count; i += Vector<int>.Count)
            largest = Vector.Max(largest, new Vector<int>(bits[i..]) & new Vector<int>(Magnitude));
        if (Vector.GreaterThanOrEqualAny(largest, new Vector<int>(Infinity)))
            return false;
        for (; i < bits.Length; i++)
        {
            if ((bits[i] & Magnitude) >= Infinity)
                return false;
        }

        return true;
    }

    /// <summary>Checks numbers that were read from a file.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="path">The file, or null where it is not known.</param>
    /// <param name="tensor">The tensor's name in the file.</param>
    /// <param name="first">Where in the tensor the first of them stands.</param>
    /// <exception cref="InvalidDataException">One is infinite or NaN; the message names file, tensor, element and value.</exception>
    public static void Check(ReadOnlySpan<float> values, string? path, string tensor, long first = 0)
    {
        if (Are(values))
            return;
        int at = 0;
        while (float.IsFinite(values[at]))
            at++;
        string value = float.IsNaN(values[at]) ? "NaN" : values[at] > 0 ? "infinity" : "-infinity";
        throw new InvalidDataException($"{(path is null ? "" : $"{path}: ")}tensor '{tensor}' holds {value} (element {first + at}); a model computes nothing with weights that are not finite");
    }
}
