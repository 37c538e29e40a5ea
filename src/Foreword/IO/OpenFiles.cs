namespace Foreword.IO;

/// <summary>What a format has opened while it reads a model: closed together, also when the reading fails.</summary>
internal sealed class OpenFiles : IDisposable
{
    private readonly List<IDisposable> _files = [];

    /// <summary>Closes the file with the others, and returns it.</summary>
    public T Keep<T>(T file) where T : IDisposable
    {
        _files.Add(file);
        return file;
    }

    /// <summary>Maps a file.</summary>
    public MappedFile Map(string path) => Keep(MappedFile.Open(path));

    public void Dispose()
    {
        foreach (IDisposable file in _files)
            file.Dispose();
    }
}
