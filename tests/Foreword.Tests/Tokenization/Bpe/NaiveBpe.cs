using System.Text;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Tests.Tokenization.Bpe;

/// <summary>The two directions of byte-pair encoding, written as in the papers. It is the reference for the fast implementations.</summary>
internal static class NaiveBpe
{
    /// <summary>Follows bpe() of openai/gpt-2: take the pair with the lowest rank, join all its occurrences from left to right, and repeat.</summary>
    public static List<int> EncodeChunk(ByteLevelBpe tokenizer, string chunk)
    {
        Dictionary<(int, int), int> ranks = [];
        for (int rank = 0; rank < tokenizer.Merges.Count; rank++)
            ranks.Add((tokenizer.Merges[rank].Left, tokenizer.Merges[rank].Right), rank);
        List<int> ids = [.. Encoding.UTF8.GetBytes(chunk).Select(value => ByteId(tokenizer, value))];
        while (true)
        {
            int best = Enumerable.Range(0, Math.Max(0, ids.Count - 1)).Select(i => ranks.GetValueOrDefault((ids[i], ids[i + 1]), int.MaxValue)).DefaultIfEmpty(int.MaxValue).Min();
            if (best == int.MaxValue)
                return ids;
            BpeMerge merge = tokenizer.Merges[best];
            ids = Join(ids, merge.Left, merge.Right, merge.Result);
        }
    }

    /// <summary>Learns merges by counting every pair of the whole corpus again for each merge.</summary>
    public static List<LearnedMerge> Learn(IEnumerable<string> texts, int merges, ByteOrder order, int minFrequency)
    {
        int[] idOfByte = new int[256];
        for (int id = 0; id < 256; id++)
            idOfByte[ByteAlphabet.ByteOfId(id, order)] = id;
        List<List<int>> chunks = [.. texts.SelectMany(Gpt2.Chunks).Select(chunk => Encoding.UTF8.GetBytes(chunk).Select(b => idOfByte[b]).ToList())];
        List<LearnedMerge> learned = [];
        while (learned.Count < merges)
        {
            Dictionary<(int Left, int Right), long> counts = [];
            foreach (List<int> chunk in chunks)
            {
                for (int i = 0; i + 1 < chunk.Count; i++)
                    counts[(chunk[i], chunk[i + 1])] = counts.GetValueOrDefault((chunk[i], chunk[i + 1])) + 1;
            }

            if (counts.Count == 0)
                break;
            ((int left, int right), long count) = counts.OrderByDescending(p => p.Value).ThenBy(p => p.Key.Left).ThenBy(p => p.Key.Right).First();
            if (count < minFrequency)
                break;
            chunks = [.. chunks.Select(chunk => Join(chunk, left, right, 256 + learned.Count))];
            learned.Add(new LearnedMerge(left, right, count));
        }

        return learned;
    }

    private static int ByteId(ByteLevelBpe tokenizer, byte value) =>
        Enumerable.Range(0, tokenizer.VocabSize).First(id => tokenizer.TokenBytes(id).SequenceEqual([value]));

    private static List<int> Join(List<int> ids, int left, int right, int result)
    {
        List<int> joined = [];
        for (int i = 0; i < ids.Count; i++)
        {
            bool here = i + 1 < ids.Count && ids[i] == left && ids[i + 1] == right;
            joined.Add(here ? result : ids[i]);
            i += here ? 1 : 0;
        }

        return joined;
    }
}
