namespace Foreword.Torch.Inference;

/// <summary>Keeps what a model needs of the tokens that a decoder has read: keys and values of a GPT, or the state of an LSTM.</summary>
internal abstract class DecoderState : IDisposable
{
    /// <summary>Gets the number of tokens that have been read.</summary>
    public long Length { get; private protected set; }

    /// <summary>Creates a state that has read the same tokens. The two then continue independently.</summary>
    /// <returns>The new state; the caller disposes it.</returns>
    public abstract DecoderState Fork();

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Counts new tokens as read. A pass of the model has already stored what it keeps of them.</summary>
    internal abstract void Extend(long count);
}

/// <summary>
/// The states of the sequences that one pass of the model reads, in their order. The pass stores what it keeps of the new tokens, but they count as
/// read only after <see cref="Extend"/>. A pass that fails therefore changes nothing.
/// </summary>
internal abstract class StateBatch(IReadOnlyList<DecoderState> states)
{
    /// <summary>Gets the number of sequences.</summary>
    public int Count => states.Count;

    /// <summary>Gets the number of tokens of the longest sequence.</summary>
    public long Longest => states.Max(state => state.Length);

    /// <summary>Counts new tokens of each sequence as read.</summary>
    internal void Extend(long count)
    {
        foreach (DecoderState state in states)
            state.Extend(count);
    }
}
