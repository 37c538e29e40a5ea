using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Endpoints;

/// <summary>Tells a client that is gone from a request that took too long: both end the work, but only the second is still told.</summary>
internal static class RequestTime
{
    /// <summary>Ends the work of a request after a time. <see cref="HttpContext.RequestAborted"/> is then canceled, too.</summary>
    /// <exception cref="ApiException">The time is over before the answer began.</exception>
    public static async Task LimitAsync(HttpContext context, RequestDelegate next, TimeSpan most)
    {
        CancellationToken gone = context.RequestAborted;
        context.Items[nameof(RequestTime)] = gone;
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(gone);
        limited.CancelAfter(most);
        context.RequestAborted = limited.Token;
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested && !gone.IsCancellationRequested)
        {
            throw new ApiException(504, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the request took longer than {most.TotalSeconds} seconds"));
        }
        finally
        {
            context.RequestAborted = gone;
        }
    }

    /// <summary>Returns the token that is canceled when the client is gone, but not when the time is over.</summary>
    public static CancellationToken ClientGone(HttpContext context) => context.Items[nameof(RequestTime)] is CancellationToken gone ? gone : context.RequestAborted;
}
