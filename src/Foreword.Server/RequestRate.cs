using System.Threading.RateLimiting;
using Foreword.Server.Hosting;
using Foreword.Server.Responses;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Foreword.Server;

/// <summary>Limits how many requests a minute a client may send: a key, or an address where the server has no keys.</summary>
internal static class RequestRate
{
    /// <summary>Adds the limit.</summary>
    /// <param name="services">The services of the server.</param>
    /// <param name="limit">The number of requests a minute.</param>
    /// <param name="isFree">Whether requests for a path are not counted.</param>
    public static void Add(IServiceCollection services, int limit, Func<PathString, bool> isFree) => services.AddRateLimiter(options =>
    {
        options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => isFree(context.Request.Path)
            ? RateLimitPartition.GetNoLimiter("")
            : RateLimitPartition.GetFixedWindowLimiter(ApiKeys.KeyOrAddress(context), _ => new FixedWindowRateLimiterOptions { PermitLimit = limit, Window = TimeSpan.FromMinutes(1) }));
        options.OnRejected = (rejected, _) =>
        {
            int wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan after) ? Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)) : 60;
            return new ValueTask(JsonText.SendAsync(rejected.HttpContext, new ApiException(429, $"this client has sent {limit} requests within a minute, which is the limit of this server; try again in {wait} s", code: "rate_limit_exceeded") { RetryAfter = wait }));
        };
    });
}
