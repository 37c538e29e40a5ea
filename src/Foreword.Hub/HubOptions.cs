using Foreword.Models;

namespace Foreword.Hub;

/// <summary>Where a hub is, who asks, and where files are kept; the defaults and the environment's variables are those of huggingface_hub.</summary>
public sealed record HubOptions
{
    /// <summary>The hub.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>Sent to the endpoint as <c>Authorization: Bearer</c>, and to no other host.</summary>
    public string? Token { get; init; }

    /// <summary>The cache, <c>~/.cache/huggingface/hub</c> unless the environment says otherwise.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Take everything from the cache and ask nobody.</summary>
    public bool Offline { get; init; }

    /// <summary>How often a request that fails for the moment is made again, 0 or more.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>Wait before the first of them; it doubles each time, up to 30 seconds, and varies by chance. <c>Retry-After</c> takes precedence.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>A connection that brings nothing for so long is given up and made again.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The clock of the waits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What HF_ENDPOINT, HF_TOKEN (else the token file), HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE say.</summary>
    /// <param name="variable">Gives a variable's value; null where it is not set.</param>
    /// <exception cref="ArgumentException">HF_ENDPOINT is no http or https address.</exception>
    public static HubOptions FromEnvironment(Func<string, string?> variable)
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
