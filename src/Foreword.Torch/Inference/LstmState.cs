using Foreword.Models;
using static TorchSharp.torch;

namespace Foreword.Torch.Inference;

// n sequences, H units.

/// <summary>The output and the cell of an LSTM after the tokens that a decoder has read, float32 [1, H] each. They are 0 before the first token.</summary>
internal sealed class LstmState : DecoderState
{
    private Tensor _output;
    private Tensor _cell;
    private (Tensor Output, Tensor Cell)? _next; // after the tokens of a pass that do not count as read yet

    /// <summary>Creates the state before the first token.</summary>
    public LstmState(LstmConfig config, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        using var scope = NewDisposeScope();
        _output = zeros([1, config.NHidden], ScalarType.Float32, device).DetachFromDisposeScope();
        _cell = zeros_like(_output).DetachFromDisposeScope();
    }

    private LstmState(LstmState other)
    {
        using var scope = NewDisposeScope();
        (_output, _cell) = (other._output.alias().DetachFromDisposeScope(), other._cell.alias().DetachFromDisposeScope()); // no pass writes into them
        Length = other.Length;
    }

    /// <summary>Gets h, the output after the last token.</summary>
    public Tensor Output => _output;

    /// <summary>Gets c, the cell after the last token.</summary>
    public Tensor Cell => _cell;

    /// <inheritdoc/>
    public override DecoderState Fork() => new LstmState(this);

    /// <inheritdoc/>
    public override void Dispose()
    {
        DropNext();
        _output.Dispose();
        _cell.Dispose();
    }

    /// <summary>Stores the state after the tokens of a pass, until <see cref="Extend"/> makes it current.</summary>
    internal void Store(Tensor output, Tensor cell)
    {
        DropNext();
        _next = (output.clone().DetachFromDisposeScope(), cell.clone().DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    internal override void Extend(long count)
    {
        (Tensor output, Tensor cell) = _next ?? throw new InvalidOperationException("no pass has stored a state");
        _output.Dispose();
        _cell.Dispose();
        (_output, _cell, _next) = (output, cell, null);
        Length += count;
    }

    private void DropNext()
    {
        _next?.Output.Dispose();
        _next?.Cell.Dispose();
        _next = null;
    }
}

/// <summary>The states of several sequences as rows of one tensor.</summary>
/// <param name="states">The states: at least one, and none twice.</param>
internal sealed class LstmBatch(params IReadOnlyList<LstmState> states) : StateBatch(states)
{
    /// <summary>Returns the outputs and the cells, [n, H] each.</summary>
    public (Tensor Output, Tensor Cell) Current() => (cat([.. states.Select(state => state.Output)], 0), cat([.. states.Select(state => state.Cell)], 0));

    /// <summary>Stores the outputs and the cells, [n, H] each, after the tokens of a pass.</summary>
    public void Store(Tensor output, Tensor cell)
    {
        using var scope = NewDisposeScope();
        for (int i = 0; i < states.Count; i++)
            states[i].Store(output.narrow(0, i, 1), cell.narrow(0, i, 1));
    }
}
