using Foreword.Cpu.Matrices;
using Foreword.Models;

namespace Foreword.Cpu.Tests;

/// <summary>A model's parameters. They are numbers from -1 to 1 that follow from their place.</summary>
internal sealed class SineParameters(int seed) : IParameters
{
    public GptConfig Config => throw new NotSupportedException();

    public void Read(string name, long first, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = At(seed, first + i);
    }

    public static float At(int seed, long index) => MathF.Sin((index + 1) * (seed + 12.9898f));

    public void Dispose()
    {
    }
}
