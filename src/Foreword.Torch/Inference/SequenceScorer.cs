using System.Runtime.InteropServices;
using Foreword.Models;
using Foreword.Torch.Kernels;
using Foreword.Torch.Paths;
using static TorchSharp.torch;

namespace Foreword.Torch.Inference;

// B rows of a batch, T tokens of a row, C channels, V vocabulary.

/// <summary>
/// Computes the scores of continuations. Packs the continuations of a context after it in one row (<see cref="SequencePacking"/>), where the model
/// supports it; otherwise each continuation has a row of its own. Batches rows of similar length, and computes logits only where a score is wanted. The model must be in evaluation mode, without gradients.
/// </summary>
internal sealed class SequenceScorer(LanguageModule model, IModelPath path, Device device)
{
    /// <summary>
    /// Number of tokens of a batch, including padding. A CPU multiplies a thousand rows as fast as more, and in smaller batches the sequences have more
    /// similar lengths. A GPU needs more rows.
    /// </summary>
    private const int BatchTokensOnCpu = 1024, BatchTokensOnGpu = 16 * 1024;

    /// <summary>Size in bytes of the logits that exist at the same time.</summary>
    private const long LogitBytes = 64L << 20;

    private readonly int _batchTokens = device.type == TorchSharp.DeviceType.CPU ? BatchTokensOnCpu : BatchTokensOnGpu;

    /// <summary>Returns the score of each token, by request and continuation. Cancellation is checked before each batch.</summary>
    public TokenScore[][][] Score(IReadOnlyList<ScoringRequest> requests, CancellationToken cancellationToken)
    {
        TokenScore[][][] scores = [.. requests.Select(request => request.Continuations.Select(c => new TokenScore[c.Length]).ToArray())];
        List<Row> rows = [.. requests.SelectMany((request, index) => Row.Of(request, scores[index], model.SupportsPacking))];
        // Rows of similar length share a batch, so that little is computed for padding. Rows that need a mask have batches of their own.
        Row[] order = [.. rows.OrderBy(row => row.IsPacked).ThenByDescending(row => row.Length)];
        for (int start = 0; start < order.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
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
        int chunk = (int)Math.Max(1, LogitBytes / (sizeof(float) * (long)model.Config.VocabSize));
        for (int start = 0; start < wanted.Count; start += chunk)
            ScoreChunk(hidden, wanted.GetRange(start, Math.Min(chunk, wanted.Count - start)));
    }

    private void ScoreChunk(Tensor hidden, List<Wanted> wanted)
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

    /// <summary>A score that is wanted: its token, the row of the hidden states that predicts it, and the place to write it to.</summary>
    private readonly record struct Wanted(int Row, int Token, TokenScore[] Scores, int Index);

    /// <summary>A context followed by continuations of it. The last token of each continuation is not read and therefore left out.</summary>
    private sealed class Row
    {
        /// <summary>Number of tokens after which a further continuation starts another row. The size of a mask is the square of this number.</summary>
        private const int LongestPack = 4096;

        private readonly int[] _context;
        private readonly List<(int[] Tokens, TokenScore[] Scores)> _continuations = [];

        private Row(int[] context) => (_context, Length) = (context, context.Length);

        public int Length { get; private set; }

        /// <summary>Gets whether more than one continuation is read, so that a mask must separate them.</summary>
        public bool IsPacked => _continuations.Count(c => c.Tokens.Length > 1) > 1;

        public static IEnumerable<Row> Of(ScoringRequest request, TokenScore[][] scores, bool packs)
        {
            Row row = new(request.Context);
            for (int k = 0; k < scores.Length; k++)
            {
                int[] tokens = request.Continuations[k];
                if (tokens.Length == 0)
                    continue;
                if (row._continuations.Count > 0 && (!packs || row.Length + tokens.Length - 1 > LongestPack))
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

        /// <summary>
        /// Returns the scores that are requested for the row. The context's last token predicts the first token of each continuation; each further
        /// token is predicted by the one before it.
        /// </summary>
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
