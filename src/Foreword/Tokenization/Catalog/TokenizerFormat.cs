namespace Foreword.Tokenization.Catalog;

/// <summary>A format of tokenizer files. <see cref="TokenizerFiles.Register"/> adds one.</summary>
/// <param name="Name">The name of the format, which no other format has.</param>
/// <param name="Files">The names of the files, at least one. A directory that contains all of them contains a tokenizer in this format.</param>
/// <param name="Read">
/// Reads the tokenizer of the directory with this path. It throws <see cref="InvalidDataException"/> if a file is malformed, and
/// <see cref="NotSupportedException"/> if a file requires something that the tokenizer does not support.
/// </param>
public sealed record TokenizerFormat(string Name, IReadOnlyList<string> Files, Func<string, Tokenizer> Read)
{
    /// <summary>Checks whether a directory contains all files of the format.</summary>
    /// <param name="directory">The path of the directory.</param>
    public bool IsIn(string directory) => Files.All(file => File.Exists(Path.Combine(directory, file)));
}
