using Foreword.Extensions.AI.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection; // where programs find what they can add

/// <summary>Adds health checks of models.</summary>
public static class ForewordHealthChecksBuilderExtensions
{
    /// <summary>Adds a health check of a model. It is healthy if the model is loaded or waits for its first request, and degraded while it is being loaded.</summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="key">The key of the model, or null.</param>
    /// <param name="name">The name of the check. Null takes <c>foreword</c>, with the key after it.</param>
    /// <param name="failureStatus">The status if the model could not be loaded. Null takes unhealthy.</param>
    /// <param name="tags">Tags of the check.</param>
    /// <returns>The health checks.</returns>
    public static IHealthChecksBuilder AddForeword(
        this IHealthChecksBuilder builder, string? key = null, string? name = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name ?? (key is null ? "foreword" : $"foreword-{key}"), services => new ForewordHealthCheck(ForewordServiceCollectionExtensions.Model(services, key)), failureStatus, tags));
    }
}
