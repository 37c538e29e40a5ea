using Foreword.Cpu.Cache;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;
using Foreword.Models;

namespace Foreword.Cpu.Forward;

// C channels, V vocabulary, hs head size. Rows are tokens, of one sequence or of several. All numbers are float32, except the inputs of quantized
// matrices.

/// <summary>
/// Computes the whole forward pass of GPT-1 and GPT-2. All workers run <see cref="Body"/> together. Each step is divided into work items that the
/// workers claim, and ends at a barrier. The two architectures differ in the position of LayerNorm: after each residual sum (Radford et al. 2018), or
/// before each branch, with one more at the end (Radford et al. 2019, section 2.3).
/// </summary>
internal sealed unsafe class GptForward : IDisposable
{
    /// <summary>
    /// The largest number of rows in a pass. With more, the activations that a pass of a product reads no longer fit the second-level cache.
    /// </summary>
    public const int MaxRows = 256;

    /// <summary>Number of rows that a register tile computes together.</summary>
    private const int RowTile = 8;

    private readonly NetworkWeights _weights;
    private readonly GptConfig _config;
    private readonly Workers _workers;
    private readonly Attention _attention;
    private readonly Action<int> _body;
    private readonly Action<int> _headBody;
    private readonly bool _preNorm;
    private readonly bool _alwaysTiles;
    private readonly float _epsilon;

    private readonly int _stride; // of rows of C elements
    private readonly int _qkvStride;
    private readonly int _hiddenStride; // of rows of the feed-forward network
    private readonly int _encodedStride;
    private readonly int _scratchBytes;
    private readonly NativeBuffer<byte> _scratch; // for each worker
    private readonly RowBuffers _rows;
    private readonly Dictionary<int, int[]> _rowItems; // starts of the work items of products of one row, by the number of panels
    private readonly Dictionary<int, int[]> _tileItems; // the same for products of several rows

    private int[] _tokens = new int[RowTile];
    private Segment[] _segments = [];
    private int[] _wanted = new int[RowTile];
    private int _rowCount;
    private int _segmentCount;
    private int _wantedCount;
    private int _headFirst;
    private int _headCount;
    private float* _logits;

    /// <summary>
    /// Creates a forward pass over <paramref name="weights"/>, for caches whose pages come from <paramref name="pages"/>. It does not own the weights,
    /// the pages or the workers.
    /// </summary>
    /// <param name="weights">The weights.</param>
    /// <param name="pages">The pages of the caches.</param>
    /// <param name="workers">The workers that compute.</param>
    /// <param name="alwaysTiles">
    /// Whether passes over a single token also use the kernels of several rows. A row's numbers then never depend on the rows that share its pass. With
    /// quantized matrices, they never do.
    /// </param>
    public GptForward(NetworkWeights weights, KvPages pages, Workers workers, bool alwaysTiles = false)
    {
        _alwaysTiles = alwaysTiles;
        _weights = weights;
        _config = weights.Config;
        _workers = workers;
        _attention = new Attention(_config, pages.Type, workers);
        _body = Body;
        _headBody = HeadBody;
        _preNorm = _config.Architecture == ModelArchitecture.Gpt2;
        _epsilon = (float)_config.LayerNormEpsilon;
        _stride = Panels.RoundUp(_config.NEmbd, AttentionKernels.ValueTile);
        _qkvStride = Panels.RoundUp(3 * _config.NEmbd, AttentionKernels.ValueTile);
        _hiddenStride = Panels.RoundUp(_config.FeedForward, AttentionKernels.ValueTile);
        _encodedStride = Panels.RoundUp(weights.Matrices.Max(matrix => matrix.EncodedBytes), AttentionKernels.ValueTile);
        _scratchBytes = Panels.RoundUp(weights.Matrices.Max(matrix => matrix.ScratchBytes), AttentionKernels.ValueTile);
        _scratch = new NativeBuffer<byte>((long)workers.Count * _scratchBytes);
        int[] counts = [.. weights.Matrices.Select(matrix => matrix.PanelCount).Distinct()];
        _rowItems = counts.ToDictionary(count => count, count => workers.Cut(count, weights.Matrices.Max(matrix => matrix.RowPanels)));
        _tileItems = counts.ToDictionary(count => count, count => workers.Cut(count, weights.Matrices.Max(matrix => matrix.TilePanels)));
        _rows = new RowBuffers(_stride, _qkvStride, _hiddenStride, _encodedStride, RowStrideOfLogits);
    }

