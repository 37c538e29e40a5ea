namespace Foreword.Server;

/// <summary>An answer other than success, in the form of OpenAI's errors.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">One sentence that names the field and the value.</param>
/// <param name="parameter">The field of the request; null if none is to blame.</param>
/// <param name="code">A word for programs, such as <c>model_not_found</c>; null for none.</param>
internal sealed class ApiException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    public int Status => status;

    public string? Parameter => parameter;

    public string? Code => code;

    /// <summary>Gets the number of seconds after which another try may succeed; null if the answer will not change.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Gets OpenAI's word for the kind of error.</summary>
    public string Type => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        501 => "not_supported_error",
        503 => "unavailable_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
