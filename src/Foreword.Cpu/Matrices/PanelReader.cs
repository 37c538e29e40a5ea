using Foreword.Cpu.Threading;

namespace Foreword.Cpu.Matrices;

/// <summary>Reads a weight matrix as float32 panels, [panels][K][16], from either orientation in which it may be stored.</summary>
/// <param name="parameters">The parameters to read from.</param>
/// <param name="name">The parameter's name.</param>
/// <param name="inputs">K, the number of inputs.</param>
/// <param name="outputs">N, the number of outputs.</param>
/// <param name="outputsFirst">True if stored as [N, K] (the token embedding as output layer); false if stored as [K, N] (the published Conv1D).</param>
internal sealed unsafe class PanelReader(IParameters parameters, string name, int inputs, int outputs, bool outputsFirst)
{
    /// <summary>Number of rows of the stored matrix that a worker reads at a time.</summary>
    private const int RowsTogether = 16;

    /// <summary>Gets whether the matrix is the output layer.</summary>
    public bool IsHead => outputsFirst;

    public int Inputs => inputs;

    public int Outputs => outputs;

    public int PanelCount => Panels.Count(outputs);

    /// <summary>Gets the number of panels to read in one call: all of them if the stored rows cross the panels.</summary>
    public int PanelsTogether => outputsFirst ? Math.Min(PanelCount, 256) : PanelCount;

    /// <summary>Writes consecutive panels; outputs beyond the last are 0. If the stored rows cross the panels, all panels must be read in one call.</summary>
    /// <param name="first">The first panel.</param>
    /// <param name="count">Number of panels.</param>
    /// <param name="destination">Receives [count][K][16].</param>
    /// <param name="workers">The workers that read together.</param>
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

    /// <summary>Writes the weights of one output to one lane of its panel.</summary>
    private static void PutOutput(ReadOnlySpan<float> weights, float* lane)
    {
        for (int k = 0; k < weights.Length; k++)
            lane[k * Panels.Width] = weights[k];
    }

    /// <summary>Writes the weights of one input to every panel.</summary>
    private void PutInput(ReadOnlySpan<float> weights, float* place)
    {
        for (int n = 0; n < weights.Length; n += Panels.Width)
            weights.Slice(n, Math.Min(Panels.Width, weights.Length - n)).CopyTo(new Span<float>(place + n * (long)inputs, Panels.Width));
    }
}
