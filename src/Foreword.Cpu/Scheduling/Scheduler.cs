using System.Diagnostics;
using Foreword.Cpu.Cache;
using Foreword.Cpu.Forward;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Cpu.Scheduling;

/// <summary>
/// Serves many requests to one model at the same time. One thread runs passes; requests join and leave between two of them (continuous batching).
/// A long prompt is read in parts, so that the sequences that are being written do not wait for it. Beginnings that were read before are not read again
/// (see <see cref="PrefixCache"/>). The results of a request do not depend on the others, as <see cref="CpuEngine.Deterministic"/> says.
/// </summary>
internal sealed class Scheduler : IDisposable
{
    private readonly CpuLanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly SchedulerOptions _options;
    private readonly PrefixCache? _prefixes;
    private readonly FairQueue _queue = new();
    private readonly List<RunningJob> _jobs = []; // in the order in which they started
    private readonly PassCost _cost = new();
    private readonly object _change = new();
    private readonly Thread _thread;
    private bool _ended;

    /// <summary>Starts the thread.</summary>
    /// <param name="model">The model. It stays the caller's, and must not be disposed before the scheduler.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="options">The limits.</param>
    public Scheduler(CpuLanguageModel model, Tokenizer tokenizer, SchedulerOptions options)
    {
        (_model, _tokenizer, _options) = (model, tokenizer, options);
        int pages = (int)Math.Min(int.MaxValue / 2, options.CacheMemory / model.Pages.PageBytes);
        _prefixes = pages > 0 ? new PrefixCache(model.Pages, pages) : null;
        _thread = new Thread(Serve) { IsBackground = true, Name = $"{nameof(Foreword)} scheduler" };
        _thread.Start();
    }

    /// <summary>Gets what the scheduler has done and holds.</summary>
    public SchedulerStatistics Statistics { get; } = new();

    /// <summary>Gets the memory of the prefix cache in bytes.</summary>
    public long CacheBytes => Statistics.CachePages * _model.Pages.PageBytes;

    /// <summary>Adds a job to the queue.</summary>
    /// <param name="job">The job.</param>
    /// <returns>Whether the job was taken. If not, the queue is full.</returns>
    /// <exception cref="ArgumentException">The prompt is empty or too long, or an option is impossible.</exception>
    /// <exception cref="ObjectDisposedException">The scheduler has been disposed.</exception>
    public bool TryAdd(GenerationJob job)
    {
        ArgumentNullException.ThrowIfNull(job);
        ModelInput.Check(_model.Config, job.Prompt);
        TextGenerator.Check(job.Options, _model.Config, _tokenizer);
        if (job.Options.NumBeams > 1)
            throw new ArgumentException($"num-beams is {job.Options.NumBeams}; requests that share passes are drawn, not searched", nameof(job));
        if (job.Slots > _options.MaxSequences)
            throw new ArgumentException($"{job.Samples} completions were requested; at most {_options.MaxSequences} are written at a time", nameof(job));
        lock (_change)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            if (_queue.Count >= _options.MaxQueue && (_queue.Count > 0 || Statistics.Running + job.Slots > _options.MaxSequences))
                return false;
            _queue.Add(job);
            Statistics.Waiting = _queue.Count;
            Monitor.Pulse(_change);
        }

