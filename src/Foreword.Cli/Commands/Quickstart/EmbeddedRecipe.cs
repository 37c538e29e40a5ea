using Foreword.Data.Recipes;
using Foreword.Settings;

namespace Foreword.Cli.Commands.Quickstart;

/// <summary>Reads the recipes of recipes/, which are embedded in the program.</summary>
internal static class EmbeddedRecipe
{
    /// <summary>Reads the recipe with a file name.</summary>
    public static T Read<T>(string name) where T : class, IRecipe, new()
    {
        using StreamReader yaml = new(typeof(EmbeddedRecipe).Assembly.GetManifestResourceStream($"recipes/{name}")!);
        return Recipe.Parse<T>(yaml.ReadToEnd(), name);
    }
}
