using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foreword.Extensions.AI.Hosting;

/// <summary>Tells whether a model is loaded, and how much it has to do.</summary>
internal sealed class ForewordHealthCheck(ForewordModel model) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(model.Loading switch
    {
        null => HealthCheckResult.Healthy($"{model.Name} is loaded with the first request"),
        { IsCompletedSuccessfully: true } => HealthCheckResult.Healthy($"{model.Name} is loaded", Data(model.Loaded!)),
        { IsCompleted: false } => HealthCheckResult.Degraded($"{model.Name} is being loaded; requests wait for it"),
        { Exception: var problem } => new HealthCheckResult(context.Registration.FailureStatus, $"{model.Name} could not be loaded", problem?.InnerException),
    });

    private static Dictionary<string, object> Data(LoadedModel loaded) => new()
    {
        ["weights"] = loaded.Format,
        ["weight_bytes"] = loaded.Network.WeightBytes,
        ["cache_bytes"] = loaded.Scheduler.CacheBytes,
        ["running"] = loaded.Scheduler.Statistics.Running,
        ["waiting"] = loaded.Scheduler.Statistics.Waiting,
    };
}
