using System.Text;

namespace Foreword.Tokenization;

/// <summary>
/// The corpus while merges are learned: every distinct chunk once, as a linked list of tokens, and for every pair of
/// neighbours how often it occurs and where. A position is the place of a token's first byte in one flat array; it belongs
/// to at most one pair, so the lists of occurrences are linked through the positions themselves and never go stale.
/// </summary>
internal sealed class PairCounts
{
    private const int None = -1;

    // By position.
    private readonly int[] _token;
    private readonly int[] _next; // next token of the chunk, or None
    private readonly int[] _previous;
    private readonly int[] _pair; // the pair that starts here
    private readonly int[] _nextOccurrence; // of the same pair
    private readonly int[] _previousOccurrence;
    private readonly int[] _chunk;

    private readonly long[] _chunkCount; // by chunk
    private readonly int _minFrequency;

    private Pair[] _pairs = new Pair[1024];
    private int _pairCount;

    /// <summary>Pairs that may be merged, most frequent first. A pair only gets rarer after it was made, so counts in here are upper bounds.</summary>
    private readonly PriorityQueue<int, Priority> _queue = new();

    // The pairs made by the current merge: all of them hold its new token. By the other token's id; None where there is none.
    private readonly int[] _withNewOnTheRight;
    private readonly int[] _withNewOnTheLeft;
    private readonly List<int> _made = [];

    public PairCounts(Dictionary<string, long> chunks, ByteOrder order, int vocabularySize, int minFrequency)
    {
        _minFrequency = minFrequency;
        int positions = chunks.Keys.Aggregate(0, (sum, chunk) => checked(sum + Encoding.UTF8.GetByteCount(chunk)));
        _token = new int[positions];
        _next = new int[positions];
        _previous = new int[positions];
        _pair = new int[positions];
        _nextOccurrence = new int[positions];
        _previousOccurrence = new int[positions];
        _chunk = new int[positions];
        _chunkCount = new long[chunks.Count];
        _withNewOnTheRight = new int[vocabularySize];
        _withNewOnTheLeft = new int[vocabularySize];
        Array.Fill(_withNewOnTheRight, None);
        Array.Fill(_withNewOnTheLeft, None);

        LayOut(chunks, order);
        CountBytePairs();
    }

    /// <summary>
    /// Joins the most frequent pair everywhere into <paramref name="newToken"/>, or answers null when no pair is frequent
    /// enough.
    /// </summary>
    public LearnedMerge? MergeMostFrequent(int newToken)
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

    private void LayOut(Dictionary<string, long> chunks, ByteOrder order)
    {
        int[] idOfByte = new int[256];
        for (int id = 0; id < 256; id++)
            idOfByte[ByteAlphabet.ByteOfId(id, order)] = id;
        int at = 0, chunk = 0;
        foreach ((string text, long count) in chunks)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text); // a lone surrogate becomes U+FFFD, as when encoding
            for (int i = 0; i < bytes.Length; i++, at++)
            {
                _token[at] = idOfByte[bytes[i]];
                _previous[at] = i == 0 ? None : at - 1;
                _next[at] = i == bytes.Length - 1 ? None : at + 1;
                _chunk[at] = chunk;
            }

            _chunkCount[chunk++] = count;
        }
    }

    private void CountBytePairs()
    {
        int[] pairOf = new int[256 * 256];
        Array.Fill(pairOf, None);
        for (int at = 0; at < _token.Length; at++)
        {
            if (_next[at] == None)
            {
                _pair[at] = None;
                continue;
            }

            (int left, int right) = (_token[at], _token[_next[at]]);
            ref int pair = ref pairOf[256 * left + right];
            if (pair == None)
                pair = NewPair(left, right);
            AddOccurrence(at, pair);
        }

        for (int pair = 0; pair < _pairCount; pair++)
            Enqueue(pair);
    }

    /// <summary>
    /// Joins the occurrences from left to right; in <c>aaa</c> the first pair goes and takes the second with it.
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

    /// <summary>The pair in the current merge's table under the other token's id, made when it is not there yet.</summary>
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

    /// <summary>Appends to the pair's list; positions come in ascending order because merges go from left to right.</summary>
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
        public int First, Last; // occurrences
        public long Count; // each chunk as often as it occurs in the corpus
    }

    /// <summary>The highest count first, then the lowest left id, then the lowest right id.</summary>
    private readonly record struct Priority(long Count, int Left, int Right) : IComparable<Priority>
    {
        public int CompareTo(Priority other) =>
            Count != other.Count ? other.Count.CompareTo(Count)
            : Left != other.Left ? Left.CompareTo(other.Left)
            : Right.CompareTo(other.Right);
    }
}
