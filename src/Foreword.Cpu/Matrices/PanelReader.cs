using Foreword.Cpu.Threading;

namespace Foreword.Cpu.Matrices;

/// <summary>Reads a weight as float32 panels, [panels][K][16], whichever way it is stored.</summary>
/// <param name="parameters">Where it comes from.</param>
/// <param name="name">Its name.</param>
/// <param name="inputs">K.</param>
/// <param name="outputs">N.</param>
/// <param name="outputsFirst">True for [N, K] (the token embedding as output layer), false for [K, N] (the published Conv1D).</param>
internal sealed unsafe class PanelReader(IParameters parameters, string name, int inputs, int outputs, bool outputsFirst)
{
    /// <summary>Rows of the stored matrix that a worker reads at a time.</summary>
    private const int RowsTogether = 16;

    /// <summary>Whether it is the output layer.</summary>
    public bool IsHead => outputsFirst;

    public int Inputs => inputs;

    public int Outputs => outputs;

    public int PanelCount => Panels.Count(outputs);

    /// <summary>Panels worth reading together: all where the stored rows cross them.</summary>
    public int PanelsTogether => outputsFirst ? Math.Min(PanelCount, 256) : PanelCount;

    /// <summary>Writes neighbouring panels, outputs beyond the last as 0. Panels that rows cross are read all at once.</summary>
    /// <param name="first">The first panel.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">[count][K][16].</param>
    /// <param name="workers">Read together.</param>
    public void Read(int first, int count, float* destination, Workers workers)
    {
        int rows = outputsFirst ? Math.Min(count * Panels.Width, outputs - first * Panels.Width) : inputs;
        if (outputs % Panels.Width != 0)
            new Span<float>(destination + (count - 1L) * inputs * Panels.Width, inputs * Panels.Width).Clear();
        workers.Run(worker =>
        {
            int columns = outputsFirst ? inputs : outputs;
            float[] values = new float[RowsTogether * columns];
            for (int row = worker * RowsTogether; row < rows; row = workers.Claim() * RowsTogether)
            {
                int together = Math.Min(RowsTogether, rows - row);
                Span<float> read = values.AsSpan(0, together * columns);
                parameters.Read(name, (outputsFirst ? first * (long)Panels.Width + row : row) * columns, read);
                for (int i = 0; i < together; i++)
                {
                    if (outputsFirst)
                        PutOutput(read.Slice(i * columns, columns), destination + (row + i) / Panels.Width * (long)inputs * Panels.Width + (row + i) % Panels.Width);
                    else
                        PutInput(read.Slice(i * columns, columns), destination + (row + i) * (long)Panels.Width);
                }
            }
        });
    }

    /// <summary>One output's weights go to one lane.</summary>
    private static void PutOutput(ReadOnlySpan<float> weights, float* lane)
    {
        for (int k = 0; k < weights.Length; k++)
            lane[k * Panels.Width] = weights[k];
    }

    /// <summary>One input's weights go to every panel.</summary>
    private void PutInput(ReadOnlySpan<float> weights, float* place)
    {
        for (int n = 0; n < weights.Length; n += Panels.Width)
            weights.Slice(n, Math.Min(Panels.Width, weights.Length - n)).CopyTo(new Span<float>(place + n * (long)inputs, Panels.Width));
    }
}
