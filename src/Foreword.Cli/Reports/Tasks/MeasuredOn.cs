using System.Globalization;
using System.Text.Json;
using Foreword.Data.Decoding;
using Foreword.IO;

namespace Foreword.Cli.Reports.Tasks;

/// <summary>The model and the files of an evaluation. <c>evaluation.json</c> records them, so that no evaluation replaces that of another file.</summary>
/// <param name="Model">The model, as the user named it.</param>
/// <param name="Files">The full paths of the files of the examples and of their labels.</param>
internal sealed record MeasuredOn(string Model, IReadOnlyList<string> Files)
{
    /// <summary>The name of the file with the numbers of an evaluation.</summary>
    public const string FileName = "evaluation.json";

    private const string ModelKey = "model";
    private const string FilesKey = "files";

    public static MeasuredOn Create(string model, IEnumerable<string> files) => new(model, [.. files.Select(Path.GetFullPath)]);

    /// <summary>
    /// Returns the directory for the evaluation: <c>evaluation-NAME</c> in the directory of the model, where NAME is the name of the first file
    /// without its extensions. If this directory holds the evaluation of another file, returns <c>evaluation-NAME-2</c>, <c>-3</c> and so on.
    /// </summary>
    public string Directory()
    {
        string name = Path.GetFileNameWithoutExtension(Compression.NameWithout(Files[0]));
        string first = Path.Combine(System.IO.Directory.Exists(Model) ? Model : "", $"evaluation-{name}"), path = first;
        for (int number = 2; !IsFree(path); number++)
            path = string.Create(CultureInfo.InvariantCulture, $"{first}-{number}");
        return path;
    }

    /// <summary>Writes model and files as fields of an object.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteString(ModelKey, Model);
        writer.WriteStartArray(FilesKey);
        foreach (string file in Files)
            writer.WriteStringValue(file);
        writer.WriteEndArray();
    }

    /// <summary>Returns whether a directory holds no evaluation, or one of the same model and files.</summary>
    private bool IsFree(string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            return !File.Exists(directory);
        try
        {
            return JsonFile.Read(path, "an evaluation", json => IsSame(json.Text(ModelKey), directory) && json.Elements(FilesKey).Select(file => file.Text()).SequenceEqual(Files));
        }
        catch (InvalidDataException)
        {
            return false; // an evaluation of an earlier version, which did not record its files
        }
    }

    /// <summary>Returns whether an evaluation is of this model. A directory in the model's own directory is, even if the model has moved.</summary>
    private bool IsSame(string model, string directory) => Path.GetDirectoryName(directory) == Model || model == Model;
}
