using System.Globalization;
using System.Reflection;
using Foreword.Settings;

namespace Foreword.Data.Recipes.Yaml;

/// <summary>Applies layers of YAML to a record, and remembers the origin of each value.</summary>
internal sealed class RecipeReader
{
    private readonly IRecipe _defaults;
    private readonly Dictionary<string, (RecipeSource Source, long Line)> _origins = new(StringComparer.Ordinal);

    private readonly bool _formerNames;

    /// <summary>Creates a reader.</summary>
    /// <param name="defaults">The record without any YAML.</param>
    /// <param name="formerNames">Whether former names of values are also accepted, because the recipe of an older run may contain them.</param>
    public RecipeReader(IRecipe defaults, bool formerNames = false) => (this._defaults, this._formerNames) = (defaults, formerNames);

    /// <summary>Returns the record with the values of a whole YAML text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="name">The name of the text in messages.</param>
    /// <param name="kind">The name of this kind of file in messages.</param>
    public IRecipe ApplyText(string yaml, string name, string kind)
    {
        RecipeSource source = new RecipeSource.RecipeText(name, kind);
        return RecipeDocument.Parse(yaml, source) switch
        {
            null or RecipeScalar { IsNull: true } => throw new InvalidDataException($"{name}: the {kind} is empty"),
            RecipeMapping mapping => WithMapping(_defaults, _defaults, mapping, "", source),
            { } other => throw source.Error(other.Line, $"the {kind} is {Describe(other)}; expected a mapping of keys"),
        };
    }

