using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Foreword.Numerics;

namespace Foreword.Weights;

/// <summary>The element types of the safetensors format. All are little-endian, and the names are those in the header of a file.</summary>
public enum TensorDType
{
    /// <summary>BOOL: one byte, 0 or 1.</summary>
    Bool,

    /// <summary>U8: 8-bit unsigned integer.</summary>
    U8,

    /// <summary>I8: 8-bit signed integer.</summary>
    I8,

    /// <summary>F8_E4M3: 8-bit float with 4 exponent and 3 mantissa bits.</summary>
    F8E4M3,

    /// <summary>F8_E5M2: 8-bit float with 5 exponent and 2 mantissa bits.</summary>
    F8E5M2,

    /// <summary>I16: 16-bit signed integer.</summary>
    I16,

    /// <summary>U16: 16-bit unsigned integer.</summary>
    U16,

    /// <summary>F16: IEEE 754 half precision.</summary>
    F16,

    /// <summary>BF16: the upper 16 bits of an F32.</summary>
    Bf16,

    /// <summary>I32: 32-bit signed integer.</summary>
    I32,

    /// <summary>U32: 32-bit unsigned integer.</summary>
    U32,

    /// <summary>F32: IEEE 754 single precision.</summary>
    F32,

    /// <summary>F64: IEEE 754 double precision.</summary>
    F64,

    /// <summary>I64: 64-bit signed integer.</summary>
    I64,

    /// <summary>U64: 64-bit unsigned integer.</summary>
    U64,
}

/// <summary>Provides the names and sizes of the safetensors element types.</summary>
public static class TensorDTypes
{
    private static readonly (string Name, int Size)[] Table =
    [
        ("BOOL", 1), ("U8", 1), ("I8", 1), ("F8_E4M3", 1), ("F8_E5M2", 1),
        ("I16", 2), ("U16", 2), ("F16", 2), ("BF16", 2),
        ("I32", 4), ("U32", 4), ("F32", 4),
        ("F64", 8), ("I64", 8), ("U64", 8),
    ];

    /// <summary>Returns the number of bytes of one element: 1, 2, 4 or 8.</summary>
    public static int Size(this TensorDType dtype) => Table[(int)dtype].Size;

    /// <summary>Returns the name in the header of a file, such as <c>BF16</c>.</summary>
    public static string HeaderName(this TensorDType dtype) => Table[(int)dtype].Name;

    /// <summary>Finds the element type with a name in the header.</summary>
    /// <param name="name">The name in the header, such as <c>BF16</c>. Case matters.</param>
    /// <param name="dtype">The element type, if there is one.</param>
    /// <returns>Whether the format has an element type with that name.</returns>
    public static bool TryParse(string name, out TensorDType dtype)
    {
        int index = Array.FindIndex(Table, entry => entry.Name == name);
        dtype = index < 0 ? default : (TensorDType)index;
        return index >= 0;
    }

    /// <summary>Returns whether elements of this type can be read as floats. This is true for F32, F16, BF16 and F64.</summary>
    public static bool IsFloat(this TensorDType dtype) => dtype is TensorDType.F32 or TensorDType.F16 or TensorDType.Bf16 or TensorDType.F64;

    /// <summary>Converts little-endian elements to floats. F64 is rounded to nearest. The other floating-point types are converted exactly.</summary>
    /// <exception cref="ArgumentException">The type is not a floating-point type that can be read.</exception>
    internal static void ToFloats(this TensorDType dtype, ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        switch (dtype)
        {
            case TensorDType.F32:
                bytes.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case TensorDType.Bf16:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = BFloat16Bits.ToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]));
                break;
            case TensorDType.F16:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
                break;
            case TensorDType.F64:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]);
                break;
            default:
                throw NotFloat(dtype);
        }
    }

    /// <summary>
    /// Converts floats to little-endian elements, rounded to nearest, ties to even. A number that is too large for the type becomes infinite.
    /// </summary>
    /// <exception cref="ArgumentException">The type is not F32, F16 or BF16.</exception>
    internal static void FromFloats(this TensorDType dtype, ReadOnlySpan<float> values, Span<byte> destination)
    {
        switch (dtype)
        {
            case TensorDType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(destination);
                break;
            case TensorDType.Bf16:
                for (int i = 0; i < values.Length; i++)
                    BinaryPrimitives.WriteUInt16LittleEndian(destination[(2 * i)..], BFloat16Bits.Nearest(values[i]));
                break;
            case TensorDType.F16:
                for (int i = 0; i < values.Length; i++)
                    BinaryPrimitives.WriteHalfLittleEndian(destination[(2 * i)..], (Half)values[i]);
                break;
            default:
                throw NotFloat(dtype);
        }
    }

    private static ArgumentException NotFloat(TensorDType dtype) => new($"{dtype.HeaderName()} is not a supported floating-point type");
}
