using System.Globalization;
using Foreword.Torch.Optimizers;

namespace Foreword.Studies.Training;

/// <summary>Measures the gradient's norm of each block in the first update of a run, before the weights have changed.</summary>
/// <param name="blocks">Returns the number of the block that a parameter belongs to, from 0; null for embeddings and what follows the blocks.</param>
internal sealed class GradientNorms(Func<string, int?> blocks)
{
    /// <summary>The beginning of the names of the values; the number of the block follows, from 1.</summary>
    public const string Start = "gradient norm at the start, block ";

    /// <summary>The norm of the first block divided by that of the last.</summary>
    public const string Ratio = "first block / last";

    private readonly SortedDictionary<int, double> _squares = [];

    /// <summary>Begins to measure the updates of an optimizer. All but the first update are ignored.</summary>
    public void Measure(Optimizer optimizer) => optimizer.GradientMeasured = (parameter, squares) =>
    {
        if (optimizer.StepCount == 0 && blocks(parameter) is { } block)
            _squares[block] = _squares.GetValueOrDefault(block) + squares;
    };

    /// <summary>Adds the norms to the values of a cell. There are none if another process made the first update.</summary>
    public void AddTo(Dictionary<string, double> values)
    {
        if (_squares.Count == 0)
            return;
        foreach ((int block, double squares) in _squares)
            values[string.Create(CultureInfo.InvariantCulture, $"{Start}{block + 1}")] = Math.Sqrt(squares);
        values[Ratio] = Math.Sqrt(_squares.First().Value / _squares.Last().Value);
    }
}
