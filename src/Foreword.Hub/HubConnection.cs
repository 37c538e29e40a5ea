using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using Foreword.Models;

namespace Foreword.Hub;

/// <summary>Sends single requests to a hub. It follows redirects, adds the authorization, and explains a refusal in one sentence.</summary>
internal sealed class HubConnection : IDisposable
{
    private const int MostRedirects = 10;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private static readonly ProductInfoHeaderValue Agent = new("foreword",
        typeof(HubConnection).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0");

    private readonly HubOptions _options;
    private readonly HttpClient _http;

    public HubConnection(HubOptions options)
    {
        _options = options;
        _http = options.HttpClient?.Invoke() ?? new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(15), UseCookies = false })
        {
            Timeout = Timeout.InfiniteTimeSpan, // a large file may take any time; the shorter waits below have their own limits
        };
    }

    /// <summary>Returns the address of a path below the endpoint. The path's segments must already be escaped.</summary>
    public Uri Address(string path) => new($"{_options.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// Sends a request and follows redirects. The token is sent only to the endpoint's own host and port.
    /// </summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="address">The address.</param>
    /// <param name="repository">The repository, for error messages.</param>
    /// <param name="from">If above 0, the first byte to request.</param>
    /// <param name="staysAtHub">Whether a redirect to another host is returned instead of followed.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="TransientHubException">The request failed, but a retry may succeed.</exception>
    /// <exception cref="HubException">The hub refuses the request.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, HubRepository repository, long from, bool staysAtHub, CancellationToken cancellationToken)
    {
        for (int redirects = 0; redirects <= MostRedirects; redirects++)
        {
            HttpResponseMessage response = await SendOnceAsync(method, address, from, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
            {
                if (response.IsSuccessStatusCode || (from > 0 && response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable))
                    return response;
                using (response)
                    throw Refusal(response, address, repository);
            }

            Uri? next = response.Headers.Location is { } location ? new Uri(address, location) : null;
            if (staysAtHub && next is not null && !IsHub(next))
                return response;
            response.Dispose();
            if (next is null || next.Scheme is not ("http" or "https") || (address.Scheme == "https" && next.Scheme == "http"))
                throw new HubException($"{Shown(address)} redirects to {(next is null ? "nowhere" : Shown(next))}, which is not followed");
            address = next;
        }

        throw new HubException($"{Shown(address)}: more than {MostRedirects} redirects");
    }

    /// <summary>Returns an address without its query, which may contain a signature.</summary>
    public static string Shown(Uri address) => address.GetLeftPart(UriPartial.Path);

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri address, long from, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, address);
        request.Headers.UserAgent.Add(Agent);
        request.Headers.AcceptEncoding.ParseAdd("identity"); // lengths and ranges must count the file's own bytes
        if (_options.Token is { } token && IsHub(address))
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        if (from > 0)
            request.Headers.Range = new RangeHeaderValue(from, null);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(AnswerTimeout);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException problem)
        {
            throw new TransientHubException($"{Shown(address)} cannot be reached: {problem.Message}", problem);
        }
        catch (OperationCanceledException problem) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientHubException($"{Shown(address)} did not answer within {AnswerTimeout.TotalSeconds:0} seconds", problem);
        }
    }

    private bool IsHub(Uri address) =>
        Uri.Compare(address, _options.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private HubException Refusal(HttpResponseMessage response, Uri address, HubRepository repository)
    {
        string code = Header(response, "X-Error-Code") ?? "";
        string place = $"{repository} at {_options.Endpoint.GetLeftPart(UriPartial.Authority)}";
        switch (response.StatusCode)
        {
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when code == "GatedRepo":
                return new HubException($"{place} is gated: accept its conditions on its page, then {(_options.Token is null ? "set HF_TOKEN to your token" : "use a token of the account that accepted them")}");
            case HttpStatusCode.Unauthorized:
                return new HubException(_options.Token is null
                    ? $"{place} does not exist, or is private: check the name, or set HF_TOKEN"
                    : $"{place} does not exist, or the token in HF_TOKEN is not valid for it");
            case HttpStatusCode.Forbidden:
                return new HubException($"{place} cannot be read{(_options.Token is null ? " without a token: set HF_TOKEN" : " with this token")} ({Shown(address)} answers 403)");
            case HttpStatusCode.NotFound:
                return new HubException(code == "RevisionNotFound" ? $"{place} has no such revision ({Shown(address)})"
                    : $"{place} does not have the requested file: {Shown(address)} answers 404");
            case HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError:
                return new TransientHubException($"{Shown(address)} answers {Status(response)}") { RetryAfter = RetryAfter(response) };
            default:
                return new HubException($"{Shown(address)} answers {Status(response)}");
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        TimeSpan? wait = response.Headers.RetryAfter is { } asked ? asked.Delta ?? asked.Date - _options.Time.GetUtcNow() : null;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private static string Status(HttpResponseMessage response) => string.Create(CultureInfo.InvariantCulture, $"{(int)response.StatusCode} {response.ReasonPhrase}").TrimEnd();

    /// <summary>Returns a header's value; null if the header is missing.</summary>
    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
