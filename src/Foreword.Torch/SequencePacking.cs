using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>
/// A context and several continuations of it in one row: every continuation's positions go on where the context ends, and it sees
/// the context and itself but none of the others. So ten continuations cost one context, and all of it is one large product.
/// </summary>
public sealed class SequencePacking
{
    private readonly int _rows, _length;
    private readonly int[] _positions, _hiddenFrom, _hiddenTo; // [B T]: the position, and the earlier tokens of the row that are not seen

    /// <summary>Rows that nothing has been put into: what stays empty is padding.</summary>
    /// <param name="rows">B.</param>
    /// <param name="length">T.</param>
    public SequencePacking(int rows, int length)
    {
        (_rows, _length) = (rows, length);
        _positions = new int[rows * length];
        _hiddenFrom = new int[rows * length];
        _hiddenTo = new int[rows * length];
    }

    /// <summary>Position of each token [B T].</summary>
    internal ReadOnlySpan<int> Positions => _positions;

    /// <summary>Makes tokens of a row a continuation of its beginning; the beginning itself continues nothing.</summary>
    /// <param name="row">The row.</param>
    /// <param name="context">Tokens of the context, with which the row begins.</param>
    /// <param name="begin">The continuation's first token.</param>
    /// <param name="count">Its tokens.</param>
    public void Continue(int row, int context, int begin, int count)
    {
        for (int j = 0; j < count; j++)
        {
            int at = row * _length + begin + j;
            (_positions[at], _hiddenFrom[at], _hiddenTo[at]) = (context + j, context, begin);
        }
    }

    /// <summary>Sets the scores of what a token does not see to minus infinity; later tokens are not looked at.</summary>
    internal void Hide(int row, int token, Span<float> scores)
    {
        int at = row * _length + token;
        scores[_hiddenFrom[at].._hiddenTo[at]].Fill(float.NegativeInfinity);
    }

    /// <summary>Position of each token, int64 [B, T].</summary>
    internal Tensor PositionIds(Device device) => tensor(_positions.Select(position => (long)position).ToArray(), [_rows, _length], device: device);

    /// <summary>0 where a token (third axis) sees another (fourth), minus infinity where not, float32 [B, 1, T, T].</summary>
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
