using Foreword.Chat;
using Foreword.Cpu;

namespace Foreword.Server.Hosting;

/// <summary>Chooses among the candidate answers of a served model.</summary>
/// <param name="candidates">The number of candidates for each answer.</param>
/// <param name="model">The backward model, which this object disposes; null ranks by log-probability.</param>
/// <param name="ranker">Ranks with the backward model; null without one.</param>
internal sealed class ServedRanking(int candidates, CpuLanguageModel? model, AnswerRanker? ranker) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1); // requests that wait hold no thread

    public int Candidates => candidates;

    /// <summary>Gets the memory of the backward model's weights in bytes.</summary>
    public long WeightBytes => model?.WeightBytes ?? 0;

    /// <summary>Ranks candidates on another thread, one request at a time.</summary>
    /// <returns>The places of the candidates, the best one first.</returns>
    public async Task<int[]> RankAsync(IReadOnlyList<ChatMessage> history, IReadOnlyList<AnswerCandidate> answers, CancellationToken cancellationToken)
    {
        if (ranker is null)
            return Places(AnswerRanker.ByLikelihood(answers));
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return Places(await Task.Run(() => ranker.Rank(history, answers, cancellationToken), cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        model?.Dispose();
        _one.Dispose();
    }

    private static int[] Places(IReadOnlyList<RankedAnswer> ranked) => [.. ranked.Select(answer => answer.Index)];
}
