using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Cpu.Matrices;

/// <summary>Where a model's parameters come from, by our names.</summary>
internal interface IParameters : IDisposable
{
    GptConfig Config { get; }

    /// <summary>Writes as many elements as the destination holds, row-major, from element <paramref name="first"/> on. Safe to call from several threads.</summary>
    void Read(string name, long first, Span<float> destination);
}

/// <summary>A stored model in any format.</summary>
internal sealed class StoredParameters(ModelWeights weights) : IParameters
{
    public GptConfig Config => weights.Config;

    public void Read(string name, long first, Span<float> destination) => weights.Tensor(name).Read(first, destination);

    public void Dispose() => weights.Dispose();
}

/// <summary>Numbers that look like weights, for measurements: speed does not depend on what they are.</summary>
internal sealed class RandomParameters(GptConfig config) : IParameters
{
    public GptConfig Config => config;

    public void Read(string name, long first, Span<float> destination)
    {
        float scale = (float)config.InitializerRange / (1 << 15);
        uint state = (uint)first * 2654435761u + (uint)name.Length;
        for (int i = 0; i < destination.Length; i++)
        {
            state = state * 1664525u + 1013904223u; // Numerical Recipes' generator
            destination[i] = scale * ((int)(state >> 16) - (1 << 15));
        }
    }

    public void Dispose()
    {
    }
}
