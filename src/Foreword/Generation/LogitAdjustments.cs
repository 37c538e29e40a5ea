namespace Foreword.Generation;

/// <summary>
/// Changes logits before any token is ruled out. It adds the bias, and then applies the penalties on tokens that the text already contains.
/// </summary>
internal sealed class LogitAdjustments
{
    private readonly SamplingOptions _options;
    private readonly KeyValuePair<int, double>[] _bias;
    private readonly bool _remembers;
    private readonly bool _changes;
    private int[] _prompt;
    private float[] _row = [];
    private int[] _drawn = []; // number of occurrences of each id in the completion
    private int[] _seen = []; // the distinct ids of prompt and completion, in the order of their first occurrence
    private bool[] _isSeen = [];
    private int _seenCount;

    /// <summary>Initializes the adjustments for one completion.</summary>
    /// <param name="options">The bias and the penalties.</param>
    /// <param name="prompt">The tokens before the completion.</param>
    /// <param name="vocabulary">The number of logits in a row, or 0 if it is not known yet.</param>
    public LogitAdjustments(SamplingOptions options, ReadOnlySpan<int> prompt, int vocabulary = 0)
    {
        _options = options;
        _bias = [.. options.LogitBias];
        _remembers = options.RepetitionPenalty != 1 || options.PresencePenalty != 0 || options.FrequencyPenalty != 0;
        _changes = _remembers || _bias.Length > 0;
        _prompt = _remembers ? prompt.ToArray() : [];
        if (vocabulary > 0 && _changes)
            Reserve(vocabulary);
    }

    /// <summary>Returns the adjusted logits [V].</summary>
    /// <returns>The given span if nothing changes; otherwise, a span that is valid until the next call.</returns>
    /// <exception cref="ArgumentException">An id with a bias is outside the vocabulary.</exception>
    public ReadOnlySpan<float> Apply(ReadOnlySpan<float> logits)
    {
        if (!_changes)
            return logits;
        Reserve(logits.Length);
        Span<float> row = _row;
        logits.CopyTo(row);
        foreach ((int id, double bias) in _bias)
        {
            if (id >= row.Length)
                throw new ArgumentException($"logit-bias names token {id}; the vocabulary has {row.Length} ids");
            row[id] += (float)bias;
        }

        if (!_remembers)
            return row;
        foreach (int id in _seen.AsSpan(0, _seenCount))
        {
            double logit = row[id];
            logit = logit > 0 || _options.PenaltyRule == PenaltyRule.Gpt2Chinese ? logit / _options.RepetitionPenalty : logit * _options.RepetitionPenalty;
            if (_drawn[id] > 0)
                logit -= _options.PresencePenalty + _options.FrequencyPenalty * _drawn[id];
            row[id] = (float)logit;
        }

        return row;
    }

    /// <summary>Adds a token to the completion.</summary>
    public void Add(int id)
    {
        if (!_remembers)
            return;
        See(id);
        _drawn[id]++;
    }

    private void Reserve(int vocabulary)
    {
        if (_row.Length == vocabulary)
            return;
        _row = new float[vocabulary];
        if (!_remembers)
            return;
        (_drawn, _seen, _isSeen) = (new int[vocabulary], new int[vocabulary], new bool[vocabulary]);
        foreach (int id in _prompt)
        {
            if (id < vocabulary) // an id that only pads the vocabulary is never drawn
                See(id);
        }

        _prompt = [];
    }

    private void See(int id)
    {
        if (_isSeen[id])
            return;
        _isSeen[id] = true;
        _seen[_seenCount++] = id;
    }
}
