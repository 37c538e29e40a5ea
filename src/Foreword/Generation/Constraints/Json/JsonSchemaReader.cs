using System.Text.Json;
using Foreword.Generation.Constraints.Grammars;

namespace Foreword.Generation.Constraints.Json;

/// <summary>
/// Converts a JSON Schema to a grammar of the values that it accepts. They are written without blanks, and with properties in the order of the schema.
/// Every text of the grammar is valid, but not every valid text is in the grammar.
/// </summary>
internal sealed class JsonSchemaReader
{
    private const int MaxCount = 100_000;

    private readonly JsonElement _root;
    private readonly List<Rule> _rules = [];
    private readonly Dictionary<string, int> _ruleOf = [];

    private JsonSchemaReader(JsonElement root) => _root = root;

    /// <summary>Reads a schema.</summary>
    /// <exception cref="ArgumentException">The schema is not valid or not supported. The message names the path and the keyword.</exception>
    public static Grammar Read(JsonElement schema)
    {
        JsonSchemaReader reader = new(schema);
        reader.RuleOf("#", () => reader.Value(schema, "#", isRule: true));
        return new Grammar(reader._rules);
    }

    /// <summary>Returns the rule of a path. It is built the first time, and may refer to itself.</summary>
    private RuleCall RuleOf(string path, Func<Expression> body)
    {
        if (!_ruleOf.TryGetValue(path, out int rule))
        {
            _ruleOf[path] = rule = _rules.Count;
            _rules.Add(new Rule(path, Expression.Empty));
            _rules[rule] = new Rule(path, body());
        }

        return new RuleCall(rule);
    }

    private RuleCall AnyValue() => RuleOf("any value", () => JsonExpressions.AnyValue(_ruleOf["any value"], blanks: false));

    /// <summary>Returns the values of a schema. Objects and arrays are rules of their own.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="path">Its path in the root, as a URI fragment.</param>
    /// <param name="isRule">Whether the result is the body of the rule of this path.</param>
    private Expression Value(JsonElement schema, string path, bool isRule = false)
    {
        if (schema.ValueKind == JsonValueKind.True)
            return AnyValue();
        if (schema.ValueKind != JsonValueKind.Object)
            throw new ArgumentException($"{path} is {schema.GetRawText()}; a schema that allows a value is an object or true");
        SchemaKeywords.Check(schema, path);
        if (schema.TryGetProperty("$ref", out JsonElement reference))
        {
            SchemaKeywords.CheckAlone(schema, path, "$ref");
            return Referred(reference, path);
        }

        if (schema.TryGetProperty("anyOf", out JsonElement choices))
        {
            SchemaKeywords.CheckAlone(schema, path, "anyOf");
            if (choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
                throw new ArgumentException($"{path}/anyOf is not a list of schemas");
            return new Alternatives([.. choices.EnumerateArray().Select((choice, i) => Value(choice, $"{path}/anyOf/{i}"))]);
        }

        if (Literals(schema, path) is { } literals)
            return literals;
        string[] types = SchemaKeywords.TypesOf(schema, path);
        if (types.Length == 0)
            return AnyValue();
        return types.Length == 1 ? OfType(types[0], schema, path, isRule) : new Alternatives([.. types.Select(type => OfType(type, schema, path, isRule: false))]);
    }

    private RuleCall Referred(JsonElement reference, string path)
    {
        string target = reference.ValueKind == JsonValueKind.String ? reference.GetString()! : reference.GetRawText();
        if (target is not ['#', ..])
            throw new ArgumentException($"{path}/$ref is '{target}'; only references into the same schema are supported, such as '#/$defs/name'");
        JsonElement found = _root;
        foreach (string step in target.Split('/').Skip(1).Select(step => Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)))
        {
            bool exists = found.ValueKind switch
            {
                JsonValueKind.Object => found.TryGetProperty(step, out found),
                JsonValueKind.Array when int.TryParse(step, out int index) && index >= 0 && index < found.GetArrayLength() => Take(found[index], out found),
                _ => false,
            };
            if (!exists)
                throw new ArgumentException($"{path}/$ref is '{target}'; the schema has nothing there");
        }

        if (target is not "#" && !target.StartsWith("#/", StringComparison.Ordinal))
            throw new ArgumentException($"{path}/$ref is '{target}'; anchors are not supported");
        return RuleOf(target, () => Value(found, target, isRule: true));

        static bool Take(JsonElement element, out JsonElement taken)
        {
            taken = element;
            return true;
        }
    }