    /// <summary>Gets whether the pass has a single row and uses the kernels for one.</summary>
    private bool IsSingle => _rowCount == 1 && !_alwaysTiles;

    /// <summary>Gets the number of elements from one row of logits to the next.</summary>
    public int RowStrideOfLogits => Panels.RoundUp(_config.VocabSize, AttentionKernels.ValueTile);

    /// <summary>Returns the final hidden state [C] of the i-th wanted row of the last pass.</summary>
    public float* Hidden(int i) => (_weights.FinalNorm is not null ? _rows.Normed : _rows.X).Pointer + (long)i * _stride;

    /// <summary>Returns the i-th row of logits [V] that the last call of <see cref="Head(int, int)"/> computed.</summary>
    public float* Logits(int i) => _rows.Logits.Pointer + (long)i * RowStrideOfLogits;

    /// <summary>
    /// Reads the tokens of one or more sequences and computes the final hidden states of the wanted rows. The caches of the segments must already count
    /// these tokens.
    /// </summary>
    /// <param name="tokens">At most <see cref="MaxRows"/> token ids, one per row.</param>
    /// <param name="segments">The sequences that the rows belong to.</param>
    /// <param name="wanted">The rows whose hidden states are needed, ascending. Empty: only the caches are filled.</param>
    public void Run(ReadOnlySpan<int> tokens, ReadOnlySpan<Segment> segments, ReadOnlySpan<int> wanted)
    {
        _rowCount = tokens.Length;
        _rows.Reserve(Math.Max(tokens.Length, _workers.Count)); // a single row is prepared by each worker separately
        Fill(ref _tokens, tokens);
        Fill(ref _segments, segments);
        Fill(ref _wanted, wanted);
        (_segmentCount, _wantedCount) = (segments.Length, wanted.Length);
        _attention.Prepare(_segments, segments.Length);
        _workers.Run(_body);
    }

    /// <summary>Computes the logits of wanted rows of the last pass.</summary>
    /// <param name="first">Index of the first wanted row to compute, a multiple of 8.</param>
    /// <param name="count">Number of rows.</param>
    public void Head(int first, int count) => Head(first, count, (float*)null);

    /// <summary>
    /// Computes the logits of wanted rows of the last pass and also copies them to <paramref name="logits"/>, [count, V]. Each work item is copied
    /// while it is in the processor's cache.
    /// </summary>
    public void Head(int first, int count, Span<float> logits)
    {
        fixed (float* copy = logits)
            Head(first, count, copy);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _attention.Dispose();
        _scratch.Dispose();
        _rows.Dispose();
    }

    private void Head(int first, int count, float* logits)
    {
        (_headFirst, _headCount) = (first, count);
        _logits = logits; // set on every call, so that no pointer remains after a failed pass
        _rows.ReserveLogits(IsSingle ? 1 : Panels.RoundUp(count, RowTile));
        _workers.Run(_headBody);
    }

    private static void Fill<T>(ref T[] array, ReadOnlySpan<T> values)
    {
        if (array.Length < values.Length)
            array = new T[Math.Max(values.Length, 2 * array.Length)];
        values.CopyTo(array);
    }

