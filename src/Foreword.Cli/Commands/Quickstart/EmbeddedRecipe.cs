using Foreword.Data.Recipes;
using Foreword.Settings;

namespace Foreword.Cli.Commands.Quickstart;

/// <summary>The recipes of recipes/ that lie in the program.</summary>
internal static class EmbeddedRecipe
{
    /// <summary>The recipe of that file name.</summary>
    public static T Read<T>(string name) where T : class, IRecipe, new()
    {
        using StreamReader yaml = new(typeof(EmbeddedRecipe).Assembly.GetManifestResourceStream($"recipes/{name}")!);
        return Recipe.Parse<T>(yaml.ReadToEnd(), name);
    }
}
