using Foreword.Cpu.Kernels;

namespace Foreword.Cpu.Cache;

/// <summary>
/// Keeps pages of sequences that were read, so that a sequence with the same beginning does not read it again. The pages form a tree: a page follows the
/// page with the 64 tokens before it. Pages are shared with running sequences and counted. The ones that were used least recently are removed first, the
/// last page of a sequence before the pages that it follows. Not thread-safe.
/// </summary>
/// <param name="pages">The pool that the pages belong to.</param>
/// <param name="capacity">The largest number of pages to keep.</param>
internal sealed class PrefixCache(KvPages pages, int capacity) : IDisposable
{
    private const int PagePositions = AttentionKernels.PagePositions;

    private readonly Node _root = new([], null, null);
    private readonly LinkedList<Node> _used = []; // the most recently used first, and each node before the nodes that follow it

    /// <summary>Gets the number of pages that are kept.</summary>
    public int Count => _used.Count;

    /// <summary>Fills an empty cache with the longest beginning of a sequence that is kept, in whole pages.</summary>
    /// <param name="tokens">The sequence.</param>
    /// <param name="cache">The empty cache.</param>
    /// <returns>The number of tokens that need not be read. It is less than the number of tokens, because the last one's logits are wanted.</returns>
    public int Take(ReadOnlySpan<int> tokens, KvCache cache)
    {
        Node node = _root;
        List<Node> path = [];
        while (tokens.Length > PagePositions && node.Child(tokens[..PagePositions]) is { } child)
        {
            cache.Adopt(child.Page!);
            path.Add(child);
            node = child;
            tokens = tokens[PagePositions..];
        }

        Use(path);
        return path.Count * PagePositions;
    }

    /// <summary>Keeps the full pages of a sequence that was read.</summary>
    /// <param name="tokens">The tokens that the cache holds.</param>
    /// <param name="cache">The cache, which keeps its own hold of the pages.</param>
    public void Add(ReadOnlySpan<int> tokens, KvCache cache)
    {
        Node node = _root;
        List<Node> path = [];
        int full = Math.Min(Math.Min(tokens.Length, cache.Length) / PagePositions, capacity);
        for (int page = 0; page < full; page++)
        {
            ReadOnlySpan<int> own = tokens.Slice(page * PagePositions, PagePositions);
            if (node.Child(own) is not { } child)
            {
                child = new Node(own.ToArray(), cache.Page(page).Share(), node);
                node.Add(child);
                _used.AddFirst(child.Place);
            }

            path.Add(child);
            node = child;
        }

        Use(path);
        while (_used.Count > capacity)
            RemoveLast();
    }

    /// <summary>Removes all pages.</summary>
    public void Clear()
    {
        while (_used.Count > 0)
            RemoveLast();
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    /// <summary>Moves the nodes of a path to the front, the first page of the sequence before the others.</summary>
    private void Use(List<Node> path)
    {
        for (int i = path.Count - 1; i >= 0; i--)
        {
            _used.Remove(path[i].Place);
            _used.AddFirst(path[i].Place);
        }
    }

    private void RemoveLast()
    {
        Node last = _used.Last!.Value; // no page follows it, because such a page would come after it
        _used.Remove(last.Place);
        last.Parent!.Remove(last);
        pages.Return(last.Page!);
    }

    private sealed class Node
    {
        private readonly int[] _tokens;
        private readonly Dictionary<int, List<Node>> _children = [];

        public Node(int[] tokens, KvPage? page, Node? parent)
        {
            (_tokens, Page, Parent) = (tokens, page, parent);
            Place = new LinkedListNode<Node>(this);
        }

        public KvPage? Page { get; }

        public Node? Parent { get; }

        public LinkedListNode<Node> Place { get; }

        public Node? Child(ReadOnlySpan<int> tokens)
        {
            if (!_children.TryGetValue(Hash(tokens), out List<Node>? same))
                return null;
            foreach (Node child in same)
            {
                if (tokens.SequenceEqual(child._tokens))
                    return child;
            }

            return null;
        }

        public void Add(Node child)
        {
            int hash = Hash(child._tokens);
            if (!_children.TryGetValue(hash, out List<Node>? same))
                _children[hash] = same = [];
            same.Add(child);
        }

        public void Remove(Node child)
        {
            int hash = Hash(child._tokens);
            List<Node> same = _children[hash];
            same.Remove(child);
            if (same.Count == 0)
                _children.Remove(hash);
        }

        private static int Hash(ReadOnlySpan<int> tokens)
        {
            HashCode hash = default;
            foreach (int token in tokens)
                hash.Add(token);
            return hash.ToHashCode();
        }
    }
}