    /// <summary>Returns a copy of <paramref name="recipe"/> with one value replaced, such as <c>train.lr=3e-4</c>.</summary>
    public IRecipe ApplyOverride(IRecipe recipe, string text)
    {
        RecipeSource source = new RecipeSource.Override(text);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1)
            throw source.Error(1, "expected key=value, such as train.lr=3e-4");
        RecipeNode node = OverrideValue(text[(equals + 1)..].Trim(), source);
        foreach (string part in text[..equals].Trim().Split('.').Reverse())
            node = new RecipeMapping(1, [(new RecipeScalar(1, part), node)]);
        return WithMapping(recipe, _defaults, (RecipeMapping)node, "", source);
    }

    /// <summary>Creates the exception for a problem. Its message begins with the origin of the value.</summary>
    public Exception Error(RecipeProblem problem, string name)
    {
        for (string key = problem.Key; key.Length > 0; key = key[..Math.Max(0, key.LastIndexOf('.'))])
        {
            if (_origins.TryGetValue(key, out (RecipeSource Source, long Line) origin))
                return origin.Source.Error(origin.Line, problem.ToString());
        }

        return new InvalidDataException($"{name}: {problem}");
    }

    /// <summary>
    /// Parses the value of an override. A value that begins like a list, a mapping or a quoted string is YAML. Any other value is used without
    /// changes, so that paths and sentences do not need quotes.
    /// </summary>
    private static RecipeNode OverrideValue(string value, RecipeSource source) =>
        value.Length > 0 && "[{\"'".Contains(value[0], StringComparison.Ordinal)
            ? RecipeDocument.Parse(value, source) ?? new RecipeScalar(1, "")
            : new RecipeScalar(1, value);

    /// <summary>Returns a copy of a record with the values of a mapping.</summary>
    /// <param name="record">The record.</param>
    /// <param name="initial">The same record in <see cref="_defaults"/>.</param>
    /// <param name="mapping">The values.</param>
    /// <param name="path">The path of the record in the recipe.</param>
    /// <param name="source">The origin of the values.</param>
    private IRecipe WithMapping(IRecipe record, IRecipe initial, RecipeMapping mapping, string path, RecipeSource source)
    {
        IRecipe copy = Copy(record);
        IReadOnlyList<RecipeKey> keys = RecipeKey.Of(initial);
        foreach ((RecipeScalar name, RecipeNode value) in mapping.Entries)
        {
            string keyPath = Join(path, name.Text);
            RecipeKey key = keys.FirstOrDefault(key => key.Name == name.Text)
                ?? throw source.Error(name.Line, $"unknown key '{keyPath}'{Hint(name.Text, path, keys, source.Kind)}");
            _origins[keyPath] = (source, value is RecipeScalar ? value.Line : name.Line);
            key.Property.SetValue(copy, key.IsSection
                ? Section(key, (IRecipe)key.Property.GetValue(copy)!, value, keyPath, source)
                : Value(key, value, keyPath, source));
        }

        return copy;
    }

    /// <summary>Returns the section with the values of a mapping. A section without values does not change.</summary>
    private IRecipe Section(RecipeKey key, IRecipe current, RecipeNode node, string path, RecipeSource source) => node switch
    {
        RecipeMapping mapping => WithMapping(current, key.Section, mapping, path, source),
        RecipeScalar { IsNull: true } => current,
        _ => throw source.Error(node.Line, $"{path} is {Describe(node)}; expected a mapping of keys"),
    };

    private object? Value(RecipeKey key, RecipeNode node, string path, RecipeSource source)
    {
        Type type = Nullable.GetUnderlyingType(key.Property.PropertyType) ?? key.Property.PropertyType;
        if (type == typeof(IReadOnlyList<string>))
            return Texts(node, path, source);
        if (type == typeof(IReadOnlyDictionary<string, string>))
            return TextsByName(node, path, source);
        if (node is RecipeScalar { IsNull: true } && key.Value is null) // null is the default
            return null;
        return node is RecipeScalar scalar && ScalarValue(type, scalar) is { } value
            ? value
            : throw source.Error(node.Line, $"{path} {(node is RecipeScalar { IsNull: true } ? "has no value" : $"is {Describe(node)}")}; expected {Expected(type, node)}");
    }

    /// <summary>Reads a list of texts. A single text is a list with one item, and null is an empty list.</summary>
    private static string[] Texts(RecipeNode node, string path, RecipeSource source)
    {
        if (node is RecipeScalar single)
            return single.IsNull ? [] : [single.Text];
        if (node is not RecipeList list)
            throw source.Error(node.Line, $"{path} is {Describe(node)}; expected a list of texts");
        return [.. list.Items.Select((item, i) => item is RecipeScalar { IsNull: false } text
            ? text.Text
            : throw source.Error(item.Line, $"{path}[{i}] is {Describe(item)}; expected a text"))];
    }

    /// <summary>Reads a mapping of names to texts, in the order of the file. Null is an empty mapping.</summary>
    private static OrderedDictionary<string, string> TextsByName(RecipeNode node, string path, RecipeSource source)
    {
        OrderedDictionary<string, string> texts = new(StringComparer.Ordinal);
        if (node is RecipeScalar { IsNull: true })
            return texts;
        if (node is not RecipeMapping mapping)
            throw source.Error(node.Line, $"{path} is {Describe(node)}; expected a mapping of names to texts");
        foreach ((RecipeScalar name, RecipeNode value) in mapping.Entries)
        {
            texts[name.Text] = value is RecipeScalar { IsNull: false } text
                ? text.Text
                : throw source.Error(value.Line, $"{path}.{name.Text} is {Describe(value)}; expected a text");
        }

        return texts;
    }

    /// <summary>Converts a scalar to a value of the type; null if the text is not such a value.</summary>
    private object? ScalarValue(Type type, RecipeScalar scalar)
    {
        if (type == typeof(string))
            return scalar.IsNull ? null : scalar.Text;
        if (scalar.Quoted)
            return null;
        if (type == typeof(bool))
            return scalar.Text switch { "true" => true, "false" => false, _ => null };
        if (type == typeof(int))
            return int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole) ? whole : null;
        if (type == typeof(double))
            return double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
        if (type.IsEnum)
            return RecipeKey.ChoiceNamed(type, scalar.Text) ?? (_formerNames ? RecipeKey.FormerChoice(type, scalar.Text)?.Value : null);
        throw new NotSupportedException($"recipes do not support values of type {type.Name}");
    }

    private static string Expected(Type type, RecipeNode node)
    {
        if (type.IsEnum)
        {
            IEnumerable<string> choices = RecipeKey.ChoicesOf(type).Keys;
            if (node is RecipeScalar former && RecipeKey.FormerChoice(type, former.Text) is { } found)
                return $"{string.Join(" | ", choices)} ('{former.Text}' is now called {RecipeKey.ChoiceOf((Enum)found.Value)}; {found.Hint})";
            string hint = node is RecipeScalar { IsNull: false } scalar ? NearestName.Suggestion(scalar.Text, choices) : "";
            return $"{string.Join(" | ", choices)}{hint}";
        }

        return type == typeof(bool) ? "true or false"
            : type == typeof(int) ? $"a whole number up to {int.MaxValue}"
            : type == typeof(double) ? "a number"
            : "a text";
    }

    /// <summary>
    /// Suggests what an unknown key means: the key for which this is another program's word, a key of another section, or the nearest key of the same
    /// section. Otherwise lists all keys of the section.
    /// </summary>
    private string Hint(string name, string path, IReadOnlyList<RecipeKey> siblings, string kind)
    {
        List<(string Path, RecipeKey Key)> all = [.. AllKeys(_defaults, "")];
        IEnumerable<(string Path, RecipeKey Key)> exact = all.Where(k => k.Key.AlsoCalled.Contains(name) || k.Key.Name == name);
        if (exact.OrderByDescending(k => k.Path == Join(path, k.Key.Name)).Select(k => k.Path).FirstOrDefault() is { } other)
            return $"; did you mean '{other}'?";
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        foreach (RecipeKey key in siblings)
        {
            names.TryAdd(key.Name, Join(path, key.Name));
            foreach (string alias in key.AlsoCalled)
                names.TryAdd(alias, Join(path, key.Name));
        }

        return NearestName.Find(name, names.Keys) is { } nearest
            ? $"; did you mean '{names[nearest]}'?"
            : $"; {(path.Length == 0 ? $"the {kind}" : $"'{path}'")} has {string.Join(", ", siblings.Select(key => key.Name))}";
    }

    private static IEnumerable<(string Path, RecipeKey Key)> AllKeys(IRecipe record, string path) =>
        RecipeKey.Of(record).SelectMany(key => AllKeysOf(key, Join(path, key.Name)));

    private static IEnumerable<(string Path, RecipeKey Key)> AllKeysOf(RecipeKey key, string path) =>
        key.IsSection ? AllKeys(key.Section, path).Prepend((path, key)) : [(path, key)];

    /// <summary>Copies a record as <c>record with { }</c> does. It calls the copy method that the compiler generates for every record.</summary>
    private static IRecipe Copy(IRecipe record) =>
        record.GetType().GetMethod("<Clone>$", BindingFlags.Public | BindingFlags.Instance)?.Invoke(record, null) as IRecipe
            ?? throw new NotSupportedException($"{record.GetType().Name} is not a record");

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Describe(RecipeNode node) => node switch
    {
        RecipeMapping => "a mapping",
        RecipeList => "a list",
        RecipeScalar { IsNull: true } => "empty",
        RecipeScalar { Quoted: true } scalar => $"\"{scalar.Text}\"",
        RecipeScalar scalar => $"'{scalar.Text}'",
        _ => throw new ArgumentOutOfRangeException(nameof(node)),
    };
}