        return true;
    }

    /// <summary>Ends all jobs with <see cref="OperationCanceledException"/>, stops the thread, and frees the prefix cache.</summary>
    public void Dispose()
    {
        lock (_change)
        {
            if (_ended)
                return;
            _ended = true;
            Monitor.Pulse(_change);
        }

        _thread.Join();
        _prefixes?.Dispose();
    }

    private void Serve()
    {
        while (Admit())
        {
            try
            {
                Step();
            }
            catch (Exception problem) // for example, memory has run out: the jobs fail, and the scheduler goes on
            {
                foreach (RunningJob job in _jobs.ToArray())
                    Leave(job, problem);
            }
        }

        OperationCanceledException stopped = new("the server is stopping");
        foreach (RunningJob job in _jobs.ToArray())
            Leave(job, stopped);
        lock (_change)
        {
            while (_queue.TryTake(int.MaxValue) is { } job)
                job.End(stopped);
        }
    }

    /// <summary>Starts waiting jobs as far as there is room. Waits if there is nothing to do.</summary>
    /// <returns>False if the scheduler has ended.</returns>
    private bool Admit()
    {
        lock (_change)
        {
            while (!_ended)
            {
                DropCanceled();
                while (_queue.TryTake(_options.MaxSequences - _jobs.Sum(job => job.Job.Slots)) is { } job)
                    _jobs.Add(Start(job));

                Statistics.Waiting = _queue.Count;
                Statistics.Running = _jobs.Sum(job => job.Job.Slots);
                if (_jobs.Count > 0)
                    return true;
                Monitor.Wait(_change);
            }
        }

        return false;
    }

    private RunningJob Start(GenerationJob job)
    {
        RunningJob running = new(job, new KvCache(_model.Pages));
        if (job.PromptLogProbs is null && job.State != StateWanted.Mean)
            running.Read = job.CachedTokens = _prefixes?.Take(job.Prompt, running.Prefix) ?? 0;
        Statistics.CachedTokens += job.CachedTokens;
        return running;
    }

    /// <summary>Removes the jobs that were canceled, waiting or not.</summary>
    private void DropCanceled()
    {
        foreach (GenerationJob job in _queue.TakeCanceled())
            job.End(new OperationCanceledException(job.CancellationToken));
        foreach (RunningJob job in _jobs.ToArray())
        {
            if (job.Job.CancellationToken.IsCancellationRequested)
                Leave(job, new OperationCanceledException(job.Job.CancellationToken));
        }
    }

    /// <summary>Runs one pass: the next token of every sequence that is being written, and parts of prompts.</summary>
    private void Step()
    {
        List<PassPart> parts = [];
        List<(RunningJob Job, Writing? Writing, int Count)> readers = [];
        foreach (RunningJob job in _jobs)
        {
            foreach (Writing writing in job.Open)
            {
                parts.Add(new PassPart(writing.Cache, new[] { writing.Completion.Last }, 1));
                readers.Add((job, writing, 1));
            }
        }

        int written = parts.Count, sequences = _jobs.Sum(job => job.Job.Slots);
        int rows = written == 0 ? GptForward.MaxRows : Math.Min(GptForward.MaxRows - written, _cost.PromptRows(written, sequences));
        foreach (RunningJob job in _jobs.Where(job => job.IsReading).OrderBy(job => job.Job.State != StateWanted.None)) // a pass has parts with wanted states last
        {
            int count = Math.Min(rows, job.Job.Prompt.Length - job.Read);
            if (count <= 0)
                continue;
            bool last = job.Read + count == job.Job.Prompt.Length;
            int wanted = job.Job.PromptLogProbs is not null || job.Job.State == StateWanted.Mean ? count : last ? 1 : 0;
            parts.Add(new PassPart(job.Prefix, job.Job.Prompt.AsMemory(job.Read, count), wanted, job.Job.State != StateWanted.None));
            readers.Add((job, null, count));
            rows -= count;
        }

        if (parts.Count == 0)
            return;
        long start = Stopwatch.GetTimestamp();
        _model.Run(parts.ToArray(), (part, row, values) => readers[part].Job.Take(readers[part].Writing, row, values, _tokenizer));
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        int all = parts.Sum(part => part.Tokens.Length);
        _cost.Add(all, time.TotalSeconds);
        Statistics.Count(written, all - written, time);

        foreach ((RunningJob job, Writing? writing, int count) in readers)
        {
            if (job.Problem is not null)
                continue;
            if (writing is not null)
                Write(job, writing);
            else
                Advance(job, count);
        }

        foreach (RunningJob job in _jobs.Where(job => job.Problem is not null || (!job.IsReading && job.Open.Count == 0)).ToArray())
            Leave(job, job.Problem);
    }

    /// <summary>Counts tokens of a prompt as read. After the last one, the completions begin.</summary>
    private void Advance(RunningJob job, int count)
    {
        job.Read += count;
        if (job.IsReading)
            return;
        _prefixes?.Add(job.Job.Prompt, job.Prefix);
        job.Job.Report(new PromptRead(job.PromptScores, job.State));
        foreach (Writing writing in job.First)
        {
            writing.Cache = writing == job.First[^1] ? job.Prefix : job.Prefix.Fork(); // first, because memory may run out
            job.Open.Add(writing);
            Write(job, writing);
        }

        job.First.Clear();
    }

    /// <summary>Writes the text of the token that was drawn, and ends the completion if it is complete.</summary>
    private void Write(RunningJob job, Writing writing)
    {
        string text = writing.Write();
        job.Job.Report(new TokenDrawn(writing.Sample, writing.Drawn, text, writing.Completion.LastLogProb));
        if (!writing.Completion.HasEnded && writing.Cache.Length < _model.Config.ContextLength)
            return;
        Completion completion = writing.Finish(out string rest);
        _prefixes?.Add([.. job.Job.Prompt, .. completion.Ids], writing.Cache);
        writing.Cache.Dispose();
        job.Open.Remove(writing);
        job.Job.Report(new CompletionEnded(writing.Sample, rest, completion));
    }

    /// <summary>Removes a job that is complete, or that has failed or was canceled.</summary>
    private void Leave(RunningJob job, Exception? problem)
    {
        _jobs.Remove(job);
        if (problem is not null && _prefixes is not null)
            _prefixes.Add(job.Job.Prompt.AsSpan(0, job.Read), job.Prefix);
        job.Dispose();
        job.Job.End(problem);
        Statistics.CachePages = _prefixes?.Count ?? 0;
    }

    /// <summary>A job whose prompt is being read or whose completions are being written.</summary>
    private sealed class RunningJob(GenerationJob job, KvCache prefix) : IDisposable
    {
        public GenerationJob Job => job;

        public KvCache Prefix => prefix;

        /// <summary>Gets or sets the number of tokens of the prompt that were read.</summary>
        public int Read { get; set; }

        public bool IsReading => Read < job.Prompt.Length;

        /// <summary>Gets the completions that have drawn their first token in the pass that read the end of the prompt.</summary>
        public List<Writing> First { get; } = [];

        public List<Writing> Open { get; } = [];

        public TokenLogProb?[]? PromptScores { get; } = job.PromptLogProbs is null ? null : new TokenLogProb?[job.Prompt.Length];

        public float[]? State { get; private set; }

        /// <summary>Gets why the job has failed, for example because its logits are not finite.</summary>
        public Exception? Problem { get; private set; }

        /// <summary>Takes a row of a pass. Rows of different tokens may arrive in parallel.</summary>
        public void Take(Writing? writing, int row, ReadOnlySpan<float> values, Tokenizer tokenizer)
        {
            try
            {
                TakeRow(writing, row, values, tokenizer);
            }
            catch (Exception problem)
            {
                Problem = problem is InvalidDataException ? problem : ModelOutput.Problem(values, "logit of a token") ?? problem;
            }
        }

        public void Dispose()
        {
            prefix.Dispose();
            Open.ForEach(writing => writing.Cache.Dispose());
        }

        private void TakeRow(Writing? writing, int row, ReadOnlySpan<float> values, Tokenizer tokenizer)
        {
            if (writing is not null)
            {
                writing.Completion.Draw(values);
                return;
            }

            int position = Read + row, next = position + 1;
            if (job.State != StateWanted.None)
            {
                AddState(values);
                return;
            }

            if (PromptScores is not null && next < job.Prompt.Length)
                PromptScores[next] = TokenLogProb.Compute(values, Math.Min(tokenizer.VocabSize, values.Length), job.Prompt[next], job.PromptLogProbs!.Value);
            if (next < job.Prompt.Length)
                return;
            for (int sample = 0; sample < job.Samples; sample++)
            {
                Writing first = new(sample, tokenizer, job);
                first.Completion.Draw(values);
                First.Add(first);
            }
        }

        private void AddState(ReadOnlySpan<float> state)
        {
            ModelOutput.Check(state, "hidden state");
            State ??= new float[state.Length];
            float share = job.State == StateWanted.Mean ? 1f / job.Prompt.Length : 1;
            for (int c = 0; c < state.Length; c++)
                State[c] += share * state[c];
        }
    }

    /// <summary>A completion that is being written. Its cache has read all tokens except the one drawn last.</summary>
    private sealed class Writing
    {
        private GeneratedToken _last;

        public Writing(int sample, Tokenizer tokenizer, GenerationJob job)
        {
            Sample = sample;
            Completion = new OpenCompletion(tokenizer, job.Options.ForSample(sample), job.Prompt, token => _last = token, job.Lead);
        }

        public int Sample { get; }

        public OpenCompletion Completion { get; }

        public KvCache Cache { get; set; } = null!;

        /// <summary>Gets the token that was drawn last, also one that ended the completion.</summary>
        public int Drawn => Completion.Drawn;

        public string Write()
        {
            _last = default;
            Completion.Write();
            return _last.Text ?? "";
        }

        public Completion Finish(out string rest)
        {
            Completion completion = Completion.Finish();
            rest = _last.Text ?? "";
            return completion;
        }
    }
}
