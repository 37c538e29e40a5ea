using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Foreword.Server.Hosting;

/// <summary>Compares the keys of requests with those of the server, and tells clients apart.</summary>
/// <param name="keys">The keys; empty if requests need none.</param>
internal sealed class ApiKeys(IReadOnlyList<string> keys)
{
    private readonly byte[][] _hashes = [.. keys.Select(Hash)];

    /// <summary>Checks the key of a request in constant time.</summary>
    /// <exception cref="ApiException">The request has no key of the server.</exception>
    public void Check(HttpContext context)
    {
        string header = context.Request.Headers.Authorization.ToString();
        string given = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : context.Request.Headers["X-Api-Key"].ToString();
        byte[] hash = Hash(given);
        int match = -1;
        for (int i = 0; i < _hashes.Length; i++)
            match = CryptographicOperations.FixedTimeEquals(hash, _hashes[i]) ? i : match;
        if (match < 0)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            throw new ApiException(401, given.Length == 0 ? "the request has no API key; send the header Authorization: Bearer KEY" : "the API key is wrong", code: "invalid_api_key");
        }

        context.Items[nameof(ApiKeys)] = match.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Returns the place of the key that a request was checked with; its address where the server has no keys.</summary>
    public static string KeyOrAddress(HttpContext context) => context.Items[nameof(ApiKeys)] as string ?? Address(context);

    /// <summary>Returns who sends a request: the key, or the address where all have the same key or none.</summary>
    public static string ClientOf(HttpContext context, int keys) => keys > 1 ? KeyOrAddress(context) : Address(context);

    private static string Address(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "";

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
