namespace Foreword.Data.Recipes.Yaml;

/// <summary>Finds the first key in which two recipes differ.</summary>
internal static class RecipeDifference
{
    /// <summary>Returns the first key of either recipe whose value differs, in the order of the recipes; null if they are the same.</summary>
    /// <param name="before">The YAML of a recipe, see <see cref="Recipe.ToYaml"/>.</param>
    /// <param name="after">The YAML of the other recipe.</param>
    /// <returns>The dotted key and its value in each recipe; a value is null if the recipe lacks the key.</returns>
    public static (string Key, string? Before, string? After)? Find(string before, string after)
    {
        List<(string Key, string Value)> old = Values(before), now = Values(after);
        Dictionary<string, string> olds = old.ToDictionary(entry => entry.Key, entry => entry.Value), nows = now.ToDictionary(entry => entry.Key, entry => entry.Value);
        foreach (string key in old.Concat(now).Select(entry => entry.Key))
        {
            if (olds.GetValueOrDefault(key) is var first && nows.GetValueOrDefault(key) is var second && first != second)
                return (key, first, second);
        }

        return null;
    }

    private static List<(string Key, string Value)> Values(string yaml)
    {
        List<(string, string)> values = [];
        Add("", RecipeDocument.Parse(yaml, new RecipeSource.RecipeText("recipe", "recipe")));
        return values;

        void Add(string key, RecipeNode? node)
        {
            if (node is RecipeMapping { Entries.Count: > 0 } mapping)
            {
                foreach ((RecipeScalar name, RecipeNode value) in mapping.Entries)
                    Add(key.Length == 0 ? name.Text : $"{key}.{name.Text}", value);
            }
            else if (node is not null)
            {
                values.Add((key, Text(node)));
            }
        }
    }

    private static string Text(RecipeNode node) => node switch
    {
        RecipeScalar scalar => scalar.Text,
        RecipeList list => $"[{string.Join(", ", list.Items.Select(Text))}]",
        RecipeMapping mapping => $"{{{string.Join(", ", mapping.Entries.Select(entry => $"{entry.Key.Text}: {Text(entry.Value)}"))}}}",
        _ => "",
    };
}