    private void Body(int worker)
    {
        Embed(worker);
        for (int layer = 0; layer < _weights.Blocks.Length; layer++)
        {
            Block block = _weights.Blocks[layer];
            bool last = layer == _weights.Blocks.Length - 1;
            Prepare(worker, _preNorm ? block.Ln1 : null, block.CAttn.Weight, _rowCount);
            Product(worker, block.CAttn, _rowCount, BranchInput(worker), _stride, _rows.Qkv.Pointer, _qkvStride, Use.Add, block.AttnCProj.Weight);
            _attention.Run(worker, layer, _rows.Qkv.Pointer, _qkvStride, _rows.Attended.Pointer, _stride);
            int rows = _rowCount;
            if (last && _wantedCount < _rowCount)
            {
                if (_wantedCount == 0)
                    return;
                KeepWanted(worker);
                rows = _wantedCount;
            }

            Encode(worker, block.AttnCProj.Weight, _rows.Attended.Pointer, _stride, rows);
            Product(worker, block.AttnCProj, rows, _rows.Attended.Pointer, _stride, _rows.Branch.Pointer, _stride, Use.Residual, block.CFc.Weight);
            Normalize(worker, _preNorm ? null : block.Ln1, rows);
            Prepare(worker, _preNorm ? block.Ln2 : null, block.CFc.Weight, rows);
            Product(worker, block.CFc, rows, BranchInput(worker), _stride, _rows.Wide.Pointer, _hiddenStride, Use.Activation, block.MlpCProj.Weight);
            Encode(worker, block.MlpCProj.Weight, _rows.Wide.Pointer, _hiddenStride, rows);
            Product(worker, block.MlpCProj, rows, _rows.Wide.Pointer, _hiddenStride, _rows.Branch.Pointer, _stride, Use.Residual, last ? _weights.Head : _weights.Blocks[layer + 1].CAttn.Weight);
            Normalize(worker, _preNorm ? null : block.Ln2, rows);
        }

        Prepare(worker, _weights.FinalNorm, _weights.Head, _wantedCount);
    }

    /// <summary>Returns the input of a branch: the normalized residual stream in GPT-2, the stream itself in GPT-1.</summary>
    private float* BranchInput(int worker) => _preNorm ? _rows.Normed.Pointer + (long)(IsSingle ? worker : 0) * _stride : _rows.X.Pointer;

    /// <summary>Computes x = wte[token] + wpe[position].</summary>
    private void Embed(int worker)
    {
        for (int s = worker; s < _segmentCount; s += _workers.Count)
        {
            Segment segment = _segments[s];
            for (int i = 0; i < segment.Count; i++)
            {
                long offset = (long)(segment.FirstRow + i) * _stride;
                _weights.Embed(_tokens[segment.FirstRow + i], segment.FirstPosition + i, _rows.X.Pointer + offset, _rows.Branch.Pointer + offset);
            }
        }

        _workers.Barrier();
    }

    /// <summary>
    /// Prepares what a matrix reads from the residual stream: normalizes it if there is a norm, and encodes it. If there is a single row, every worker
    /// prepares its own copy, in the row with the worker's number. This takes less time than a barrier.
    /// </summary>
    private void Prepare(int worker, Norm? norm, PanelMatrix matrix, int rows)
    {
        if (norm is null && matrix.EncodedBytes == 0)
            return;
        if (IsSingle)
        {
            PrepareRow(norm, matrix, 0, worker);
            return;
        }

        for (int row = worker; row < rows; row += _workers.Count)
            PrepareRow(norm, matrix, row, row);
        _workers.Barrier();
    }

    private void PrepareRow(Norm? norm, PanelMatrix matrix, int row, int to)
    {
        float* x = _rows.X.Pointer + (long)row * _stride;
        if (norm is not null)
        {
            float* normed = _rows.Normed.Pointer + (long)to * _stride;
            RowKernels.LayerNorm(x, norm.Weight.Pointer, norm.Bias.Pointer, _config.NEmbd, _epsilon, normed);
            x = normed;
        }

        if (matrix.EncodedBytes > 0)
            matrix.Encode(x, _rows.Encoded.Pointer + (long)to * _encodedStride);
    }

    /// <summary>Applies GPT-1's LayerNorm to the residual stream in place.</summary>
    private void Normalize(int worker, Norm? norm, int rows)
    {
        if (norm is null)
            return;
        for (int row = worker; row < rows; row += _workers.Count)
        {
            float* x = _rows.X.Pointer + (long)row * _stride;
            RowKernels.LayerNorm(x, norm.Weight.Pointer, norm.Bias.Pointer, _config.NEmbd, _epsilon, x);
        }

        _workers.Barrier();
    }

    private void Encode(int worker, PanelMatrix matrix, float* x, int stride, int rows)
    {
        if (matrix.EncodedBytes == 0)
            return;
        if (IsSingle)
        {
            matrix.Encode(x, _rows.Encoded.Pointer + (long)worker * _encodedStride);
            return;
        }

        for (int row = worker; row < rows; row += _workers.Count)
            matrix.Encode(x + (long)row * stride, _rows.Encoded.Pointer + (long)row * _encodedStride);
        _workers.Barrier();
    }

