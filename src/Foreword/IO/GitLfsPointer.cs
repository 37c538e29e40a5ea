namespace Foreword.IO;

/// <summary>Recognizes Git LFS pointers: small text files that take the place of large files when a repository was cloned without Git LFS.</summary>
internal static class GitLfsPointer
{
    private static ReadOnlySpan<byte> Beginning => "version https://git-lfs."u8;

    /// <summary>Throws if a file is a pointer; does nothing if the path is not a file.</summary>
    /// <exception cref="InvalidDataException">The file is a pointer.</exception>
    public static void Refuse(string path)
    {
        if (FirstBytes.Are(path, Beginning))
            throw Problem(path);
    }

    /// <summary>Throws if the content of a file, or its beginning, is that of a pointer.</summary>
    /// <param name="path">The path of the file, for the message.</param>
    /// <param name="content">The content of the file, or its first bytes.</param>
    /// <exception cref="InvalidDataException">The file is a pointer.</exception>
    public static void Refuse(string path, ReadOnlySpan<byte> content)
    {
        if (content.StartsWith(Beginning))
            throw Problem(path);
    }

    private static InvalidDataException Problem(string path) => new($"{path} is a Git LFS pointer, not the file itself; fetch it with 'git lfs pull' or download the model again");
}
