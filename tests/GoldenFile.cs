using System.Runtime.InteropServices;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests;

/// <summary>Reads the recorded references of tests/fixtures/golden as plain arrays.</summary>
internal static class GoldenFile
{
    public static float[] Floats(string path, string tensor)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path($"golden/{path}"));
        float[] values = new float[file.Tensor(tensor).ElementCount];
        file.CopyTo(tensor, values);
        return values;
    }

    public static int[] Ids(string path, string tensor)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path($"golden/{path}"));
        return [.. MemoryMarshal.Cast<byte, long>(file.Bytes(tensor)).ToArray().Select(id => (int)id)];
    }
}
