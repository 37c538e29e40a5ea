using Foreword.Cpu.Scheduling;
using Foreword.Generation;
using Foreword.Models;

namespace Foreword.Cpu.Tests.Scheduling;

public sealed class SchedulerTests
{
    private const int Vocabulary = 96, Context = 160;

    private static readonly GptConfig _config = new() { VocabSize = Vocabulary, ContextLength = Context, NLayer = 2, NHead = 2, NEmbd = 64 };
    private static readonly FakeTokenizer _tokenizer = new(Vocabulary);

    public static TheoryData<WeightType, bool> ExactInBatches => new() { { WeightType.Int8, false }, { WeightType.Int4, false }, { WeightType.F32, true }, { WeightType.Bf16, true } };

    /// <summary>40 requests of any length together give, to the bit, what each of them gives alone; also if their beginnings were read before.</summary>
    [Theory]
    [MemberData(nameof(ExactInBatches))]
    public async Task ARequestGivesTheSameBitsAloneAndAmongOthers(WeightType type, bool deterministic)
    {
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(_config, type, 2, null, deterministic);
        Func<GenerationJob>[] jobs = [.. Enumerable.Range(0, 40).Select<int, Func<GenerationJob>>(i => () => Job(Ids(i % 4, 1 + i * 37 % 140), 1 + i * 7 % 30, i))];
        List<Result> alone = [];
        foreach (Func<GenerationJob> job in jobs)
        {
            using Scheduler single = new(model, _tokenizer, new SchedulerOptions { CacheMemory = 0 });
            alone.Add(await RunAsync(single, job()));
        }

        using Scheduler scheduler = new(model, _tokenizer, new SchedulerOptions { MaxSequences = 64 });
        for (int round = 0; round < 2; round++)
        {
            Result[] together = await Task.WhenAll(jobs.Select(job => RunAsync(scheduler, job())));
            for (int i = 0; i < together.Length; i++)
            {
                Assert.Equal(alone[i].Ids, together[i].Ids);
                Assert.Equal(alone[i].LogProbs, together[i].LogProbs);
            }
        }

        Assert.True(scheduler.Statistics.CachedTokens > 1000, $"only {scheduler.Statistics.CachedTokens} tokens were in the prefix cache");
    }

    [Fact]
    public async Task TheTextIsThatOfTheTextGenerator()
    {
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(_config, WeightType.Int8, 2);
        SamplingOptions options = new() { MaxTokens = 20, Seed = 3, TopK = 12, RepetitionPenalty = 1.3, LogProbs = 2 };
        string prompt = string.Concat(Ids(1, 30).Select(id => _tokenizer.Decode([id])));
        Completion expected = new TextGenerator(model, _tokenizer).Generate(prompt, options);
        using Scheduler scheduler = new(model, _tokenizer, new SchedulerOptions());
        Result result = await RunAsync(scheduler, new GenerationJob { Prompt = _tokenizer.Encode(prompt), Options = options });
        Assert.Equal(expected.Text, result.Ended[0].Completion.Text);
        Assert.Equal(expected.Text, result.Text);
        Assert.Equal(expected.Ids, result.Ended[0].Completion.Ids);
        Assert.Equal(expected.LogProbs!.Select(token => token.LogProb), result.Ended[0].Completion.LogProbs!.Select(token => token.LogProb));
    }

    [Fact]
    public async Task SamplesShareThePromptAndHaveSeedsOfTheirOwn()
    {
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(_config, WeightType.Int8, 2);
        using Scheduler scheduler = new(model, _tokenizer, new SchedulerOptions());
        Result three = await RunAsync(scheduler, new GenerationJob { Prompt = Ids(0, 70), Samples = 3, Options = new SamplingOptions { MaxTokens = 12, Seed = 9 } });
        Assert.Equal(70, scheduler.Statistics.PromptTokens);
        for (int sample = 0; sample < 3; sample++)
        {
            Result one = await RunAsync(scheduler, new GenerationJob { Prompt = Ids(0, 70), Options = new SamplingOptions { MaxTokens = 12, Seed = 9 + sample } });
            Assert.Equal(one.Ended[0].Completion.Ids, three.Ended.Single(ended => ended.Sample == sample).Completion.Ids);
        }
    }

