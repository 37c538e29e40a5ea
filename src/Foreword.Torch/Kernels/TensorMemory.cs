using System.Runtime.InteropServices;
using Foreword.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Kernels;

/// <summary>Provides direct access to the memory of contiguous CPU tensors. TorchSharp's own spans are limited to 2 GB and check every access.</summary>
internal static unsafe partial class TensorMemory
{
    /// <summary>Returns the address of the first element of a contiguous float32 tensor on the CPU.</summary>
    public static float* Float32(Tensor tensor) => (float*)Address(tensor, ScalarType.Float32);

    /// <summary>Returns the address of the first element of a contiguous bfloat16 tensor on the CPU.</summary>
    public static ushort* BFloat16(Tensor tensor) => (ushort*)Address(tensor, ScalarType.BFloat16);

    /// <summary>Returns the address of the first element of a contiguous int64 tensor on the CPU.</summary>
    public static long* Int64(Tensor tensor) => (long*)Address(tensor, ScalarType.Int64);

    /// <summary>Returns the bytes of a contiguous CPU tensor of less than 2 GB.</summary>
    public static Span<byte> Bytes(Tensor tensor) => new((void*)Address(tensor, tensor.dtype), checked((int)(tensor.NumberOfElements * tensor.ElementSize)));

    /// <summary>Returns the address of the first element of any type. The tensor must be contiguous and on the CPU; this is not checked.</summary>
    public static nint Address(Tensor tensor) => THSTensor_data(tensor.Handle);

    /// <summary>Advises huge pages for a contiguous tensor on the CPU, whether its memory has been touched or not. Other tensors are ignored.</summary>
    public static void AdviseHugePages(Tensor tensor)
    {
        if (tensor.device_type == DeviceType.CPU && tensor.is_contiguous())
            HugePages.AdviseTouched(Address(tensor), tensor.NumberOfElements * tensor.ElementSize);
    }

    private static nint Address(Tensor tensor, ScalarType type)
    {
        if (tensor.dtype != type || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            throw new ArgumentException($"expected a contiguous {type} tensor on the CPU, not {tensor.dtype} on {tensor.device_type}", nameof(tensor));
        return Address(tensor);
    }

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_data(nint handle);
}
