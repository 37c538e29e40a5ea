using System.Runtime.InteropServices;
using Foreword.Models;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using static TorchSharp.torch;

namespace Foreword.Torch.Inference;

// B rows of a batch, T tokens of a row, C channels, V vocabulary.

/// <summary>
/// Scores continuations: packs the continuations of a context behind it in one row (<see cref="SequencePacking"/>), batches rows of similar
/// length, and computes logits only where a score is wanted. The model must be in evaluation mode, without gradients.
/// </summary>
internal sealed class SequenceScorer(GptModel model, ITrainingPath path, Device device)
{
    /// <summary>
    /// Tokens of a batch, padding included. A processor multiplies a thousand rows as fast as more, and smaller batches hold sequences more alike in
    /// length; a GPU wants more.
    /// </summary>
    private const int BatchTokensOnCpu = 1024, BatchTokensOnGpu = 16 * 1024;

    /// <summary>Bytes of logits that exist at once.</summary>
    private const long LogitBytes = 64L << 20;

    private readonly int _batchTokens = device.type == TorchSharp.DeviceType.CPU ? BatchTokensOnCpu : BatchTokensOnGpu;

    /// <summary>The scores of each request, continuation and token.</summary>
    public TokenScore[][][] Score(IReadOnlyList<ScoringRequest> requests)
    {
        TokenScore[][][] scores = [.. requests.Select(request => request.Continuations.Select(c => new TokenScore[c.Length]).ToArray())];
        List<Row> rows = [.. requests.SelectMany((request, index) => Row.Of(request, scores[index]))];
        // Rows of similar length share a batch, so that little is computed for padding; rows that need a mask are kept apart.
        Row[] order = [.. rows.OrderBy(row => row.IsPacked).ThenByDescending(row => row.Length)];
        for (int start = 0; start < order.Length;)
        {
            Row first = order[start];
            int room = Math.Max(1, _batchTokens / first.Length);
            Row[] batch = [.. order.Skip(start).Take(room).TakeWhile(row => row.IsPacked == first.IsPacked)];
            ScoreBatch(batch);
            start += batch.Length;
        }

        return scores;
    }

    private void ScoreBatch(Row[] batch)
    {
        using var scope = NewDisposeScope();
        int T = batch[0].Length;
        long[] ids = new long[batch.Length * T];
        List<Wanted> wanted = [];
        for (int b = 0; b < batch.Length; b++)
        {
            batch[b].WriteIds(ids.AsSpan(b * T, T));
            wanted.AddRange(batch[b].Wanted(b * T));
        }

        SequencePacking? packing = batch[0].IsPacked ? Packing(batch, T) : null;
        Tensor input = tensor(ids, [batch.Length, T], device: device);
        Tensor hidden = path.Hidden(input, packing).view(batch.Length * T, -1); // (B T, C)
        int piece = (int)Math.Max(1, LogitBytes / (sizeof(float) * (long)model.Config.VocabSize));
        for (int start = 0; start < wanted.Count; start += piece)
            ScorePiece(hidden, wanted.GetRange(start, Math.Min(piece, wanted.Count - start)));
    }

    private void ScorePiece(Tensor hidden, List<Wanted> wanted)
    {
        using var scope = NewDisposeScope();
        Tensor rows = tensor(wanted.Select(w => (long)w.Row).ToArray(), device: device);
        Tensor targets = tensor(wanted.Select(w => (long)w.Token).ToArray(), device: device);
        Tensor logits = model.Head(hidden.index_select(0, rows)); // (m, V)
        Tensor logProbs = logits.gather(1, targets.unsqueeze(1)).squeeze(1) - logits.logsumexp(1);
        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(TensorMemory.Bytes(logProbs.cpu().contiguous()));
        ReadOnlySpan<long> greedy = MemoryMarshal.Cast<byte, long>(TensorMemory.Bytes(logits.argmax(1).cpu().contiguous()));
        for (int i = 0; i < wanted.Count; i++)
            wanted[i].Scores[wanted[i].Index] = new TokenScore(values[i], greedy[i] == wanted[i].Token);
    }

    private static SequencePacking Packing(Row[] batch, int T)
    {
        SequencePacking packing = new(batch.Length, T);
        for (int b = 0; b < batch.Length; b++)
            batch[b].WritePacking(packing, b);
        return packing;
    }

    /// <summary>A score that is wanted: of which token, after which row of the hidden states, and where it goes.</summary>
    private readonly record struct Wanted(int Row, int Token, TokenScore[] Scores, int Index);

    /// <summary>A context and continuations of it behind each other, each without its last token, which is not read.</summary>
    private sealed class Row
    {
        /// <summary>Tokens after which a further continuation begins another row: a mask has the square of them.</summary>
        private const int LongestPack = 4096;

        private readonly int[] _context;
        private readonly List<(int[] Tokens, TokenScore[] Scores)> _continuations = [];

        private Row(int[] context) => (_context, Length) = (context, context.Length);

        public int Length { get; private set; }

        /// <summary>Whether more than one continuation is read, so that a mask must keep them apart.</summary>
        public bool IsPacked => _continuations.Count(c => c.Tokens.Length > 1) > 1;

        public static IEnumerable<Row> Of(ScoringRequest request, TokenScore[][] scores)
        {
            Row row = new(request.Context);
            for (int k = 0; k < scores.Length; k++)
            {
                int[] tokens = request.Continuations[k];
                if (tokens.Length == 0)
                    continue;
                if (row._continuations.Count > 0 && row.Length + tokens.Length - 1 > LongestPack)
                {
                    yield return row;
                    row = new(request.Context);
                }

                row._continuations.Add((tokens, scores[k]));
                row.Length += tokens.Length - 1;
            }

            if (row._continuations.Count > 0)
                yield return row;
        }

        public void WriteIds(Span<long> ids)
        {
            int at = 0;
            foreach (int token in _context)
                ids[at++] = token;
            foreach (var (tokens, _) in _continuations)
            {
                foreach (int token in tokens.AsSpan(0, tokens.Length - 1))
                    ids[at++] = token;
            }
        }

        /// <summary>The first token of a continuation is foretold by the context's last, each further one by the one before it.</summary>
        public IEnumerable<Wanted> Wanted(int firstRow)
        {
            int begin = firstRow + _context.Length;
            foreach (var (tokens, scores) in _continuations)
            {
                yield return new Wanted(firstRow + _context.Length - 1, tokens[0], scores, 0);
                for (int j = 1; j < tokens.Length; j++)
                    yield return new Wanted(begin + j - 1, tokens[j], scores, j);
                begin += tokens.Length - 1;
            }
        }

        public void WritePacking(SequencePacking packing, int row)
        {
            int begin = _context.Length;
            packing.Continue(row, 0, 0, begin);
            foreach (var (tokens, _) in _continuations)
            {
                packing.Continue(row, _context.Length, begin, tokens.Length - 1);
                begin += tokens.Length - 1;
            }
        }
    }
}
