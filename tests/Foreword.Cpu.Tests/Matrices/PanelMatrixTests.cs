using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;

namespace Foreword.Cpu.Tests.Matrices;

public sealed unsafe class PanelMatrixTests
{
    private const int K = 1000, N = 140, Rows = 24;

    [Theory]
    [InlineData(WeightType.F32)]
    [InlineData(WeightType.Bf16)]
    [InlineData(WeightType.Int8)]
    [InlineData(WeightType.Int4)]
    public void ARowsNumbersDependNeitherOnTheRowsBesideItNorOnThePanels(WeightType type)
    {
        using Workers workers = new(2);
        using PanelMatrix matrix = type.Read(new PanelReader(new SineParameters(3), "w", K, N, outputsFirst: false), workers);
        Random random = new(5);
        float[] x = [.. Enumerable.Range(0, Rows * K).Select(_ => random.NextSingle() - 0.5f)];
        float[] together = Product(matrix, x, Rows, matrix.PanelCount);
        for (int row = 0; row < Rows; row += 8)
            Assert.Equal(together.AsSpan(row * Width(matrix), 8 * Width(matrix)).ToArray(), Product(matrix, x[(row * K)..((row + 8) * K)], 8, 4));
        Assert.Equal(Product(matrix, x[..K], 1, matrix.PanelCount), Product(matrix, x[..K], 1, 3));
    }

    /// <summary>Computes the outputs [rows, panels x 16], a number of panels at a time.</summary>
    private static float[] Product(PanelMatrix matrix, float[] x, int rows, int panelsTogether)
    {
        float[] y = new float[rows * Width(matrix)];
        byte[] encoded = new byte[rows * matrix.EncodedBytes + 1], scratch = new byte[matrix.ScratchBytes + 1];
        fixed (float* px = x, py = y)
        fixed (byte* pe = encoded, ps = scratch)
        {
            for (int row = 0; row < rows; row++)
                matrix.Encode(px + row * K, pe + row * matrix.EncodedBytes);
            for (int panel = 0; panel < matrix.PanelCount; panel += panelsTogether)
                matrix.Multiply(new InputRows(px, K, pe, matrix.EncodedBytes, rows), panel, Math.Min(panelsTogether, matrix.PanelCount - panel), py, Width(matrix), ps);
        }

        return y;
    }

    private static int Width(PanelMatrix matrix) => matrix.PanelCount * Panels.Width;
}
