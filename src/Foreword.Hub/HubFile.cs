namespace Foreword.Hub;

/// <summary>A file of a repository.</summary>
/// <param name="Path">
/// The path in the repository, with <c>/</c> as the separator. It never leaves the repository, because reading a listing checks it.
/// </param>
/// <param name="Size">The size in bytes; null if the listing does not report it.</param>
/// <param name="Hash">The hash of the content; null if the listing does not report it.</param>
internal sealed record HubFile(string Path, long? Size, HubHash? Hash);

/// <summary>The files of a repository at one commit.</summary>
/// <param name="Commit">The commit, 40 hexadecimal digits.</param>
/// <param name="Files">The files.</param>
internal sealed record HubListing(string Commit, IReadOnlyList<HubFile> Files);

/// <summary>The progress of a download.</summary>
/// <param name="Path">The file that is being downloaded.</param>
/// <param name="Bytes">Number of bytes of the whole download that are on disk.</param>
/// <param name="Arrived">Number of these bytes that came over the network.</param>
/// <param name="Total">Total number of bytes of the download, as far as the sizes are known.</param>
public readonly record struct HubProgress(string Path, long Bytes, long Arrived, long Total);
