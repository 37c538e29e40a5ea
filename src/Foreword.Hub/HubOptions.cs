using Foreword.Models;

namespace Foreword.Hub;

/// <summary>
/// The address of a hub, the access token, and the location of the cache. The defaults and the environment variables are those of huggingface_hub.
/// </summary>
public sealed record HubOptions
{
    /// <summary>Gets the address of the hub.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>Gets the access token; null for none. It is sent to the endpoint as <c>Authorization: Bearer</c>, and to no other host.</summary>
    public string? Token { get; init; }

    /// <summary>Gets the cache directory, <c>~/.cache/huggingface/hub</c> unless the environment names another one.</summary>
    public string CacheDirectory { get; init; } = HubCacheLayout.CacheDirectory(Environment.GetEnvironmentVariable);

    /// <summary>Gets whether all files are taken from the cache and no request is sent.</summary>
    public bool Offline { get; init; }

    /// <summary>Gets the number of times that a temporarily failing request is retried, 0 or more.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>
    /// Gets the wait before the first retry. The wait doubles with each retry, up to 30 seconds, and has a random variation. <c>Retry-After</c> takes
    /// precedence.
    /// </summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Gets the time after which a connection that receives nothing is closed and opened again.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Gets a function that creates the client for all requests, such as <c>factory.CreateClient</c> of an <c>IHttpClientFactory</c>; null for a client of
    /// this library. Its handler must not follow redirects by itself: this library follows them and withholds the token from other hosts. Its timeout must
    /// be long enough for the largest file.
    /// </summary>
    public Func<HttpClient>? HttpClient { get; init; }

    /// <summary>Gets the clock for the waits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Reads the options from this process's environment variables (see <see cref="FromEnvironment(Func{string, string})"/>).</summary>
    /// <exception cref="ArgumentException">HF_ENDPOINT is not an http or https address.</exception>
    public static HubOptions FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    /// <summary>Reads the options from HF_ENDPOINT, HF_TOKEN (or else the token file), HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE.</summary>
    /// <param name="variable">Returns a variable's value; null if it is not set.</param>
    /// <exception cref="ArgumentException">HF_ENDPOINT is not an http or https address.</exception>
    internal static HubOptions FromEnvironment(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        string tokenFile = HubCacheLayout.First(variable, "HF_TOKEN_PATH") is { } file ? HubCacheLayout.Expanded(file) : Path.Combine(HubCacheLayout.HomeDirectory(variable), "token");
        HubOptions options = new()
        {
            CacheDirectory = HubCacheLayout.CacheDirectory(variable),
            Token = (HubCacheLayout.First(variable, "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") ?? (File.Exists(tokenFile) ? File.ReadAllText(tokenFile) : "")).Trim() is { Length: > 0 } token ? token : null,
            Offline = HubCacheLayout.First(variable, "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE",
        };
        return HubCacheLayout.First(variable, "HF_ENDPOINT") is { } endpoint ? options with { Endpoint = Address(endpoint) } : options;
    }

    private static Uri Address(string text) => Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
        ? address!
        : throw new ArgumentException($"HF_ENDPOINT is '{text}'; it must be an http or https address such as https://huggingface.co");
}