    /// <summary>Specifies what is done with the result of a product.</summary>
    private enum Use
    {
        /// <summary>y = x W + b.</summary>
        Add,

        /// <summary>y = activation(x W + b).</summary>
        Activation,

        /// <summary>Adds x W + b to the residual stream.</summary>
        Residual,

        /// <summary>y = x W, also copied to the caller's logits.</summary>
        Logits,
    }

    private int[] WorkItems(PanelMatrix matrix) => (IsSingle ? _rowItems : _tileItems)[matrix.PanelCount];

    /// <summary>
    /// Computes x W in work items of some panels. Each item is finished while it is in the processor's cache. Only a pass over a single token uses the
    /// one-row kernels. All other passes sum in the same order, so that a row's numbers do not depend on the rows that share its pass.
    /// </summary>
    private void Product(int worker, Projection projection, int rows, float* x, int xStride, float* y, int yStride, Use use, PanelMatrix following) =>
        Product(worker, projection.Weight, projection.Bias.Pointer, rows, x, xStride, _rows.Encoded.Pointer + (long)(IsSingle ? worker : 0) * _encodedStride, y, yStride, use, following);

    private void Product(int worker, PanelMatrix matrix, float* bias, int rows, float* x, int xStride, byte* encoded, float* y, int yStride, Use use, PanelMatrix following)
    {
        InputRows inputs = new(x, xStride, encoded, _encodedStride, IsSingle ? 1 : Panels.RoundUp(rows, RowTile));
        int[] starts = WorkItems(matrix);
        byte* scratch = _scratch.Pointer + (long)worker * _scratchBytes;
        for (int chunk = worker, then; chunk < starts.Length - 1 && starts[chunk] < matrix.PanelCount; chunk = then)
        {
            then = _workers.Claim();
            byte* next = then < starts.Length - 1 && starts[then] < matrix.PanelCount ? matrix.Panel(starts[then]) : following.Panel(Math.Min(WorkItems(following)[worker], following.PanelCount - 1));
            int first = starts[chunk], panels = starts[chunk + 1] - first, column = first * Panels.Width, columns = panels * Panels.Width;
            matrix.Multiply(inputs, first, panels, y, yStride, scratch, next);
            for (int row = 0; row < rows; row++)
            {
                float* outputs = y + (long)row * yStride + column;
                switch (use)
                {
                    case Use.Add:
                        RowKernels.AddBias(outputs, bias + column, columns);
                        break;
                    case Use.Activation when _config.Activation == Activation.GeluTanh:
                        RowKernels.Gelu(outputs, bias + column, columns);
                        break;
                    case Use.Activation:
                        ActivationKernels.Run(_config.Activation, outputs, bias + column, columns);
                        break;
                    case Use.Logits:
                        if (_logits is not null)
                            new ReadOnlySpan<float>(outputs, Math.Min(columns, matrix.Outputs - column)).CopyTo(new Span<float>(_logits + (long)row * matrix.Outputs + column, columns));
                        break;
                    case Use.Residual:
                        RowKernels.AddToResidual(_rows.X.Pointer + (long)row * _stride + column, outputs, bias + column, columns);
                        break;
                }
            }
        }

        _workers.Barrier();
    }

    /// <summary>Drops the rows that are not wanted after the attention of the last block, and moves the wanted rows up.</summary>
    private void KeepWanted(int worker)
    {
        if (worker == 0)
        {
            for (int i = 0; i < _wantedCount; i++)
            {
                Move(_rows.X.Pointer, i);
                Move(_rows.Attended.Pointer, i);
            }
        }

        _workers.Barrier();

        void Move(float* rows, int i) => new ReadOnlySpan<float>(rows + (long)_wanted[i] * _stride, _stride).CopyTo(new Span<float>(rows + (long)i * _stride, _stride));
    }

    /// <summary>Computes logits = hidden wteᵀ (GPT-1 paper, equation 2).</summary>
    private void HeadBody(int worker)
    {
        byte* encoded = _rows.Encoded.Pointer + (long)_headFirst * _encodedStride;
        Product(worker, _weights.Head, null, _headCount, Hidden(_headFirst), _stride, encoded, _rows.Logits.Pointer, RowStrideOfLogits, Use.Logits, _weights.Blocks[0].CAttn.Weight);
    }
}
