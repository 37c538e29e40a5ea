using Foreword.Chat;

namespace Foreword.Data.Recipes;

/// <summary>Reads chat templates from YAML. A model directory may contain one as <c>chat.yaml</c>.</summary>
public static class ChatTemplateFile
{
    /// <summary>The name of the file in a model directory.</summary>
    public const string FileName = "chat.yaml";

    /// <summary>Reads the file of a template.</summary>
    /// <param name="path">The path of the file.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">
    /// The path is a directory, or the file is not a chat template. The message names file, line and key.
    /// </exception>
    public static ChatTemplate Read(string path) => Recipe.Read<ChatTemplate>(path, kind: "chat template");

    /// <summary>Reads <see cref="FileName"/> of a model directory; returns <see cref="ChatTemplate.Plain"/> if there is no such file.</summary>
    /// <param name="directory">The model directory.</param>
    /// <exception cref="InvalidDataException">The file is not a chat template. The message names file, line and key.</exception>
    public static ChatTemplate Load(string directory)
    {
        string path = Path.Combine(directory, FileName);
        return File.Exists(path) ? Read(path) : ChatTemplate.Plain;
    }
}
