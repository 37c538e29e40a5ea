using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>
/// Packs a context and several continuations of it into one row, or several sequences that have nothing in common. The positions of every
/// continuation start where the context ends. A continuation attends to the context and to itself, but not to the other continuations. The model
/// therefore computes the context of ten continuations only once, and the whole row in one large product.
/// </summary>
internal sealed class SequencePacking
{
    private readonly int _rows, _length;
    private readonly int[] _positions, _hiddenFrom, _hiddenTo; // [B T]: the position of each token, and the range of earlier tokens in the row that it does not attend to

    /// <summary>Creates empty rows. Positions that are never filled are padding.</summary>
    /// <param name="rows">B, the number of rows.</param>
    /// <param name="length">T, the number of tokens of a row.</param>
    public SequencePacking(int rows, int length)
    {
        (_rows, _length) = (rows, length);
        _positions = new int[rows * length];
        _hiddenFrom = new int[rows * length];
        _hiddenTo = new int[rows * length];
    }

    /// <summary>Gets the position of each token [B T].</summary>
    internal ReadOnlySpan<int> Positions => _positions;

    /// <summary>Gets the number of tokens of the longest sequence: a context with one of its continuations.</summary>
    internal int Longest { get; private set; }

    /// <summary>
    /// Marks tokens of a row as a continuation of the context at the beginning of the row. Mark the context itself with a context of 0 tokens.
    /// </summary>
    /// <param name="row">The row, from 0.</param>
    /// <param name="context">Number of tokens of the context, at the beginning of the row.</param>
    /// <param name="begin">Index in the row of the continuation's first token.</param>
    /// <param name="count">Number of tokens of the continuation.</param>
    public void Continue(int row, int context, int begin, int count)
    {
        Longest = Math.Max(Longest, context + count);
        for (int j = 0; j < count; j++)
        {
            int at = row * _length + begin + j;
            (_positions[at], _hiddenFrom[at], _hiddenTo[at]) = (context + j, context, begin);
        }
    }

    /// <summary>
    /// Marks tokens of a row as a sequence of its own, which attends to nothing before it.
    /// </summary>
    /// <param name="row">The row, from 0.</param>
    /// <param name="begin">Index in the row of the sequence's first token.</param>
    /// <param name="count">Number of tokens of the sequence.</param>
    public void Add(int row, int begin, int count) => Continue(row, 0, begin, count);

    /// <summary>
    /// Gets the range of earlier tokens in its row that each token does not attend to: its beginnings and its ends, [B T] each.
    /// </summary>
    internal (int[] From, int[] To) Hidden => (_hiddenFrom, _hiddenTo);

    /// <summary>
    /// Sets the score of each earlier token that a token does not attend to. The new score is minus infinity. The scores of later tokens do
    /// not change.
    /// </summary>
    internal void Hide(int row, int token, Span<float> scores)
    {
        int at = row * _length + token;
        scores[_hiddenFrom[at].._hiddenTo[at]].Fill(float.NegativeInfinity);
    }

    /// <summary>Creates the position of each token, int64 [B, T].</summary>
    internal Tensor PositionIds(Device device) => tensor(_positions.Select(position => (long)position).ToArray(), [_rows, _length], device: device);

    /// <summary>Creates the attention mask, float32 [B, 1, T, T]: 0 where a token (axis 2) attends to another (axis 3), otherwise minus infinity.</summary>
    internal Tensor Mask(Device device)
    {
        float[] mask = new float[(long)_rows * _length * _length];
        for (int row = 0; row < _rows; row++)
        {
            for (int token = 0; token < _length; token++)
            {
                Span<float> scores = mask.AsSpan((row * _length + token) * _length, _length);
                scores[(token + 1)..].Fill(float.NegativeInfinity);
                Hide(row, token, scores);
            }
        }

        return tensor(mask, [_rows, 1, _length, _length], device: device);
    }
}
