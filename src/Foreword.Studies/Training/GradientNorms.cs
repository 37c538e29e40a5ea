using System.Globalization;
using System.Text;
using Foreword.IO;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Runs;

namespace Foreword.Studies.Training;

/// <summary>Measures the gradient's norm of each block in the first update of a run, before the weights have changed.</summary>
/// <param name="blocks">Returns the number of the block that a parameter belongs to, from 0; null for embeddings and what follows the blocks.</param>
internal sealed class GradientNorms(Func<string, int?> blocks)
{
    /// <summary>The beginning of the names of the values; the number of the block follows, from 1.</summary>
    public const string Start = "gradient norm at the start, block ";

    /// <summary>The norm of the first block divided by that of the last.</summary>
    public const string Ratio = "first block / last";

    /// <summary>The name of the file in a run's directory with the number of a block and its sum of squares a line.</summary>
    private const string FileName = "gradient-squares.txt";

    private readonly SortedDictionary<int, double> _squares = [];

    /// <summary>Begins to measure the updates of an optimizer. All but the first update are ignored.</summary>
    public void Measure(Optimizer optimizer) => optimizer.GradientMeasured = (parameter, squares) =>
    {
        if (optimizer.StepCount == 0 && blocks(parameter) is { } block)
            _squares[block] = _squares.GetValueOrDefault(block) + squares;
    };

    /// <summary>Saves what was measured, so that a process that continues the run after the first update has it, too.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(RunDirectory run)
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(_squares.Select(block => string.Create(CultureInfo.InvariantCulture, $"{block.Key} {block.Value:R}\n"))));
        DurableFile.Replace(Path.Combine(run.Path, FileName), file => file.Write(text));
    }

    /// <summary>Reads what an earlier process saved in a run's directory, if it did.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public void Read(RunDirectory run)
    {
        string path = Path.Combine(run.Path, FileName);
        if (!File.Exists(path))
            return;
        foreach ((int i, string line) in StrictText.ReadLines(path).Index())
        {
            if (line.Split(' ') is not [var block, var squares] || !int.TryParse(block, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || !double.TryParse(squares, CultureInfo.InvariantCulture, out double sum))
                throw new InvalidDataException($"{path}:{i + 1}: the line is '{line}'; expected the number of a block and a sum of squares");
            _squares[number] = sum;
        }
    }

    /// <summary>Adds the norms to the values of a cell. There are none if a process of an earlier version made the first update.</summary>
    public void AddTo(Dictionary<string, double> values)
    {
        if (_squares.Count == 0)
            return;
        foreach ((int block, double squares) in _squares)
            values[string.Create(CultureInfo.InvariantCulture, $"{Start}{block + 1}")] = Math.Sqrt(squares);
        values[Ratio] = Math.Sqrt(_squares.First().Value / _squares.Last().Value);
    }
}
