namespace Foreword.Generation;

/// <summary>What changes logits before any token is ruled out: bias, then the penalties on tokens that stand in the text already.</summary>
internal sealed class LogitAdjustments
{
    private readonly SamplingOptions _options;
    private readonly KeyValuePair<int, double>[] _bias;
    private readonly bool _remembers;
    private readonly bool _changes;
    private int[] _prompt;
    private float[] _row = [];
    private int[] _drawn = []; // how often the completion holds each id
    private int[] _seen = []; // the ids of prompt and completion, each once, in the order in which they came up
    private bool[] _isSeen = [];
    private int _seenCount;

    /// <summary>Adjustments for a completion behind these tokens, for rows of <paramref name="vocabulary"/> logits where that is known already.</summary>
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

    /// <summary>The adjusted logits [V]: the given span where nothing changes, else one that is valid until the next call.</summary>
    /// <exception cref="ArgumentException">A biased id is outside the vocabulary.</exception>
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
            logit = logit > 0 ? logit / _options.RepetitionPenalty : logit * _options.RepetitionPenalty;
            if (_drawn[id] > 0)
                logit -= _options.PresencePenalty + _options.FrequencyPenalty * _drawn[id];
            row[id] = (float)logit;
        }

        return row;
    }

    /// <summary>The completion has one more token.</summary>
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
            if (id < vocabulary) // one that only pads the vocabulary is never drawn
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
