using System.Runtime.InteropServices;

namespace Foreword.Tokenization.Bpe;

/// <summary>A merge, in the order in which merges are learned. The k-th merge (counted from 0) of a byte-level BPE makes id 256 + k.</summary>
/// <param name="Left">The id of the left token.</param>
/// <param name="Right">The id of the right token.</param>
/// <param name="Count">How often the pair occurred in the corpus when it was merged, including overlapping occurrences.</param>
internal readonly record struct LearnedMerge(int Left, int Right, long Count);

/// <summary>
/// The state of a corpus while merges are learned. It contains every distinct chunk once, as a linked list of tokens, and for every pair of
/// neighboring tokens its count and its occurrences. A position is the index of a token's first symbol in one flat array. At most one pair starts
/// at a position, so the lists of occurrences are linked through the positions themselves and are always up to date.
/// </summary>
internal sealed class PairCounts
{
    private const int None = -1;

    // Arrays indexed by position.
    private readonly int[] _token;
    private readonly int[] _next; // the next token of the chunk, or None
    private readonly int[] _previous;
    private readonly int[] _pair; // the pair that starts here
    private readonly int[] _nextOccurrence; // the next occurrence of the same pair
    private readonly int[] _previousOccurrence;
    private readonly int[] _chunk;

    private readonly long[] _chunkCount; // indexed by chunk
    private readonly int _minFrequency;

    private Pair[] _pairs = new Pair[1024];
    private int _pairCount;

    /// <summary>
    /// The pairs that may be merged, most frequent first. The count of a pair only decreases after the pair was created, so the counts in the queue
    /// are upper bounds.
    /// </summary>
    private readonly PriorityQueue<int, Priority> _queue = new();

    // The pairs that the current merge creates. All of them contain its new token. The index is the other token's id; None means that there is no pair.
    private readonly int[] _withNewOnTheRight;
    private readonly int[] _withNewOnTheLeft;
    private readonly List<int> _made = [];

    /// <summary>Counts the pairs of the corpus.</summary>
    /// <param name="words">The distinct words as symbols, and how often each occurs.</param>
    /// <param name="vocabSize">The number of ids of symbols and merges together.</param>
    /// <param name="minFrequency">The minimum frequency of a pair that is merged.</param>
    private PairCounts(IReadOnlyList<(int[] Symbols, long Count)> words, int vocabSize, int minFrequency)
    {
        _minFrequency = minFrequency;
        int positions = words.Aggregate(0, (sum, word) => checked(sum + word.Symbols.Length));
        _token = new int[positions];
        _next = new int[positions];
        _previous = new int[positions];
        _pair = new int[positions];
        _nextOccurrence = new int[positions];
        _previousOccurrence = new int[positions];
        _chunk = new int[positions];
        _chunkCount = new long[words.Count];
        _withNewOnTheRight = new int[vocabSize];
        _withNewOnTheLeft = new int[vocabSize];
        Array.Fill(_withNewOnTheRight, None);
        Array.Fill(_withNewOnTheLeft, None);

        LayOut(words);
        CountFirstPairs();
    }

    /// <summary>
    /// Learns merges until the wanted number is reached or no pair is frequent enough. The k-th merge (counted from 0) makes id firstId + k.
    /// </summary>
    /// <remarks>
    /// No two merges make the same text. Wherever a token's text occurs between the borders of tokens, the same merges have joined the text inside
    /// it in the same order.
    /// </remarks>
    public static List<LearnedMerge> Learn(
        IReadOnlyList<(int[] Symbols, long Count)> words, int firstId, int wanted, int minFrequency, Action<int> learned, CancellationToken cancellationToken)
    {
        PairCounts pairs = new(words, firstId + wanted, minFrequency);
        List<LearnedMerge> merges = [];
        while (merges.Count < wanted && pairs.MergeMostFrequent(firstId + merges.Count) is { } merge)
        {
            merges.Add(merge);
            cancellationToken.ThrowIfCancellationRequested();
            learned(merges.Count);
        }

        return merges;
    }

    /// <summary>
    /// Replaces the most frequent pair with <paramref name="newToken"/> everywhere. Returns null if no pair is frequent enough.
    /// </summary>
    private LearnedMerge? MergeMostFrequent(int newToken)
    {
        while (_queue.TryDequeue(out int best, out Priority priority))
        {
            Pair pair = _pairs[best];
            if (pair.Count == priority.Count)
            {
                Merge(best, newToken);
                return new LearnedMerge(pair.Left, pair.Right, pair.Count);
            }

            Enqueue(best);
        }

        return null;
    }

