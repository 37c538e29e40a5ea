using System.Text;
using Foreword.Data.Recipes.Yaml;
using Foreword.IO;
using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>
/// Reads and writes recipes. The layers are: the record's own defaults, the YAML, then overrides such as
/// <c>train.lr=3e-4</c> in their order. Reading is strict: a key the record does not have, a value of the wrong kind
/// or out of range is an error that names the line (or the override), the key, the value and what was expected.
/// </summary>
public static class Recipe
{
    /// <summary>Reads a recipe file.</summary>
    /// <param name="path">The YAML file (UTF-8).</param>
    /// <param name="overrides">Texts <c>key=value</c> that win over the file; the value is a YAML scalar or flow list (<c>[a, b]</c>), nothing means null.</param>
    /// <param name="kind">What the file is, for messages: a record of recipe form may be something else.</param>
    /// <exception cref="FileNotFoundException">There is no such file; the message names the nearest YAML file beside it.</exception>
    /// <exception cref="InvalidDataException">The file is empty, not YAML, or not such a recipe.</exception>
    /// <exception cref="ArgumentException">An override is malformed, names an unknown key or gives it an impossible value.</exception>
    public static T Read<T>(string path, IEnumerable<string>? overrides = null, string kind = "recipe") where T : class, IRecipe, new() =>
        Parse<T>(TextOf(path, kind), path, overrides, formerNames: false);

    /// <summary>Reads the recipe that an earlier run saved: values may have the names that they had then.</summary>
    /// <param name="path">The run's <c>recipe.yaml</c>.</param>
    /// <param name="overrides">As for <see cref="Read"/>.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, not YAML, or not such a recipe.</exception>
    public static T ReadSaved<T>(string path, IEnumerable<string>? overrides = null) where T : class, IRecipe, new() =>
        Parse<T>(TextOf(path, "recipe"), path, overrides, formerNames: true);

    private static string TextOf(string path, string kind)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
            throw new InvalidDataException($"{path} is a directory; expected a {kind} file");
        if (!File.Exists(path))
            throw new FileNotFoundException($"there is no {kind} {path}{Nearest(path)}", path);
        return File.ReadAllText(path);
    }

    /// <summary>Reads a recipe from text.</summary>
    /// <param name="yaml">The YAML.</param>
    /// <param name="name">What messages call it, such as a file's path.</param>
    /// <param name="overrides">As for <see cref="Read"/>.</param>
    /// <exception cref="InvalidDataException">The text is empty, not YAML, or not such a recipe.</exception>
    /// <exception cref="ArgumentException">An override is malformed, names an unknown key or gives it an impossible value.</exception>
    public static T Parse<T>(string yaml, string name, IEnumerable<string>? overrides = null) where T : class, IRecipe, new() =>
        Parse<T>(yaml, name, overrides, formerNames: false);

    private static T Parse<T>(string yaml, string name, IEnumerable<string>? overrides, bool formerNames) where T : class, IRecipe, new()
    {
        ArgumentNullException.ThrowIfNull(yaml);
        ArgumentNullException.ThrowIfNull(name);
        RecipeReader reader = new(new T(), formerNames);
        IRecipe recipe = reader.ApplyText(yaml, name);
        foreach (string text in overrides ?? [])
            recipe = reader.ApplyOverride(recipe, text);
        T result = (T)recipe;
        return result.Problems() is [var first, ..] ? throw reader.Error(first, name) : result;
    }

    /// <summary>Checks a record made in code, and returns it.</summary>
    /// <exception cref="ArgumentException">A value is impossible; the message names its key, the value and the rule.</exception>
    public static T Validate<T>(this T recipe) where T : class, IRecipe
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return recipe.Problems() is [var first, ..] ? throw new ArgumentException(first.ToString()) : recipe;
    }

    /// <summary>The record as YAML with every value spelt out (keys whose value is null are left out); reads back to the same record.</summary>
    public static string ToYaml(IRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return RecipeWriter.Write(recipe);
    }

    /// <summary>Writes <see cref="ToYaml"/> to a file, beside it first, so that an older file survives a failure.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(IRecipe recipe, string path) => DurableFile.Replace(path, file => file.Write(Encoding.UTF8.GetBytes(ToYaml(recipe))));

    /// <summary>The most similar YAML file of the same directory, as a question.</summary>
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
