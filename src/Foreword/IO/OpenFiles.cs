namespace Foreword.IO;

/// <summary>Holds the files that a format has opened while it reads a model. They are closed together, even if reading fails.</summary>
public sealed class OpenFiles : IDisposable
{
    private readonly List<IDisposable> _files = [];

    /// <summary>Adds a file to those that are closed together, and returns it.</summary>
    /// <param name="file">The file.</param>
    public T Keep<T>(T file) where T : IDisposable
    {
        _files.Add(file);
        return file;
    }

    /// <summary>Maps a file into memory and adds it.</summary>
    /// <param name="path">The path of the file.</param>
    public MappedFile Map(string path) => Keep(MappedFile.Open(path));

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (IDisposable file in _files)
            file.Dispose();
    }
}
