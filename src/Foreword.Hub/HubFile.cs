namespace Foreword.Hub;

/// <summary>A file of a repository.</summary>
/// <param name="Path">Its path in the repository, with <c>/</c>; checked to stay inside.</param>
/// <param name="Size">Bytes, where the listing says so.</param>
/// <param name="Hash">Hash of the content, where the listing says so.</param>
public sealed record HubFile(string Path, long? Size, HubHash? Hash);

/// <summary>What a repository holds at one commit.</summary>
/// <param name="Commit">The commit, 40 hexadecimal digits.</param>
/// <param name="Files">Its files.</param>
public sealed record HubListing(string Commit, IReadOnlyList<HubFile> Files);

/// <summary>How far a download is.</summary>
/// <param name="Path">The file that is being read.</param>
/// <param name="Bytes">Bytes of the whole download that are there.</param>
/// <param name="Arrived">Those of them that came over the network.</param>
/// <param name="Total">Bytes of the whole download, as far as sizes are known.</param>
public readonly record struct HubProgress(string Path, long Bytes, long Arrived, long Total);