    /// <summary>The scores of a prompt's tokens are those of evaluation.</summary>
    [Fact]
    public async Task ThePromptIsScoredAsByTheModel()
    {
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(_config, WeightType.Int8, 2);
        using Scheduler scheduler = new(model, _tokenizer, new SchedulerOptions());
        int[] prompt = Ids(2, Context);
        Task<Result> other = RunAsync(scheduler, Job(Ids(3, 5), 60, 1));
        Result result = await RunAsync(scheduler, new GenerationJob { Prompt = prompt, PromptLogProbs = 1, Options = new SamplingOptions { MaxTokens = 1, Temperature = 0, LogProbs = 1 } });
        await other;
        TokenScore[] expected = model.Score([new ScoringRequest(prompt[..1], [prompt[1..]])])[0][0];
        Assert.Null(result.Prompt!.LogProbs![0]);
        Assert.Equal(expected.Select(score => score.LogProb), result.Prompt.LogProbs.Skip(1).Select(token => token!.LogProb), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(expected.Select(score => score.IsGreedy), result.Prompt.LogProbs.Skip(1).Select(token => token!.LogProb == token.Top[0].LogProb));
        Assert.Single(result.Drawn);
        Assert.Equal(FinishReason.Length, result.Ended[0].Completion.FinishReason);
    }

    [Theory]
    [InlineData(StateWanted.Last)]
    [InlineData(StateWanted.Mean)]
    public async Task StatesAreTheSameAloneAndAmongOthers(object wanted)
    {
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(_config, WeightType.Int8, 2);
        using Scheduler scheduler = new(model, _tokenizer, new SchedulerOptions());
        GenerationJob NewJob() => new() { Prompt = Ids(1, 130), Samples = 0, State = (StateWanted)wanted, Options = new SamplingOptions() };
        float[] alone = (await RunAsync(scheduler, NewJob())).Prompt!.State!;
        Task<Result> other = RunAsync(scheduler, Job(Ids(3, 5), 100, 1));
        Assert.Equal(alone, (await RunAsync(scheduler, NewJob())).Prompt!.State!);
        await other;
        Assert.Equal(_config.NEmbd, alone.Length);
        if ((StateWanted)wanted == StateWanted.Last)
            Assert.Equal(model.FinalStates([Ids(1, 130)], TestContext.Current.CancellationToken)[0], alone);
    }

    [Fact]
    public async Task ACanceledJobFreesItsPlaceWaitingOrRunning()
    {
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(_config, WeightType.Int8, 2);
        using Scheduler scheduler = new(model, _tokenizer, new SchedulerOptions { MaxSequences = 1 });
        using CancellationTokenSource first = new(), second = new();
        GenerationJob waiting = Job(Ids(1, 3), 150, 1, second.Token);
        GenerationJob running = new() { Prompt = Ids(0, 3), Options = waiting.Options, ReadsInline = true, CancellationToken = first.Token };
        Task read = CancelAtTheFirstEventAsync(); // it waits for the event already, and so cancels between two passes
        Assert.True(scheduler.TryAdd(running));
        Assert.True(scheduler.TryAdd(waiting));
        await Assert.ThrowsAsync<OperationCanceledException>(() => read);
        await Assert.ThrowsAsync<OperationCanceledException>(() => ReadAsync(waiting));
        Assert.Equal(5, (await RunAsync(scheduler, Job(Ids(2, 3), 5, 1))).Drawn.Count);

        async Task CancelAtTheFirstEventAsync()
        {
            await foreach (JobEvent _ in running.Events.ReadAllAsync(TestContext.Current.CancellationToken).ConfigureAwait(false))
            {
                await second.CancelAsync().ConfigureAwait(false);
                await first.CancelAsync().ConfigureAwait(false);
            }
        }
    }

    [Fact]
    public async Task AFullQueueRefuses()
    {
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(_config, WeightType.Int8, 2);
        Scheduler scheduler = new(model, _tokenizer, new SchedulerOptions { MaxSequences = 1, MaxQueue = 2 });
        GenerationJob[] jobs = [.. Enumerable.Range(0, 8).Select(i => Job(Ids(0, 100), 60, i))];
        bool[] taken = [.. jobs.Select(scheduler.TryAdd)];
        Assert.True(taken[0] && taken[1]);
        Assert.Contains(false, taken);
        scheduler.Dispose();
        Exception?[] ends = await Task.WhenAll(jobs.Where((_, i) => taken[i]).Select(job => Record.ExceptionAsync(() => ReadAsync(job)).AsTask()));
        Assert.All(ends, end => Assert.True(end is null or OperationCanceledException)); // all have ended; a fast one is complete
        Assert.Throws<ObjectDisposedException>(() => scheduler.TryAdd(jobs[^1]));
    }

    [Fact]
    public void ImpossibleJobsAreRefusedAtOnce()
    {
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(_config, WeightType.Int8, 1);
        using Scheduler scheduler = new(model, _tokenizer, new SchedulerOptions { MaxSequences = 2 });
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(Job([], 1, 0)));
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(Job(Ids(0, Context + 1), 1, 0)));
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(Job([Vocabulary], 1, 0)));
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(new GenerationJob { Prompt = [1], Samples = 3, Options = new SamplingOptions() }));
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(new GenerationJob { Prompt = [1], Options = new SamplingOptions { NumBeams = 2 } }));
        Assert.Throws<ArgumentException>(() => scheduler.TryAdd(new GenerationJob { Prompt = [1], Options = new SamplingOptions { StopIds = [Vocabulary] } }));
    }

    /// <summary>The memory for the prefix cache is a limit: the pages that were used least recently go.</summary>
    [Fact]
    public async Task ThePrefixCacheKeepsToItsMemory()
    {
        using CpuLanguageModel model = CpuLanguageModel.CreateRandom(_config, WeightType.Int8, 2);
        using Scheduler scheduler = new(model, _tokenizer, new SchedulerOptions { CacheMemory = 3 * model.Pages.PageBytes });
        for (int seed = 0; seed < 4; seed++)
            await RunAsync(scheduler, Job(Ids(seed, 140), 3, seed));
        Assert.InRange(scheduler.Statistics.CachePages, 1, 3);
        long before = scheduler.Statistics.CachedTokens;
        await RunAsync(scheduler, Job(Ids(3, 140), 3, 1));
        Assert.Equal(before + 128, scheduler.Statistics.CachedTokens);
        await RunAsync(scheduler, Job(Ids(0, 140), 3, 1));
        Assert.Equal(before + 128, scheduler.Statistics.CachedTokens);
    }

    private static int[] Ids(int seed, int length)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))];
    }

    private static GenerationJob Job(int[] prompt, int tokens, int seed, CancellationToken cancellationToken = default) => new()
    {
        Prompt = prompt,
        Options = new SamplingOptions { MaxTokens = tokens, Seed = seed, LogProbs = 1, Temperature = seed % 3 == 0 ? 0 : 1 },
        Client = (seed % 3).ToString(),
        CancellationToken = cancellationToken,
    };

    private static async Task<Result> RunAsync(Scheduler scheduler, GenerationJob job)
    {
        Assert.True(scheduler.TryAdd(job));
        return await ReadAsync(job);
    }

    private static async Task<Result> ReadAsync(GenerationJob job)
    {
        Result result = new();
        await foreach (JobEvent happened in job.Events.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            if (happened is PromptRead prompt)
                result.Prompt = prompt;
            else if (happened is TokenDrawn token)
                result.Drawn.Add(token);
            else if (happened is CompletionEnded ended)
                result.Ended.Add(ended);
        }

        return result;
    }

    private sealed class Result
    {
        public PromptRead? Prompt { get; set; }

        public List<TokenDrawn> Drawn { get; } = [];

        public List<CompletionEnded> Ended { get; } = [];

        public IEnumerable<int> Ids => Drawn.Select(token => token.Id);

        public IEnumerable<float> LogProbs => Drawn.Select(token => token.LogProb!.LogProb);

        public string Text => string.Concat(Drawn.Select(token => token.Text)) + string.Concat(Ended.Select(ended => ended.Text));
    }
}