    private void LayOut(IReadOnlyList<(int[] Symbols, long Count)> words)
    {
        int at = 0;
        for (int word = 0; word < words.Count; word++)
        {
            (int[] symbols, _chunkCount[word]) = words[word];
            for (int i = 0; i < symbols.Length; i++, at++)
            {
                _token[at] = symbols[i];
                _previous[at] = i == 0 ? None : at - 1;
                _next[at] = i == symbols.Length - 1 ? None : at + 1;
                _chunk[at] = word;
            }
        }
    }

    private void CountFirstPairs()
    {
        Dictionary<(int, int), int> pairOf = [];
        for (int at = 0; at < _token.Length; at++)
        {
            if (_next[at] == None)
            {
                _pair[at] = None;
                continue;
            }

            (int left, int right) = (_token[at], _token[_next[at]]);
            ref int pair = ref CollectionsMarshal.GetValueRefOrAddDefault(pairOf, (left, right), out bool known);
            if (!known)
                pair = NewPair(left, right);
            AddOccurrence(at, pair);
        }

        for (int pair = 0; pair < _pairCount; pair++)
            Enqueue(pair);
    }

    /// <summary>
    /// Merges the occurrences from left to right. In <c>aaa</c>, merging the first pair also removes the second.
    /// </summary>
    private void Merge(int pair, int newToken)
    {
        _made.Clear();
        for (int at; (at = _pairs[pair].First) != None;)
        {
            int right = _next[at], before = _previous[at], after = _next[right];
            RemoveOccurrence(at);
            if (before != None)
                RemoveOccurrence(before);
            if (after != None)
            {
                RemoveOccurrence(right);
                _previous[after] = at;
            }

            _token[at] = newToken;
            _next[at] = after;
            if (before != None)
                AddOccurrence(before, MadePair(_withNewOnTheRight, _token[before], _token[before], newToken));
            if (after != None)
                AddOccurrence(at, MadePair(_withNewOnTheLeft, _token[after], newToken, _token[after]));
        }

        foreach (int made in _made)
        {
            _withNewOnTheRight[_pairs[made].Left] = None;
            _withNewOnTheLeft[_pairs[made].Right] = None;
            Enqueue(made);
        }
    }

    /// <summary>Returns the pair that the current merge's table has for the other token's id. The pair is created if it does not exist yet.</summary>
    private int MadePair(int[] table, int other, int left, int right)
    {
        ref int pair = ref table[other];
        if (pair == None)
        {
            pair = NewPair(left, right);
            _made.Add(pair);
        }

        return pair;
    }

    private int NewPair(int left, int right)
    {
        if (_pairCount == _pairs.Length)
            Array.Resize(ref _pairs, 2 * _pairs.Length);
        _pairs[_pairCount] = new Pair { Left = left, Right = right, First = None, Last = None };
        return _pairCount++;
    }

    private void Enqueue(int pair)
    {
        ref Pair it = ref _pairs[pair];
        if (it.Count >= _minFrequency)
            _queue.Enqueue(pair, new Priority(it.Count, it.Left, it.Right));
    }

    /// <summary>Appends an occurrence to the pair's list. Positions arrive in ascending order because merges go from left to right.</summary>
    private void AddOccurrence(int at, int pair)
    {
        ref Pair it = ref _pairs[pair];
        _pair[at] = pair;
        _previousOccurrence[at] = it.Last;
        _nextOccurrence[at] = None;
        if (it.Last == None)
            it.First = at;
        else
            _nextOccurrence[it.Last] = at;
        it.Last = at;
        it.Count += _chunkCount[_chunk[at]];
    }

    private void RemoveOccurrence(int at)
    {
        ref Pair it = ref _pairs[_pair[at]];
        (int before, int after) = (_previousOccurrence[at], _nextOccurrence[at]);
        if (before == None)
            it.First = after;
        else
            _nextOccurrence[before] = after;
        if (after == None)
            it.Last = before;
        else
            _previousOccurrence[after] = before;
        it.Count -= _chunkCount[_chunk[at]];
    }

    private struct Pair
    {
        public int Left, Right;
        public int First, Last; // the first and last occurrence
        public long Count; // weighted by how often each chunk occurs in the corpus
    }

    /// <summary>The order of merging: the highest count first, then the lowest left id, then the lowest right id.</summary>
    private readonly record struct Priority(long Count, int Left, int Right) : IComparable<Priority>
    {
        public int CompareTo(Priority other) =>
            Count != other.Count ? other.Count.CompareTo(Count)
            : Left != other.Left ? Left.CompareTo(other.Left)
            : Right.CompareTo(other.Right);
    }
}
