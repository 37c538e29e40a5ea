namespace Foreword.IO;

/// <summary>The files that a format has opened while it reads a model. They are closed together, even if reading fails.</summary>
internal sealed class OpenFiles : IDisposable
{
    private readonly List<IDisposable> _files = [];

    /// <summary>Adds a file to those that are closed together, and returns it.</summary>
    public T Keep<T>(T file) where T : IDisposable
    {
        _files.Add(file);
        return file;
    }

    /// <summary>Maps a file and adds it.</summary>
    public MappedFile Map(string path) => Keep(MappedFile.Open(path));

    public void Dispose()
    {
        foreach (IDisposable file in _files)
            file.Dispose();
    }
}
