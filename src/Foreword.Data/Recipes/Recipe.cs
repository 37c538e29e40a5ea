using System.Text;
using Foreword.Data.Recipes.Yaml;
using Foreword.IO;
using Foreword.Settings;
using YamlDotNet.Core;

namespace Foreword.Data.Recipes;

/// <summary>Reads and writes recipes.</summary>
/// <remarks>
/// Values come from three layers: the defaults of the record, the YAML, and overrides such as <c>train.lr=3e-4</c> in their order. A later layer
/// replaces values of an earlier one. Reading is strict: an unknown key, a value of the wrong type or a value out of range is an error. The message
/// names the line (or the override), the key, the value and what was expected.
/// </remarks>
public static class Recipe
{
    private const string RecipeKind = "recipe";

    /// <summary>Reads a recipe file.</summary>
    /// <typeparam name="T">The type of the recipe.</typeparam>
    /// <param name="path">The path of the YAML file (UTF-8).</param>
    /// <param name="overrides">
    /// Texts <c>key=value</c> that replace values of the file. A value is a YAML scalar or a flow list (<c>[a, b]</c>). An empty value means null.
    /// </param>
    /// <param name="kind">The name of this kind of file in messages, because such a record may be something other than a recipe.</param>
    /// <exception cref="FileNotFoundException">The file does not exist. The message suggests the nearest YAML file in the same directory.</exception>
    /// <exception cref="InvalidDataException">The file is empty, not UTF-8, not YAML, or not such a recipe.</exception>
    /// <exception cref="ArgumentException">An override is malformed, names an unknown key, or has a value that is not valid.</exception>
    public static T Read<T>(string path, IEnumerable<string>? overrides = null, string kind = RecipeKind) where T : class, IRecipe, new() =>
        Parse<T>(TextOf(path, kind), path, overrides, kind, formerNames: false);

    /// <summary>Reads the recipe that an earlier run saved. Values may have their former names.</summary>
    /// <typeparam name="T">The type of the recipe.</typeparam>
    /// <param name="path">The path of the run's <c>recipe.yaml</c>.</param>
    /// <param name="overrides">Texts <c>key=value</c> that replace values of the file, as for <see cref="Read"/>.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is empty, not YAML, or not such a recipe.</exception>
    /// <exception cref="ArgumentException">An override is malformed, names an unknown key, or has a value that is not valid.</exception>
    internal static T ReadSaved<T>(string path, IEnumerable<string>? overrides = null) where T : class, IRecipe, new() =>
        Parse<T>(TextOf(path, RecipeKind), path, overrides, RecipeKind, formerNames: true);

    private static string TextOf(string path, string kind)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
            throw new InvalidDataException($"{path} is a directory; expected a {kind} file");
        if (!File.Exists(path))
            throw new FileNotFoundException($"there is no {kind} {path}{Nearest(path)}", path);
        return StrictText.Read(path);
    }

    /// <summary>Returns <c>task.kind</c> of a recipe file, before anything else of it is read; null if there is none, or if the file is not YAML.</summary>
    /// <param name="path">The path of the YAML file.</param>
    internal static string? TaskKind(string path) => TaskValue(path, "kind");

    /// <summary>Returns a value of the section <c>task</c> of a recipe file; null if there is none, or if the file is not YAML.</summary>
    /// <param name="path">The path of the YAML file.</param>
    /// <param name="key">The key in the section.</param>
    internal static string? TaskValue(string path, string key)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            RecipeNode? root = RecipeDocument.Parse(StrictText.Read(path), new RecipeSource.RecipeText(path, RecipeKind));
            return Value(Value(root, "task"), key) is RecipeScalar { IsNull: false } value ? value.Text : null;
        }
        catch (Exception problem) when (problem is InvalidDataException or YamlException)
        {
            return null; // reading the whole recipe reports the problem
        }

        static RecipeNode? Value(RecipeNode? node, string name) => (node as RecipeMapping)?.Entries.FirstOrDefault(entry => entry.Key.Text == name).Value;
    }

    /// <summary>Reads a recipe from text.</summary>
    /// <typeparam name="T">The type of the recipe.</typeparam>
    /// <param name="yaml">The YAML.</param>
    /// <param name="name">The name of the text in messages, such as the path of its file.</param>
    /// <param name="overrides">Texts <c>key=value</c> that replace values of the text, as for <see cref="Read"/>.</param>
    /// <exception cref="InvalidDataException">The text is empty, not YAML, or not such a recipe.</exception>
    /// <exception cref="ArgumentException">An override is malformed, names an unknown key, or has a value that is not valid.</exception>
    public static T Parse<T>(string yaml, string name, IEnumerable<string>? overrides = null) where T : class, IRecipe, new() =>
        Parse<T>(yaml, name, overrides, RecipeKind, formerNames: false);

    private static T Parse<T>(string yaml, string name, IEnumerable<string>? overrides, string kind, bool formerNames) where T : class, IRecipe, new()
    {
        ArgumentNullException.ThrowIfNull(yaml);
        ArgumentNullException.ThrowIfNull(name);
        RecipeReader reader = new(new T(), formerNames);
        IRecipe recipe = reader.ApplyText(yaml, name, kind);
        if (formerNames && recipe is PretrainRecipe saved)
            recipe = saved with { Data = saved.Data.WithoutUnusedKeys() };
        foreach (string text in overrides ?? [])
            recipe = reader.ApplyOverride(recipe, text);
        if (recipe is FineTuneRecipe tuned)
            recipe = tuned.Completed();
        T result = (T)recipe;
        return result.Problems() is [var first, ..] ? throw reader.Error(first, name) : result;
    }

    /// <summary>Checks a recipe that was created in code, and returns it.</summary>
    /// <typeparam name="T">The type of the recipe.</typeparam>
    /// <param name="recipe">The recipe.</param>
    /// <exception cref="ArgumentException">A value is not valid. The message names the key, the value and the rule.</exception>
    public static T Validate<T>(this T recipe) where T : class, IRecipe
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return recipe.Problems() is [var first, ..] ? throw new ArgumentException(first.ToString(), nameof(recipe)) : recipe;
    }

    /// <summary>
    /// Converts a recipe to YAML with all its values. Keys whose value is null are omitted. Reading the YAML creates an equal recipe.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    public static string ToYaml(IRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return RecipeWriter.Write(recipe);
    }

    /// <summary>
    /// Writes <see cref="ToYaml"/> to a file. It writes a temporary file first, so that an existing file is not lost after a failure.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="path">The path of the file.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(IRecipe recipe, string path) => DurableFile.Replace(path, file => file.Write(Encoding.UTF8.GetBytes(ToYaml(recipe))));

    /// <summary>Returns the most similar name of a YAML file in the same directory, as a question; empty if there is none.</summary>
    private static string Nearest(string path)
    {
        string directory = Path.GetDirectoryName(path) ?? "";
        string place = directory.Length == 0 ? "." : directory;
        if (!Directory.Exists(place))
            return "";
        IEnumerable<string> names = Directory.EnumerateFiles(place, "*.yaml").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);
        return NearestName.Find(Path.GetFileName(path), names) is { } name ? $"; did you mean {Path.Combine(directory, name)}?" : "";
    }
}
