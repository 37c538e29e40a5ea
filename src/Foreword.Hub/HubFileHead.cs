using System.Globalization;

namespace Foreword.Hub;

/// <summary>What the answer to a HEAD says of a file.</summary>
/// <param name="Name">What its content is called: the ETag, else the hash of the listing; safe as a file's name.</param>
/// <param name="Size">Bytes, where it says so.</param>
internal sealed record HubFileHead(string Name, long? Size)
{
    /// <summary>Reads the headers. Those of a redirect to where large files lie speak of the file (<c>X-Linked-ETag</c>, <c>X-Linked-Size</c>).</summary>
    /// <exception cref="InvalidDataException">The ETag is missing or cannot be a file's name, and the listing has no hash either.</exception>
    public static HubFileHead Of(HttpResponseMessage response, string source, HubFile file)
    {
        string? tag = HubConnection.Header(response, "X-Linked-ETag") ?? HubConnection.Header(response, "ETag");
        tag = tag is null ? null : (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag).Trim('"');
        string name = tag is not null && IsName(tag) ? tag : file.Hash?.Text
            ?? throw new InvalidDataException($"{source}: the hub gives no ETag for {file.Path}, so it is not known which content is meant");
        long? size = long.TryParse(HubConnection.Header(response, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out long linked) ? linked
            : response.IsSuccessStatusCode ? response.Content.Headers.ContentLength : null;
        if (file.Size is { } listed && size is { } announced && listed != announced)
            throw new InvalidDataException($"{source}: the listing says {listed} bytes, the file's own address {announced}");
        return new HubFileHead(name, size);
    }

    private static bool IsName(string tag) => tag.Length is > 0 and <= 200 && tag[0] != '.' && tag.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.');
}
