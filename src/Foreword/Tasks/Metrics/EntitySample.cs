namespace Foreword.Tasks.Metrics;

/// <summary>Counts entities that are right, predicted, and both, and words whose label is right.</summary>
internal sealed class EntitySample : OutcomeSample
{
    private readonly List<string> _types;
    private readonly (int Type, int Hits, int Truth, int Predicted)[][] _counts; // of each example
    private readonly (int Right, int Words)[] _words; // of each example
    private readonly int[] _hits, _truth, _predicted;
    private long _right, _all;

    public EntitySample(TaskOutcomes.OfWordLabels outcomes)
    {
        IReadOnlyList<Entity>[] truth = [.. outcomes.Truth.Select(Entities)], predicted = [.. outcomes.Predicted.Select(Entities)];
        _types = [.. truth.Concat(predicted).SelectMany(entities => entities).Select(entity => entity.Type).Distinct().Order(StringComparer.Ordinal)];
        (_hits, _truth, _predicted) = (new int[_types.Count], new int[_types.Count], new int[_types.Count]);
        _counts = [.. truth.Zip(predicted, Count)];
        _words = [.. outcomes.Truth.Zip(outcomes.Predicted, (a, b) => (a.Zip(b).Count(pair => pair.First == pair.Second), a.Length))];

        IReadOnlyList<Entity> Entities(string[] labels) => outcomes.HasEntities ? Entity.Of(labels) : Entity.OfWords(labels);
    }

    /// <inheritdoc/>
    public override string Kind => "labels of words";

    /// <summary>Gets the types of entities, in ordinal order.</summary>
    public IReadOnlyList<string> Types => _types;

    /// <summary>Gets F1 of the entities of all types; 0 if there are none.</summary>
    public double F1 => Shares.F1(_hits.Sum(), _truth.Sum(), _predicted.Sum());

    /// <summary>Gets the share of predicted entities that are right; 0 if there are none.</summary>
    public double Precision => Shares.Of(_hits.Sum(), _predicted.Sum());

    /// <summary>Gets the share of right entities that were predicted; 0 if there are none.</summary>
    public double Recall => Shares.Of(_hits.Sum(), _truth.Sum());

    /// <summary>Gets the share of words whose label is right.</summary>
    public double Accuracy => _all > 0 ? (double)_right / _all : 0;

    /// <summary>Returns the row of a type.</summary>
    public ClassRow Row(int type) => new(_types[type], _truth[type], Shares.Of(_hits[type], _predicted[type]), Shares.Of(_hits[type], _truth[type]), Shares.F1(_hits[type], _truth[type], _predicted[type]));

    public override void Draw(ReadOnlySpan<int> examples)
    {
        Array.Clear(_hits);
        Array.Clear(_truth);
        Array.Clear(_predicted);
        (_right, _all) = (0, 0);
        foreach (int i in examples)
        {
            foreach ((int type, int hits, int truth, int predicted) in _counts[i])
            {
                _hits[type] += hits;
                _truth[type] += truth;
                _predicted[type] += predicted;
            }

            _right += _words[i].Right;
            _all += _words[i].Words;
        }
    }

    private (int Type, int Hits, int Truth, int Predicted)[] Count(IReadOnlyList<Entity> truth, IReadOnlyList<Entity> predicted)
    {
        HashSet<Entity> right = [.. truth];
        return [.. truth.Concat(predicted).Select(entity => entity.Type).Distinct().Select(type => (
            _types.BinarySearch(type, StringComparer.Ordinal),
            predicted.Count(entity => entity.Type == type && right.Contains(entity)), truth.Count(entity => entity.Type == type), predicted.Count(entity => entity.Type == type)))];
    }
}
