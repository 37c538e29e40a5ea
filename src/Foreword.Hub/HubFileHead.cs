using System.Globalization;

namespace Foreword.Hub;

/// <summary>The facts about a file in the response to a HEAD request.</summary>
/// <param name="Name">The name of the content: the ETag or, without one, the hash in the listing. It is safe as a file name.</param>
/// <param name="Size">The size in bytes; null if the response does not report it.</param>
internal sealed record HubFileHead(string Name, long? Size)
{
    /// <summary>
    /// Reads the headers. The headers of a redirect to the host of large files describe the file (<c>X-Linked-ETag</c>, <c>X-Linked-Size</c>).
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// There is no ETag that can be a file name, and no hash in the listing; or the size differs from that in the listing.
    /// </exception>
    public static HubFileHead Read(HttpResponseMessage response, string source, HubFile file)
    {
        string? tag = HubConnection.Header(response, "X-Linked-ETag") ?? HubConnection.Header(response, "ETag");
        tag = tag is null ? null : (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag).Trim('"');
        string name = tag is not null && IsName(tag) ? tag : file.Hash?.Text
            ?? throw new InvalidDataException($"{source}: the hub gives no ETag for {file.Path}, so its content cannot be identified");
        long? size = long.TryParse(HubConnection.Header(response, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out long linked) ? linked
            : response.IsSuccessStatusCode ? response.Content.Headers.ContentLength : null;
        if (file.Size is { } listed && size is { } announced && listed != announced)
            throw new InvalidDataException($"{source}: the listing says {listed} bytes, but the file's own address says {announced}");
        return new HubFileHead(name, size);
    }

    private static bool IsName(string tag) => tag.Length is > 0 and <= 200 && tag[0] != '.' && tag.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.');
}
