using Foreword.Cpu.Scheduling;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foreword.Server;

/// <summary>Turns exceptions into answers.</summary>
internal static class ApiErrors
{
    /// <summary>Returns the answer for an exception. If the server is to blame, its log gets the message, which may name files of the machine.</summary>
    public static ApiException Tell(HttpContext context, Exception problem)
    {
        ApiException told = Of(problem);
        ILogger log = context.RequestServices.GetRequiredService<ILogger<ForewordServer>>();
        if (problem is InvalidDataException)
            ServerLog.Damaged(log, problem, context.Request.Method, context.Request.Path, problem.Message);
        else if (told.Status >= 500 && told.Status != 503 && problem is not ApiException)
            ServerLog.Failed(log, problem, context.Request.Method, context.Request.Path, problem.GetType().Name, problem.Message);
        return told;
    }

    private static ApiException Of(Exception problem) => problem switch
    {
        ApiException told => told,
        BadHttpRequestException { StatusCode: 413 } => new ApiException(413, "the body of the request is too large"),
        BadHttpRequestException bad => new ApiException(bad.StatusCode, $"the request cannot be read: {bad.Message}"),
        QueueFullException => new ApiException(429, "the server has too many waiting requests; try again later", code: "overloaded") { RetryAfter = 1 },
        ArgumentException impossible => new ApiException(400, Sentence(impossible)),
        OperationCanceledException => new ApiException(503, "the request was canceled, because the server is stopping or the request took too long"),
        OutOfMemoryException => new ApiException(503, "the server has no memory for this request; try again later") { RetryAfter = 5 },
        InvalidDataException => new ApiException(500, "the model cannot answer, because its weights are damaged or too large to compute with; the log of the server has the details"),
        _ => new ApiException(500, "the server has a fault; its log has the details"),
    };

    /// <summary>Returns the message without the name of the method's parameter.</summary>
    public static string Sentence(ArgumentException problem)
    {
        int end = problem.ParamName is null ? -1 : problem.Message.LastIndexOf($" (Parameter '{problem.ParamName}')", StringComparison.Ordinal);
        return end < 0 ? problem.Message : problem.Message[..end];
    }
}
