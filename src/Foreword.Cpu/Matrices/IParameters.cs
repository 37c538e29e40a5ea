using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Cpu.Matrices;

/// <summary>Reads a model's parameters by their names in Foreword.</summary>
internal interface IParameters : IDisposable
{
    GptConfig Config { get; }

    /// <summary>
    /// Fills <paramref name="destination"/> with consecutive elements of a parameter in row-major order, starting at element <paramref name="first"/>.
    /// Safe to call from several threads.
    /// </summary>
    void Read(string name, long first, Span<float> destination);
}

/// <summary>Reads the parameters of a stored model in any format.</summary>
internal sealed class StoredParameters(ModelWeights weights) : IParameters
{
    public GptConfig Config { get; } = weights.Config.AsGpt("the cpu engine");

    public void Read(string name, long first, Span<float> destination) => weights.Tensor(name).Read(first, destination);

    public void Dispose() => weights.Dispose();
}

/// <summary>Generates pseudorandom weights for measurements. Speed does not depend on the values.</summary>
internal sealed class RandomParameters(GptConfig config) : IParameters
{
    public GptConfig Config => config;

    public void Read(string name, long first, Span<float> destination)
    {
        float scale = (float)config.InitializerRange / (1 << 15);
        uint state = (uint)first * 2654435761u + (uint)name.Length;
        for (int i = 0; i < destination.Length; i++)
        {
            state = state * 1664525u + 1013904223u; // linear congruential generator of Numerical Recipes
            destination[i] = scale * ((int)(state >> 16) - (1 << 15));
        }
    }

    public void Dispose()
    {
    }
}
