namespace Foreword.Cpu.Scheduling;

/// <summary>
/// Estimates the time of a pass as a + b rows from the passes so far. Older passes count less, so the estimate follows the machine's speed and the
/// sequences' lengths.
/// </summary>
internal sealed class PassCost
{
    /// <summary>The weight that a pass loses with each later pass.</summary>
    private const double Decay = 0.97;

    private double _n, _x, _y, _xx, _xy;

    /// <summary>Gets the fixed part of a pass, in rows: a / b. Rows up to this number at most double the time of a pass.</summary>
    public double FixedRows { get; private set; } = 8;

    /// <summary>Adds a measured pass.</summary>
    /// <param name="rows">The number of rows.</param>
    /// <param name="seconds">The time that it took.</param>
    public void Add(int rows, double seconds)
    {
        _n = Decay * _n + 1;
        _x = Decay * _x + rows;
        _y = Decay * _y + seconds;
        _xx = Decay * _xx + (double)rows * rows;
        _xy = Decay * _xy + rows * seconds;
        double spread = _n * _xx - _x * _x, slope = (_n * _xy - _x * _y) / spread, fix = (_y - slope * _x) / _n;
        if (_n > 4 && spread > 1e-3 * _n * _xx && slope > 0)
            FixedRows = Math.Clamp(fix / slope, 0, 64);
    }

    /// <summary>
    /// Returns how many rows of prompts may share a pass with sequences that write, so that these wait no longer than two token times. A token time is
    /// the time of a pass in which every sequence at hand writes.
    /// </summary>
    /// <param name="writing">The number of sequences that write a token in the pass.</param>
    /// <param name="sequences">The number of sequences at hand, including those whose prompts are being read.</param>
    public int PromptRows(int writing, int sequences)
    {
        int rows = (int)(2 * sequences + FixedRows);
        return Math.Max(8, (rows + 7) / 8 * 8 - writing);
    }
}