    private static Alternatives? Literals(JsonElement schema, string path)
    {
        string keyword = schema.TryGetProperty("const", out _) ? "const" : "enum";
        if (!schema.TryGetProperty(keyword, out JsonElement value))
            return null;
        SchemaKeywords.CheckAlone(schema, path, keyword, "type");
        if (keyword == "enum" && (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0))
            throw new ArgumentException($"{path}/enum is not a list of values");
        JsonElement[] values = keyword == "const" ? [value] : [.. value.EnumerateArray()];
        if (schema.TryGetProperty("type", out _))
        {
            string[] types = SchemaKeywords.TypesOf(schema, path);
            if (values.FirstOrDefault(element => !types.Any(type => IsOfType(element, type))) is { ValueKind: not JsonValueKind.Undefined } wrong)
                throw new ArgumentException($"{path}/{keyword} has the value {wrong.GetRawText()}, which is not of the type {string.Join(" or ", types)}");
        }

        return new Alternatives([.. values.Select(element => Expression.Literal(JsonExpressions.Write(element)))]);
    }

    private static bool IsOfType(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetDecimal(out decimal number) && decimal.IsInteger(number)),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        JsonValueKind.Null => type == "null",
        JsonValueKind.Object => type == "object",
        _ => type == "array",
    };

    private Expression OfType(string type, JsonElement schema, string path, bool isRule) => type switch
    {
        "string" => Text(schema, path),
        "number" or "integer" => Number(schema, path, type == "integer"),
        "boolean" => JsonExpressions.Boolean,
        "null" => JsonExpressions.Null,
        "object" => isRule ? Object(schema, path) : RuleOf($"{path} (object)", () => Object(schema, path)),
        _ => isRule ? Array(schema, path) : RuleOf($"{path} (array)", () => Array(schema, path)),
    };

    private static Expression Text(JsonElement schema, string path)
    {
        if (schema.TryGetProperty("pattern", out JsonElement pattern))
        {
            foreach (string other in (string[])["format", "minLength", "maxLength"])
            {
                if (schema.TryGetProperty(other, out _))
                    throw new ArgumentException($"{path} has 'pattern' and '{other}'; they cannot be combined");
            }

            return JsonExpressions.Quoted(JsonExpressions.Escaped(Named($"{path}/pattern", () => RegexParser.Parse(StringOf(pattern), searches: true))));
        }

        int min = Count(schema, "minLength", path) ?? 0;
        int? max = Count(schema, "maxLength", path);
        CheckOrder(min, max, "minLength", "maxLength", path);
        if (!schema.TryGetProperty("format", out JsonElement format))
            return min == 0 && max is null ? JsonExpressions.AnyString : JsonExpressions.Quoted(new Repetition(JsonExpressions.StringCharacter, min, max));
        if (min > 0 || max is not null)
            throw new ArgumentException($"{path} has 'format' and '{(min > 0 ? "minLength" : "maxLength")}'; they cannot be combined");
        string name = Named($"{path}/format", () => StringOf(format));
        return JsonExpressions.Quoted(JsonFormats.Find(name)
            ?? throw new ArgumentException($"{path}/format is '{name}'; supported are {string.Join(", ", JsonFormats.Names)}"));
    }

    private static Expression Number(JsonElement schema, string path, bool isInteger)
    {
        decimal? min = Decimal(schema, "minimum", path), above = Decimal(schema, "exclusiveMinimum", path);
        decimal? max = Decimal(schema, "maximum", path), below = Decimal(schema, "exclusiveMaximum", path);
        bool excludesMin = above is not null && (min is null || above >= min), excludesMax = below is not null && (max is null || below <= max);
        NumberBounds bounds = new(excludesMin ? above : min, excludesMin, excludesMax ? below : max, excludesMax, Decimal(schema, "multipleOf", path));
        if (!bounds.Any)
            return isInteger ? JsonExpressions.Integer : JsonExpressions.Number;
        return Named(path, () => NumberRange.Create(bounds, isInteger));
    }

    private Expression Object(JsonElement schema, string path)
    {
        if (schema.TryGetProperty("additionalProperties", out JsonElement others) && others.ValueKind != JsonValueKind.False)
            throw new ArgumentException($"{path}/additionalProperties is {others.GetRawText()}; only false is supported");
        string[] required = schema.TryGetProperty("required", out JsonElement names) ? Strings(names, $"{path}/required") : [];
        if (!schema.TryGetProperty("properties", out JsonElement properties))
        {
            if (required.Length > 0)
                throw new ArgumentException($"{path}/required names '{required[0]}', which is not in 'properties'");
            return others.ValueKind == JsonValueKind.False ? Expression.Literal("{}") : JsonExpressions.AnyObject(AnyValue().Rule, blanks: false);
        }

        if (properties.ValueKind != JsonValueKind.Object)
            throw new ArgumentException($"{path}/properties is not an object of schemas");
        JsonProperty[] all = [.. properties.EnumerateObject()];
        if (all.GroupBy(property => property.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"{path}/properties has '{twice.Key}' twice");
        if (required.FirstOrDefault(name => all.All(property => property.Name != name)) is { } missing)
            throw new ArgumentException($"{path}/required names '{missing}', which is not in 'properties'");
        return new Sequence(
            Expression.Literal("{"),
            Members([.. all.Select(property => (Member(property, path), required.Contains(property.Name)))]),
            Expression.Literal("}"));
    }

    private Sequence Member(JsonProperty property, string path) => new(
        Expression.Literal($"{JsonExpressions.Write(property.Name)}:"),
        Value(property.Value, $"{path}/properties/{property.Name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}"));

    /// <summary>Returns members in their order, with commas. State 2i is before member i without any member yet, and state 2i + 1 after some.</summary>
    private static StateMachine Members((Expression Member, bool IsRequired)[] members)
    {
        List<(int From, Expression Read, int To)> edges = [];
        bool canBeNone = true;
        for (int i = 0; i < members.Length; i++)
        {
            (Expression member, bool isRequired) = members[i];
            if (canBeNone)
                edges.Add((2 * i, member, 2 * i + 3));
            if (i > 0)
                edges.Add((2 * i + 1, new Sequence(Expression.Literal(","), member), 2 * i + 3));
            if (!isRequired)
                edges.AddRange([(2 * i, Expression.Empty, 2 * i + 2), (2 * i + 1, Expression.Empty, 2 * i + 3)]);
            canBeNone &= !isRequired;
        }

        return new StateMachine(2 * members.Length + 2, edges, [2 * members.Length, 2 * members.Length + 1]);
    }

    private Expression Array(JsonElement schema, string path)
    {
        int min = Count(schema, "minItems", path) ?? 0;
        int? max = Count(schema, "maxItems", path);
        CheckOrder(min, max, "minItems", "maxItems", path);
        if (max == 0)
            return Expression.Literal("[]");
        Expression item = schema.TryGetProperty("items", out JsonElement items) ? Value(items, $"{path}/items") : AnyValue();
        Expression more = new Repetition(new Sequence(Expression.Literal(","), item), Math.Max(min - 1, 0), max - 1);
        Expression filled = new Sequence(item, more);
        return new Sequence(Expression.Literal("["), min == 0 ? Expression.Optional(filled) : filled, Expression.Literal("]"));
    }

    private static string StringOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new ArgumentException($"the value is {value.GetRawText()}; a string is expected");

    private static string[] Strings(JsonElement list, string path) =>
        list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(element => element.ValueKind == JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(element => element.GetString()!)]
            : throw new ArgumentException($"{path} is {list.GetRawText()}; a list of strings is expected");

    private static int? Count(JsonElement schema, string keyword, string path)
    {
        if (!schema.TryGetProperty(keyword, out JsonElement value))
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count) && count is >= 0 and <= MaxCount
            ? count
            : throw new ArgumentException($"{path}/{keyword} is {value.GetRawText()}; it must be an integer from 0 to {MaxCount}");
    }

    private static void CheckOrder(int min, int? max, string minKeyword, string maxKeyword, string path)
    {
        if (max < min)
            throw new ArgumentException($"{path} has the {minKeyword} {min} and the {maxKeyword} {max}; no value has both");
    }

    private static decimal? Decimal(JsonElement schema, string keyword, string path)
    {
        if (!schema.TryGetProperty(keyword, out JsonElement value))
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number)
            ? number
            : throw new ArgumentException($"{path}/{keyword} is {value.GetRawText()}; it must be a number of at most 28 digits");
    }

    /// <summary>Returns a result, and puts the path before the message if there is none.</summary>
    private static T Named<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ArgumentException problem)
        {
            throw new ArgumentException($"{path}: {problem.Message}", problem);
        }
    }
}
