using System.Text.Json;
using Foreword.IO;
using Foreword.Models;

namespace Foreword.Hub;

/// <summary>Reads the response to <c>/api/models/REPO/revision/REVISION?blobs=true</c>.</summary>
internal static class HubListingReader
{
    /// <summary>Reads a listing.</summary>
    /// <exception cref="InvalidDataException">
    /// The response is not a listing, or a path would leave the target directory; the message names the source.
    /// </exception>
    public static HubListing Read(string source, ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            string commit = document.RootElement.GetProperty("sha").GetString() ?? "";
            if (!HubCacheLayout.IsCommit(commit))
                throw new InvalidDataException($"{source}: '{Shown(commit)}' is not a commit");
            return new HubListing(commit, [.. document.RootElement.GetProperty("siblings").EnumerateArray().Select(entry => File(source, entry))]);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{source}: the answer is not the list of a repository's files ({JsonFile.Reason(problem)})", problem);
        }
    }

    private static HubFile File(string source, JsonElement entry)
    {
        string path = entry.GetProperty("rfilename").GetString() ?? "";
        if (!HubCacheLayout.StaysInside(path))
            throw new InvalidDataException($"{source}: the path '{Shown(path)}' points outside the target directory; nothing was downloaded");
        JsonElement? lfs = entry.TryGetProperty("lfs", out JsonElement large) && large.ValueKind == JsonValueKind.Object ? large : null;
        return new HubFile(path, Number(lfs ?? entry, "size") ?? Number(entry, "size"), HubHash.TryParse(lfs is { } l ? Text(l, "sha256") : Text(entry, "blobId")));
    }

    private static long? Number(JsonElement entry, string field) =>
        entry.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0 ? number : null;

    private static string? Text(JsonElement entry, string field) =>
        entry.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Returns a foreign text for a message: shortened, and without control characters, which a terminal could interpret.</summary>
    private static string Shown(string text) => string.Concat(text.Take(120).Select(character => char.IsControl(character) ? '?' : character));
}
