using System.Runtime.InteropServices;
using Foreword.Cpu.Cache;
using Foreword.Cpu.Forward;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Quantized;
using Foreword.Cpu.Threading;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Weights;

namespace Foreword.Cpu;

/// <summary>Runs GPT-1 or GPT-2 in plain C#, without libtorch. This engine is for machines that only run models and do not train them.</summary>
/// <remarks>
/// Several threads may share a model, but not a decoder. Every pass uses all worker threads. Calls from several threads therefore run one pass at a
/// time, in the order of arrival, and are no faster than calls from one thread. Batched sequences (<see cref="AppendEach"/>, <see cref="Score"/>) share
/// passes and are therefore faster.
/// </remarks>
public sealed unsafe class CpuLanguageModel : ILanguageModel
{
    private readonly Workers _workers;
    private readonly NetworkWeights _weights;
    private readonly GptForward _forward;
    private readonly KvPages _pages;
    private readonly SequenceScorer _scorer;
    private readonly FairLock _turns = new(); // held during a pass, from its first row until its last logits are computed
    private bool _disposed;

    /// <summary>Creates a model that owns the weights and the workers.</summary>
    internal CpuLanguageModel(Workers workers, NetworkWeights weights, CacheType cache, bool deterministic = false)
    {
        _workers = workers;
        _weights = weights;
        _pages = new KvPages(weights.Config, cache);
        _forward = new GptForward(weights, _pages, workers, deterministic);
        _scorer = new SequenceScorer(_forward, weights.Config, workers);
    }

    /// <inheritdoc/>
    public GptConfig Config => _weights.Config;

    /// <inheritdoc/>
    ModelConfig ILanguageModel.Config => Config;

