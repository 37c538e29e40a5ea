using Foreword.Cpu.Matrices;

namespace Foreword.Cpu.Forward;

/// <summary>The weights of one block. The property names follow the keys of a checkpoint.</summary>
internal sealed record Block(Norm Ln1, Projection CAttn, Projection AttnCProj, Norm Ln2, Projection CFc, Projection MlpCProj) : IDisposable
{
    public void Dispose()
    {
        Ln1.Dispose();
        CAttn.Dispose();
        AttnCProj.Dispose();
        Ln2.Dispose();
        CFc.Dispose();
        MlpCProj.Dispose();
    }
}

/// <summary>The scale and shift of a LayerNorm, [C] each.</summary>
internal sealed record Norm(NativeBuffer<float> Weight, NativeBuffer<float> Bias) : IDisposable
{
    public void Dispose()
    {
        Weight.Dispose();
        Bias.Dispose();
    }
}

/// <summary>The weights of y = x W + b; b is padded with 0 to whole panels.</summary>
internal sealed record Projection(PanelMatrix Weight, NativeBuffer<float> Bias) : IDisposable
{
    public void Dispose()
    {
        Weight.Dispose();
        Bias.Dispose();
    }
}
