using System.Numerics;
using System.Runtime.InteropServices;

namespace Foreword.Weights;

/// <summary>
/// Rejects weights that are infinite or NaN. Every reader of weights calls it on the numbers that it has just read, so no command can skip the check.
/// The check takes little time compared with the reading.
/// </summary>
internal static class FiniteNumbers
{
    private const int Magnitude = 0x7FFF_FFFF;

    /// <summary>The bits of infinity. Without the sign bit, every finite number has smaller bits and every NaN has larger ones.</summary>
    private const int Infinity = 0x7F80_0000;

    /// <summary>Returns whether all numbers are finite.</summary>
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

    /// <summary>Checks that numbers read from a file are finite.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="path">The file, or null if it is not known.</param>
    /// <param name="tensor">The name of the tensor in the file.</param>
    /// <param name="first">The index in the tensor of the first number in <paramref name="values"/>.</param>
    /// <exception cref="InvalidDataException">
    /// A number is infinite or NaN. The message names the file, the tensor, the element and the value.
    /// </exception>
    public static void Check(ReadOnlySpan<float> values, string? path, string tensor, long first = 0)
    {
        if (Are(values))
            return;
        int at = 0;
        while (float.IsFinite(values[at]))
            at++;
        string value = float.IsNaN(values[at]) ? "NaN" : values[at] > 0 ? "infinity" : "-infinity";
        throw new InvalidDataException($"{(path is null ? "" : $"{path}: ")}tensor '{tensor}' contains {value} (element {first + at}); all weights must be finite");
    }
}