    /// <summary>Loads a model, including its weights.</summary>
    /// <param name="path">A model in any format, a quantized model, a checkpoint, or a run directory.</param>
    /// <param name="weights">The number format of the matrices in memory. Null: float32, or the type of a quantized model.</param>
    /// <param name="threads">
    /// Number of threads that compute, including the calling thread; 1 or more. Null: one for each processor. More threads than processors only wait
    /// for each other.
    /// </param>
    /// <param name="cache">
    /// The number format of keys and values. Null: float32 with float32 weights, otherwise bfloat16, because the products round as coarsely or more.
    /// </param>
    /// <param name="progress">Receives the progress on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">
    /// The model is quantized to another type, a type is undefined, <paramref name="threads"/> is less than 1, or the vocabulary, context length or
    /// width is close to 2^31.
    /// </exception>
    /// <exception cref="DirectoryNotFoundException">There is no model at the path.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is malformed, or its tensors do not match its configuration. The message names the path and the tensor.
    /// </exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    public static CpuLanguageModel Load(
        string path, WeightType? weights = null, int? threads = null, CacheType? cache = null, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Check(weights, threads, cache); // before the disk is touched
        using StoredModel model = StoredModel.Open(path);
        return Load(model, new CpuEngine { Weights = weights, Threads = threads, Cache = cache }, progress, cancellationToken);
    }

    /// <summary>Reads an opened model, whose weights the loaded one takes.</summary>
    internal static CpuLanguageModel Load(StoredModel model, CpuEngine options, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Check(options.Weights, options.Threads, options.Cache);
        GptConfig config = model.Config.AsGpt("the cpu engine");
        if (model.IsQuantized)
        {
            WeightType stored = QuantizedModel.TypeOf(model.Path);
            return options.Weights is null || options.Weights == stored
                ? Start(options.Threads, options.Cache ?? stored.Cache(), options.Deterministic, _ => QuantizedModel.Open(model.Path, progress, cancellationToken))
                : throw new ArgumentException($"{model.Path} is quantized to {stored}; it cannot be read as {options.Weights}", nameof(options));
        }

        WeightType type = options.Weights ?? WeightType.F32;
        return Start(options.Threads, options.Cache ?? type.Cache(), options.Deterministic, workers =>
        {
            ModelWeights stored = model.TakeWeights();
            LoadingCounter counter = new(MatrixShape.Of(config).Sum(shape => stored.Tensor(shape.Name).ByteCount), progress, cancellationToken);
            return Read(new StoredParameters(stored), type, workers, shape => counter.Add(stored.Tensor(shape.Name).ByteCount));
        });
    }

    /// <summary>Creates a model with random weights, for measurements.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="weights">The number format of the matrices.</param>
    /// <param name="threads">Number of threads that compute, including the calling thread; 1 or more. Null: one for each processor.</param>
    /// <param name="cache">The number format of keys and values. Null: the default of <see cref="Load(string, WeightType?, int?, CacheType?, IProgress{LoadingProgress}, CancellationToken)"/>.</param>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">
    /// The configuration is invalid, its vocabulary, context length or width is close to 2^31, a type is undefined, or <paramref name="threads"/> is
    /// less than 1.
    /// </exception>
    public static CpuLanguageModel CreateRandom(GptConfig config, WeightType weights, int? threads = null, CacheType? cache = null) => CreateRandom(config, weights, threads, cache, deterministic: false);

    /// <summary>Creates a model with random weights whose numbers do not depend on the batch if <paramref name="deterministic"/> is true.</summary>
    internal static CpuLanguageModel CreateRandom(GptConfig config, WeightType weights, int? threads, CacheType? cache, bool deterministic)
    {
        ArgumentNullException.ThrowIfNull(config);
        Check(weights, threads, cache);
        return Start(threads, cache ?? weights.Cache(), deterministic, workers => Read(new RandomParameters(config.Validate()), weights, workers));
    }

    private static void Check(WeightType? weights, int? threads, CacheType? cache)
    {
        if (weights is { } type && !Enum.IsDefined(type))
            throw new ArgumentOutOfRangeException(nameof(weights), type, $"the {nameof(WeightType)} is unknown");
        if (threads is { } count)
            ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(threads));
        if (cache is { } format && !Enum.IsDefined(format))
            throw new ArgumentOutOfRangeException(nameof(cache), format, $"the {nameof(CacheType)} is unknown");
    }

    private static CpuLanguageModel Start(int? threads, CacheType cache, bool deterministic, Func<Workers, NetworkWeights> read)
    {
        Workers workers = new(threads ?? Environment.ProcessorCount);
        try
        {
            return new CpuLanguageModel(workers, read(workers), cache, deterministic);
        }
        catch
        {
            workers.Dispose();
            throw;
        }
    }

    /// <summary>Reads the weights that are kept in memory. Calls <paramref name="onRead"/> after each matrix.</summary>
    private static NetworkWeights Read(IParameters parameters, WeightType type, Workers workers, Action<MatrixShape>? onRead = null)
    {
        try
        {
            return new NetworkWeights(parameters, shape =>
            {
                PanelMatrix matrix = type.Read(shape.Reader(parameters), workers);
                onRead?.Invoke(shape);
                return matrix;
            });
        }
        catch
        {
            parameters.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public float[][] LogProbs(IReadOnlyList<int[]> sequences, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        foreach (int[] sequence in sequences)
            ModelInput.Check(Config, sequence);
        TokenScore[][] scores = [.. sequences.Select(sequence => new TokenScore[sequence.Length - 1])];
        ReadAll(sequences.Select((sequence, i) => new ScoredSequence(new KvCache(_pages), sequence[..^1], [.. scores[i].Select((_, t) => new WantedScore(t, sequence[t + 1], scores[i], t))])), cancellationToken);
        return [.. ModelOutput.Checked([scores])[0].Select(row => row.Select(score => score.LogProb).ToArray())];
    }

    /// <inheritdoc/>
    public TokenScore[][][] Score(IReadOnlyList<ScoringRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        foreach (ScoringRequest request in requests)
            ModelInput.Check(Config, request);
        TokenScore[][][] scores = [.. requests.Select(request => request.Continuations.Select(tokens => new TokenScore[tokens.Length]).ToArray())];
        for (int first = 0, count; first < requests.Count; first += count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            count = Together(requests, first);
            ScoreTogether([.. requests.Skip(first).Take(count)], scores.AsSpan(first, count));
        }

        return ModelOutput.Checked(scores);
    }

    /// <summary>Returns the final hidden states [C] at the last token of each sequence. A task's head reads them.</summary>
    /// <exception cref="ArgumentException">A sequence is not valid input for <see cref="LogProbs"/>.</exception>
    internal float[][] FinalStates(IReadOnlyList<int[]> sequences, CancellationToken cancellationToken)
    {
        return [.. States(sequences, [.. sequences.Select(sequence => new[] { sequence.Length - 1 })], cancellationToken).Select(states => states[0])];
    }

    /// <summary>Returns the final hidden states [C] at some tokens of each sequence.</summary>
    /// <param name="sequences">The sequences.</param>
    /// <param name="positions">The indices of the tokens of each sequence, in ascending order. A token may occur several times.</param>
    /// <param name="cancellationToken">Cancels the work between two passes.</param>
    /// <exception cref="ArgumentException">A sequence is not valid input for <see cref="LogProbs"/>.</exception>
    internal float[][][] States(IReadOnlyList<int[]> sequences, IReadOnlyList<int[]> positions, CancellationToken cancellationToken)
    {
        foreach (int[] sequence in sequences)
            ModelInput.Check(Config, sequence);
        WantedState[][] wanted = [.. positions.Select(own => own.Distinct().Select(position => new WantedState(position, new float[Config.NEmbd])).ToArray())];
        ReadAll(sequences.Select((sequence, i) => new ScoredSequence(new KvCache(_pages), sequence, []) { States = wanted[i] }), cancellationToken);
        return [.. positions.Select((own, i) => own.Select(position => Array.Find(wanted[i], state => state.After == position).State).ToArray())];
    }

    /// <inheritdoc/>
    public IDecoder CreateDecoder()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new Decoder(this, new KvCache(_pages));
    }

    /// <inheritdoc/>
    public void AppendEach(IReadOnlyList<IDecoder> decoders, ReadOnlySpan<int> tokens, Span<float> logits)
    {
        Decoder[] own = ModelInput.CheckEach<Decoder>(Config, decoders, tokens, logits.Length, decoder => decoder.Owner == this);
        KvCache[] caches = Array.ConvertAll(own, decoder => decoder.Cache);
        int n = caches.Length;
        try
        {
            for (int first = 0; first < n; first += GptForward.MaxRows)
            {
                int rows = Math.Min(GptForward.MaxRows, n - first);
                Read(tokens.Slice(first, rows), caches.AsSpan(first, rows), logits.Slice(first * Config.VocabSize, rows * Config.VocabSize));
            }
        }
        catch
        {
            foreach (Decoder decoder in own)
                decoder.TakeBack();
            throw;
        }

        foreach (Decoder decoder in own)
            decoder.Keep();
    }

    /// <inheritdoc/>
    public void ForEach(int count, Action<int> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (count == 1)
        {
            body(0); // waking the other workers would only cost time
            return;
        }

        using (TakeTurn())
            _workers.ForEach(count, body);
    }

    /// <summary>
    /// Frees the weights and ends the threads, after the running pass has finished. Later calls throw <see cref="ObjectDisposedException"/>. Decoders
    /// that are still open must be disposed separately.
    /// </summary>
    public void Dispose()
    {
        using (_turns.Take())
        {
            _disposed = true;
            _forward.Dispose();
            _pages.Dispose();
            _weights.Dispose();
            _workers.Dispose();
        }
    }

    /// <summary>Gets the memory of the matrices in bytes. Embeddings, biases and norms are small or in the page cache.</summary>
    internal long WeightBytes => _weights.Matrices.Sum(matrix => matrix.ByteCount);

    /// <summary>Gets the number format of the matrices.</summary>
    internal WeightType WeightType => _weights.Blocks[0].CAttn.Weight switch
    {
        QuantizedMatrix { Format.Bits: 4 } => WeightType.Int4,
        QuantizedMatrix => WeightType.Int8,
        BFloat16Matrix => WeightType.Bf16,
        _ => WeightType.F32,
    };

    /// <summary>Gets the pages of the KV caches.</summary>
    internal KvPages Pages => _pages;

    /// <summary>
    /// Runs one pass over parts of several sequences: next tokens and prompts in any mixture. The numbers of a part do not depend on the other parts,
    /// except as <see cref="CpuEngine.Deterministic"/> says. If the pass fails, all caches are as before.
    /// </summary>
    /// <param name="parts">The parts, at most <see cref="GptForward.MaxRows"/> tokens together, with those whose states are wanted last.</param>
    /// <param name="onRow">Receives each wanted row: the logits [V], or the final hidden state [C]. The workers call it in parallel.</param>
    internal void Run(ReadOnlySpan<PassPart> parts, PassRow onRow)
    {
        List<int> tokens = [];
        List<Segment> segments = [];
        List<int> rows = [];
        List<(int Part, int Row)> wanted = [];
        int logits = 0;
        for (int p = 0; p < parts.Length; p++)
        {
            PassPart part = parts[p];
            part.Cache.Extend(part.Tokens.Length);
            segments.Add(new Segment(part.Cache, tokens.Count, part.Tokens.Length));
            tokens.AddRange(part.Tokens.Span);
            for (int row = part.Tokens.Length - part.Wanted; row < part.Tokens.Length; row++)
            {
                rows.Add(tokens.Count - part.Tokens.Length + row);
                wanted.Add((p, row));
            }

            logits += part.WantsStates ? 0 : part.Wanted;
        }

        try
        {
            using (TakeTurn())
            {
                _forward.Run(CollectionsMarshal.AsSpan(tokens), CollectionsMarshal.AsSpan(segments), CollectionsMarshal.AsSpan(rows));
                for (int first = 0; first < logits; first += SequenceScorer.LogitRows)
                {
                    int count = Math.Min(SequenceScorer.LogitRows, logits - first), start = first;
                    _forward.Head(first, count);
                    Report(count, i => onRow(wanted[start + i].Part, wanted[start + i].Row, new ReadOnlySpan<float>(_forward.Logits(i), Config.VocabSize)));
                }

                for (int i = logits; i < wanted.Count; i++)
                    onRow(wanted[i].Part, wanted[i].Row, new ReadOnlySpan<float>(_forward.Hidden(i), Config.NEmbd));
            }
        }
        catch
        {
            foreach (PassPart part in parts)
                part.Cache.Truncate(part.Cache.Length - part.Tokens.Length);
            throw;
        }
    }

    private void Report(int count, Action<int> body)
    {
        if (count == 1)
            body(0);
        else
            _workers.ForEach(count, body);
    }

    /// <summary>Waits for exclusive use of the model. Dispose the returned turn to end it.</summary>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    private FairLock.Holder TakeTurn()
    {
        FairLock.Holder turn = _turns.Take();
        if (_disposed)
            turn.Dispose();
        ObjectDisposedException.ThrowIf(_disposed, this);
        return turn;
    }

    /// <summary>Reads one token of each cache's sequence and writes the logits of the next tokens, [n, V].</summary>
    private void Read(ReadOnlySpan<int> tokens, ReadOnlySpan<KvCache> caches, Span<float> logits)
    {
        Segment[] segments = new Segment[tokens.Length];
        int[] rows = new int[tokens.Length];
        for (int row = 0; row < rows.Length; row++)
        {
            caches[row].Extend(1);
            segments[row] = new Segment(caches[row], row, 1);
            rows[row] = row;
        }

        using (TakeTurn())
        {
            _forward.Run(tokens, segments, rows);
            _forward.Head(0, rows.Length, logits);
        }
    }

    /// <summary>Reads consecutive tokens of one sequence and writes the logits of the next token, [V], unless <paramref name="logits"/> is empty.</summary>
    private void Read(ReadOnlySpan<int> tokens, KvCache cache, Span<float> logits)
    {
        cache.Extend(tokens.Length);
        using (TakeTurn())
        {
            _forward.Run(tokens, [new Segment(cache, 0, tokens.Length)], logits.IsEmpty ? [] : [tokens.Length - 1]);
            if (!logits.IsEmpty)
                _forward.Head(0, 1, logits);
        }
    }

    /// <summary>Returns how many requests, starting at <paramref name="first"/>, have contexts that fit one pass together; 1 or more.</summary>
    private static int Together(IReadOnlyList<ScoringRequest> requests, int first)
    {
        int count = 1;
        for (int rows = requests[first].Context.Length; first + count < requests.Count; count++)
        {
            rows += requests[first + count].Context.Length;
            if (rows > GptForward.MaxRows)
                break;
        }

        return count;
    }

    /// <summary>
    /// Scores the requests together. Reads the contexts, whose logits score the first token of each continuation. Then reads the continuations after
    /// copies of the contexts.
    /// </summary>
    private void ScoreTogether(ScoringRequest[] requests, ReadOnlySpan<TokenScore[][]> scores)
    {
        KvCache[] contexts = [.. requests.Select(_ => new KvCache(_pages))];
        List<ScoredSequence> reading = [], continuing = [];
        try
        {
            for (int r = 0; r < requests.Length; r++)
            {
                (int[] context, TokenScore[][] wanted) = (requests[r].Context, scores[r]);
                reading.Add(new ScoredSequence(contexts[r], context, [.. requests[r].Continuations.SelectMany((tokens, i) => tokens.Take(1).Select(token => new WantedScore(context.Length - 1, token, wanted[i], 0)))]));
            }

            ReadInTurn(reading);
            for (int r = 0; r < requests.Length; r++)
            {
                TokenScore[][] wanted = scores[r];
                continuing.AddRange(requests[r].Continuations.Select((tokens, i) => (tokens, Scores: wanted[i])).Where(c => c.tokens.Length > 1).Select(c =>
                    new ScoredSequence(contexts[r].Fork(), c.tokens[..^1], [.. c.tokens.Skip(1).Select((token, t) => new WantedScore(t, token, c.Scores, t + 1))])));
            }

            ReadInTurn(continuing);
        }
        finally
        {
            foreach (KvCache cache in contexts.Concat(continuing.Select(sequence => sequence.Cache)))
                cache.Dispose();
        }
    }

    /// <summary>Reads sequences, each into its own cache. A cache is returned as soon as its sequence has been read. Cancellation is checked before each pass.</summary>
    private void ReadAll(IEnumerable<ScoredSequence> sequences, CancellationToken cancellationToken)
    {
        List<ScoredSequence> together = [];
        int rows = 0;
        foreach (ScoredSequence sequence in sequences)
        {
            together.Add(sequence);
            rows += sequence.Tokens.Length;
            if (rows >= GptForward.MaxRows)
                Finish();
        }

        Finish();

        void Finish()
        {
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                ReadInTurn(together);
            }
            finally
            {
                together.ForEach(sequence => sequence.Cache.Dispose());
            }

            together.Clear();
            rows = 0;
        }
    }

    /// <summary>Calls <see cref="SequenceScorer.Read"/> with exclusive use of the model.</summary>
    private void ReadInTurn(List<ScoredSequence> sequences)
    {
        using (TakeTurn())
            _scorer.Read(sequences);
    }

    private sealed class Decoder(CpuLanguageModel owner, KvCache cache) : IDecoder
    {
        private readonly float[] _logits = new float[owner.Config.VocabSize];
        private bool _disposed;

        public CpuLanguageModel Owner => owner;

        public KvCache Cache
        {
            get
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return cache;
            }
        }

        /// <summary>Gets the number of tokens that successful passes have read. The cache counts the tokens of a pass already when the pass begins.</summary>
        public int Position { get; private set; } = cache.Length;

        public ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens)
        {
            KvCache own = Cache;
            ModelInput.Check(owner.Config, tokens, Position);
            try
            {
                for (int start = 0; start < tokens.Length; start += GptForward.MaxRows)
                {
                    ReadOnlySpan<int> chunk = tokens.Slice(start, Math.Min(GptForward.MaxRows, tokens.Length - start));
                    owner.Read(chunk, own, start + chunk.Length == tokens.Length ? _logits : []);
                }
            }
            catch
            {
                TakeBack();
                throw;
            }

            Keep();
            return _logits;
        }

        /// <summary>Confirms the tokens of the last pass, which has succeeded.</summary>
        public void Keep() => Position = cache.Length;

        /// <summary>Removes the tokens of the last pass, which has failed.</summary>
        public void TakeBack() => cache.Truncate(Position);

        public IDecoder Fork() => new Decoder(owner, Cache.Fork());

        public void Dispose()
        {
            _disposed = true;
            cache.Dispose();
        }
    }
}
