using System.Globalization;
using Foreword.Data.Recipes;
using Foreword.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Training;

/// <summary>
/// The weights of a model that a training changes, as <see cref="TrainedPart"/> says. Where the embedding stays as it is, the rows of
/// new tokens train nevertheless: they mean nothing yet.
/// </summary>
internal sealed class TrainedWeights : IDisposable
{
    private readonly IReadOnlyList<NewRows> _newRows;
    private readonly int _firstRow;
    private readonly int _rowCount;

    /// <param name="model">The model, with its adapters, on its device.</param>
    /// <param name="part">What of it trains.</param>
    /// <param name="firstRow">The first new token.</param>
    /// <param name="rowCount">Number of new tokens; 0 where there is none.</param>
    /// <param name="rowsName">The name of their rows among the parameters, and in a checkpoint.</param>
    public TrainedWeights(GptModel model, TrainedPart part, int firstRow, int rowCount, string rowsName)
    {
        (_firstRow, _rowCount) = (firstRow, rowCount);
        _newRows = rowCount == 0 ? [] : [.. MatricesOfRows(model, part, rowsName)];
        Parameters = [.. Choose(model, part)];
        if (Parameters.Count == 0)
            throw new ArgumentException($"model.freeze is {part.Freeze}; nothing of the model would train");
    }

    /// <summary>All weights of a model.</summary>
    public static TrainedWeights All(GptModel model) => new(model, TrainedPart.All, 0, 0, "");

    /// <summary>The weights that change, by name.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Parameters { get; }

    /// <summary>Moves the gradients of the new tokens' rows to where the optimizer finds them. Call it between backward and update.</summary>
    public void TakeRowGradients()
    {
        foreach (NewRows rows in _newRows)
        {
            using var scope = NewDisposeScope();
            if (rows.Matrix.grad is not { } gradient)
                continue;
            rows.Values.grad = gradient.narrow(0, _firstRow, _rowCount).clone();
            rows.Matrix.grad = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (NewRows rows in _newRows)
            rows.Values.Dispose();
    }

    /// <summary>The rows of matrices of which nothing else trains.</summary>
    private IEnumerable<NewRows> MatricesOfRows(GptModel model, TrainedPart part, string rowsName)
    {
        if (part.Freeze > 0 || part.IsAdapter)
            yield return new NewRows(rowsName, GptParameter.TokenEmbedding, model.TokenEmbedding, RowsOf(model.TokenEmbedding));
        if (part.IsAdapter && !model.Config.TieWordEmbeddings)
            yield return new NewRows($"{rowsName}.lm_head", GptParameter.SeparateHead, model.OutputLayer, RowsOf(model.OutputLayer));
    }

    /// <summary>The parameters that change. The others get no gradients, except matrices that hand those of their new rows on.</summary>
    private IEnumerable<(string Name, Parameter Value)> Choose(GptModel model, TrainedPart part)
    {
        foreach (var (name, parameter) in model.named_parameters())
        {
            bool trains = !part.IsAdapter && (part.Freeze == 0 || !IsFrozen(name, part.Freeze));
            if (trains)
                yield return (name, parameter);
            else
                parameter.requires_grad = _newRows.Any(rows => rows.MatrixName == name);
        }

        foreach (NewRows rows in _newRows)
            yield return (rows.Name, rows.Values);
        foreach (var adapter in model.AdapterParameters)
            yield return adapter;
    }

    private static bool IsFrozen(string name, int blocks) => name.Split('.') is ["h", var layer, ..]
        ? int.Parse(layer, CultureInfo.InvariantCulture) < blocks
        : name is GptParameter.TokenEmbedding or GptParameter.PositionEmbedding;

    /// <summary>A parameter that is the new rows of a matrix: it shares their memory.</summary>
    private Parameter RowsOf(Parameter matrix)
    {
        using var noGradient = no_grad();
        Parameter rows = new(matrix.detach().narrow(0, _firstRow, _rowCount));
        _ = rows.DetachFromDisposeScope();
        return rows;
    }

    /// <param name="Name">Name of the rows among the parameters.</param>
    /// <param name="MatrixName">Name of the matrix in the model.</param>
    /// <param name="Matrix">The matrix.</param>
    /// <param name="Values">Its rows, in the matrix's memory.</param>
    private sealed record NewRows(string Name, string MatrixName, Parameter Matrix, Parameter Values);
}
