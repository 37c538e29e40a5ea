using Foreword.Chat;
using Foreword.Tokenization;
using Foreword.Weights.Catalog;

namespace Foreword.Data.Recipes;

/// <summary>Reads chat templates from YAML. A model directory may contain one as <c>chat.yaml</c>.</summary>
public static class ChatTemplateFile
{
    /// <summary>The name of the file in a model directory.</summary>
    public const string FileName = "chat.yaml";

    private const string RecipeName = "recipe.yaml", DialogueKind = "dialogue";

    /// <summary>Reads the file of a template.</summary>
    /// <param name="path">The path of the file.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">
    /// The path is a directory, or the file is not a chat template. The message names file, line and key.
    /// </exception>
    public static ChatTemplate Read(string path) => Recipe.Read<ChatTemplate>(path, kind: "chat template");

    /// <summary>Returns the template with a name, or reads a file. It says nothing about the direction of a model.</summary>
    /// <param name="name"><c>chitchat</c>, <c>chatml</c>, <c>plain</c>, or the path of a file.</param>
    /// <exception cref="FileNotFoundException">There is no such template and no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a chat template. The message names file, line and key.</exception>
    internal static ChatTemplate Find(string name)
    {
        if (ChatTemplate.Named.TryGetValue(name, out ChatTemplate? named))
            return named;
        return File.Exists(name) || Path.HasExtension(name) || Path.GetFileName(name) != name
            ? Read(name) with { Reverse = null } // the file may have belonged to another model
            : throw new FileNotFoundException($"there is no chat template {name}; expected {string.Join(", ", ChatTemplate.Named.Keys)}, or a file", name);
    }

    /// <summary>Reads <see cref="FileName"/> of a model directory; returns <see cref="ChatTemplate.Plain"/> if there is no such file.</summary>
    /// <param name="directory">The model directory.</param>
    /// <exception cref="InvalidDataException">The file is not a chat template. The message names file, line and key.</exception>
    public static ChatTemplate Load(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return ReadOwn(directory) ?? ChatTemplate.Plain;
    }

    /// <summary>Reads <see cref="FileName"/> beside a model; returns <see cref="ChatTemplate.Plain"/> if there is no such file.</summary>
    /// <param name="model">A model directory, a file in one, a run, or the name of a downloaded model.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such model.</exception>
    /// <exception cref="InvalidDataException">The file is not a chat template. The message names file, line and key.</exception>
    internal static ChatTemplate OfModel(string model) => Load(File.Exists(model) ? Path.GetDirectoryName(Path.GetFullPath(model))! : ModelDirectory.Resolve(model));

    /// <summary>
    /// Reads <see cref="FileName"/> of a model directory; returns null if there is no directory or no such file. If the file does not say in which
    /// direction the model was trained, the recipe of its run does.
    /// </summary>
    /// <param name="directory">The model directory, or null.</param>
    /// <exception cref="InvalidDataException">The file is not a chat template. The message names file, line and key.</exception>
    public static ChatTemplate? ReadOwn(string? directory)
    {
        string? path = directory is null ? null : Path.Combine(directory, FileName);
        if (path is null || !File.Exists(path))
            return null;
        ChatTemplate own = Read(path);
        return own.Reverse is null && ReverseOfRun(directory!) is { } reverse ? own with { Reverse = reverse } : own;
    }

    /// <summary>Returns whether a model was trained on dialogues from their end; null if this is not known.</summary>
    /// <param name="model">A model directory, a file in one, a run, or the name of a downloaded model.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such model.</exception>
    internal static bool? ReverseOf(string model)
    {
        try
        {
            return OfModel(model).Reverse;
        }
        catch (InvalidDataException)
        {
            return null; // reading the template reports the problem
        }
    }

    /// <summary>Copies <see cref="FileName"/> beside a model into the directory of a converted one. Does nothing if there is no such file.</summary>
    /// <param name="source">The directory of the model.</param>
    /// <param name="directory">The directory of the converted model.</param>
    /// <exception cref="InvalidDataException">The file is not a chat template. The message names file, line and key.</exception>
    internal static void Copy(string source, string directory)
    {
        if (ReadOwn(source) is { } own)
            Recipe.Save(own, Path.Combine(directory, FileName));
    }

    /// <summary>Returns <c>task.reverse</c> of the run that saved a model; null if it was no run on dialogues.</summary>
    private static bool? ReverseOfRun(string directory)
    {
        string path = Path.Combine(directory, RecipeName);
        return Recipe.TaskKind(path) != DialogueKind ? null : Recipe.TaskValue(path, "reverse") switch { "true" => true, "false" => false, _ => null };
    }

    /// <summary>
    /// Returns the template to train with: the named one, that of the model directory, or the one that fits the tokenizer (<c>chitchat</c> for BERT's tokens,
    /// <c>chatml</c> otherwise). It does not say in which direction the new model is trained.
    /// </summary>
    /// <param name="name"><c>chitchat</c>, <c>chatml</c>, <c>plain</c>, the path of a file, or null.</param>
    /// <param name="directory">The directory of the model or tokenizer.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <exception cref="FileNotFoundException">The name is that of a file that does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is not a chat template. The message names file, line and key.</exception>
    public static ChatTemplate Choose(string? name, string directory, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (name is not null)
            return Find(name);
        if (ReadOwn(directory) is { } own)
            return own with { Reverse = null };
        return ChatTemplate.Chitchat.Tokens.All(text => tokenizer.AddedTokens.Any(token => token.Text == text)) ? ChatTemplate.Chitchat : ChatTemplate.ChatMl;
    }
}
