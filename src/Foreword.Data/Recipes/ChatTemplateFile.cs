using Foreword.Chat;

namespace Foreword.Data.Recipes;

/// <summary>Reads chat templates from YAML. A model directory may hold one as <c>chat.yaml</c>.</summary>
public static class ChatTemplateFile
{
    /// <summary>Name of the file in a model directory.</summary>
    public const string FileName = "chat.yaml";

    /// <summary>Reads a template's file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is a directory, or not such a template; the message names file, line and key.</exception>
    public static ChatTemplate Read(string path) => Recipe.Read<ChatTemplate>(path, kind: "chat template");

    /// <summary>Reads the directory's <see cref="FileName"/>; returns <see cref="ChatTemplate.Plain"/> where it has none.</summary>
    /// <exception cref="InvalidDataException">The file is not such a template; the message names file, line and key.</exception>
    public static ChatTemplate Load(string directory)
    {
        string path = Path.Combine(directory, FileName);
        return File.Exists(path) ? Read(path) : ChatTemplate.Plain;
    }
}
