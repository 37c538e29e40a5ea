using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Training;

/// <summary>
/// The weights of a model that a training changes, chosen by <see cref="TrainedPart"/>. If the embedding is frozen, the rows of new tokens
/// are trained nevertheless, because their values have no meaning yet.
/// </summary>
internal sealed class TrainedWeights : IDisposable
{
    private readonly IReadOnlyList<NewRows> _newRows;
    private readonly int _firstRow;
    private readonly int _rowCount;

    /// <param name="model">The model, with its adapters, on its device.</param>
    /// <param name="part">The part of the model that is trained.</param>
    /// <param name="firstRow">Id of the first new token.</param>
    /// <param name="rowCount">Number of new tokens; 0 if there are none.</param>
    /// <param name="rowsName">Name of the new tokens' rows among the parameters and in a checkpoint.</param>
    public TrainedWeights(LanguageModule model, TrainedPart part, int firstRow, int rowCount, string rowsName)
    {
        (_firstRow, _rowCount) = (firstRow, rowCount);
        _newRows = rowCount == 0 ? [] : [.. MatricesOfRows(model, part, rowsName)];
        Parameters = [.. Choose(model, part)];
        if (Parameters.Count == 0)
            throw new ArgumentException($"model.freeze is {part.Freeze}; no part of the model would be trained", nameof(part));
    }

    /// <summary>Selects all weights of a model.</summary>
    public static TrainedWeights All(LanguageModule model) => new(model, TrainedPart.All, 0, 0, "");

    /// <summary>Gets the weights that change, by name.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Parameters { get; }

    /// <summary>Moves the gradients of the new tokens' rows to the parameters that the optimizer reads. Call it between backward and update.</summary>
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

    /// <summary>Returns the new rows of each matrix that is otherwise frozen.</summary>
    private IEnumerable<NewRows> MatricesOfRows(LanguageModule model, TrainedPart part, string rowsName)
    {
        if (part.Freeze > 0 || part.IsAdapter)
            yield return new NewRows(rowsName, GptParameter.TokenEmbedding, model.TokenEmbedding, RowsOf(model.TokenEmbedding));
        if (part.IsAdapter && !model.Config.TieWordEmbeddings)
            yield return new NewRows($"{rowsName}.lm_head", GptParameter.SeparateHead, model.OutputLayer, RowsOf(model.OutputLayer));
    }

    /// <summary>
    /// Returns the parameters that change, and disables the gradients of the others. A matrix keeps its gradient if its new rows are trained,
    /// because they receive a part of it.
    /// </summary>
    private IEnumerable<(string Name, Parameter Value)> Choose(LanguageModule model, TrainedPart part)
    {
        foreach (var (name, parameter) in model.named_parameters())
        {
            bool trains = !part.IsAdapter && (part.Freeze == 0 || !IsFrozen(model.Config, name, part.Freeze));
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

    private static bool IsFrozen(ModelConfig config, string name, int layers) => config.LayerOf(name) is { } layer
        ? layer < layers
        : name is GptParameter.TokenEmbedding or GptParameter.PositionEmbedding;

    /// <summary>Creates a parameter from the new rows of a matrix. It shares the memory of the matrix.</summary>
    private Parameter RowsOf(Parameter matrix)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Parameter rows = new(matrix.detach().narrow(0, _firstRow, _rowCount));
        _ = rows.DetachFromDisposeScope();
        return rows;
    }

    /// <param name="Name">Name of the rows among the parameters.</param>
    /// <param name="MatrixName">Name of the matrix in the model.</param>
    /// <param name="Matrix">The matrix.</param>
    /// <param name="Values">The new rows, in the memory of the matrix.</param>
    private sealed record NewRows(string Name, string MatrixName, Parameter Matrix, Parameter Values);
}
